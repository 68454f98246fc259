"""The workspace in the page's address."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from pages.ui import address
from tests.pages.test_app import SHELL


@pytest.fixture
def two(demo: Workspace) -> Path:
    """Two workspaces in the home, `demo` and `other set`, and one beside it, `outside`."""
    home = demo.root.parent
    shutil.copytree(demo.root, home / "other set")
    shutil.copytree(demo.root, home.parent / "outside")
    return home


def opened(asked: str | None = None) -> AppTest:
    app = AppTest.from_file(SHELL, default_timeout=60)
    if asked is not None:
        app.query_params["workspace"] = asked
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def picker(app: AppTest):
    return app.sidebar.selectbox[0]


def carried(app: AppTest) -> str:
    found = app.query_params["workspace"]
    return found[0] if isinstance(found, list) else found


def test_the_address_carries_the_chosen_workspace_and_a_reload_opens_it(two):
    """A reload opened the first workspace, whatever had been looked at."""
    app = opened()
    assert carried(app) == "demo"
    picker(app).set_value(str(two / "other set")).run()
    assert carried(app) == "other set"
    again = opened("other set")  # a session of its own, as after a reload or in another browser
    assert picker(again).value == str(two / "other set")
    assert not again.sidebar.warning


def test_it_stays_on_every_page(two):
    app = opened("other set")
    for name in ("missing_values", "runs", "dataset"):
        app.switch_page(f"../{name}.py").run()
        assert not app.exception
        assert (picker(app).value, carried(app)) == (str(two / "other set"), "other set")


@pytest.mark.parametrize(
    "asked", ["nosuch", "", "..", "../outside", "other set/", "OUTSIDE", "a" * 5000, "*demo*", "demo/000000000000"]
)
def test_what_is_not_here_is_said_and_the_usual_one_is_opened(two, asked):
    app = opened(asked)
    assert picker(app).value == str(two / "demo")
    assert carried(app) == "demo"
    if asked:
        assert "which is not here" in app.sidebar.warning[0].value
        assert len(app.sidebar.warning[0].value) < 300
        picker(app).set_value(str(two / "other set")).run()
    assert not app.sidebar.warning


def test_no_link_opens_a_folder_that_is_not_listed(two):
    outside = str(two.parent / "outside")
    for asked in (outside, address.identify(outside), "outside"):
        app = opened(asked)
        assert list(picker(app).options) == ["demo", "other set"]
        assert picker(app).value == str(two / "demo")


def test_one_from_elsewhere_that_is_listed_goes_by_an_id_without_its_path(two, monkeypatch):
    outside = two.parent / "outside"
    monkeypatch.setenv("GAPWISE_WORKSPACE", str(outside))
    app = opened()
    assert picker(app).value == str(outside)
    assert carried(app).startswith("outside/")
    assert str(two.parent) not in carried(app)
    assert picker(opened("demo")).value == str(two / "demo")  # what a link asks for goes before the usual one
    assert picker(opened(carried(app))).value == str(outside)
