"""Who logs in decides by that name: on the page, in the signed token of the routes, and in the log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from core.serving import token
from core.workspace import Workspace
from tests.browser.app import PRESS, App
from tests.browser.conftest import Server
from tests.browser.provider import provider, secrets
from tests.browser.reviewing import all_stored, answer, ready
from tests.conftest import log, waiting

pytest.importorskip("authlib", reason="Streamlit's login needs Authlib: requirements-extras.txt")
pytestmark = pytest.mark.browser
ANN = {"sub": "4711", "name": "Ann Lee", "email": "ann@example.org"}


class WithLogin(Server):
    """A server that reads the secrets of a home of its own."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "HOME": str(self.home)}


@pytest.fixture
def own(tmp_path, build) -> Iterator[tuple[Server, Workspace]]:
    workspace, server = waiting(build, 40), WithLogin(tmp_path)
    with provider(ANN) as url:
        (tmp_path / ".streamlit").mkdir()
        (tmp_path / ".streamlit" / "secrets.toml").write_text(secrets(url, server.url))
        server.start()
        yield server, workspace
        server.stop()


def test_decisions_carry_the_name_of_whoever_is_logged_in(browser: Browser, own, monkeypatch):
    server, workspace = own
    monkeypatch.setenv("GAPWISE_HOME", str(server.home))
    app, sent = App(browser, server.url), []
    app.page.on("request", lambda r: sent.append(r.headers["x-gapwise-token"]) if "/gapwise/review" in r.url else None)
    name = app.page.get_by_role("textbox", name="Reviewer")
    expect(name).to_be_enabled()
    app.button("Log in").click(delay=PRESS)
    expect(name).to_have_value("Ann Lee")
    expect(name).to_be_disabled()
    app.go("Review")
    ready(app.page, "after the login")
    answer(app.page, "a")
    all_stored(app.page)
    assert [r.reviewer for r in log(workspace)] == ["Ann Lee"]
    assert {token.read(text).reviewer for text in sent} == {"Ann Lee"}
    app.button("Log out").click(delay=PRESS)
    expect(name).to_be_enabled()
    expect(name).not_to_have_value("Ann Lee")
    app.go("Review")
    answer(app.page, "x")
    all_stored(app.page)
    assert log(workspace)[-1].reviewer != "Ann Lee"
    app.close()
