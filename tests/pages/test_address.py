"""The workspace in the page's address."""

from __future__ import annotations

import re
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


def test_a_new_session_opens_what_the_address_asks_for(two):
    """A reload opened the first workspace, whatever had been looked at."""
    assert picker(opened()).value == str(two / "demo")
    app = opened("other set")
    assert picker(app).value == str(two / "other set")
    assert not app.sidebar.warning
    picker(app).set_value(str(two / "demo")).run()  # later the picker decides
    assert picker(app).value == str(two / "demo")


def test_it_stays_on_every_page(two):
    app = opened("other set")
    for name in ("missing_values", "runs", "dataset"):
        app.switch_page(f"../{name}.py").run()
        assert not app.exception
        assert picker(app).value == str(two / "other set")


@pytest.mark.parametrize(
    "asked", ["nosuch", "", "..", "../outside", "other set/", "OUTSIDE", "a" * 5000, "*demo*", "demo/000000000000"]
)
def test_what_is_not_here_is_said_and_the_usual_one_is_opened(two, asked):
    app = opened(asked)
    assert picker(app).value == str(two / "demo")
    if asked:
        assert "which is not here" in app.sidebar.warning[0].value
        assert len(app.sidebar.warning[0].value) < 300
        picker(app).set_value(str(two / "other set")).run()
    assert not app.sidebar.warning


def test_a_workspace_that_goes_away_is_named_and_not_only_replaced(two):
    """The next one was opened without a word, and answers went on there."""
    app = opened("other set")
    (two / "other set").rename(two / "away")
    app.run()
    assert picker(app).value != str(two / "other set")
    assert "“other set” is not here any more" in app.sidebar.warning[0].value
    (two / "away").rename(two / "other set")
    app.run()
    picker(app).set_value(str(two / "other set")).run()
    assert not app.sidebar.warning


def test_no_link_opens_a_folder_that_is_not_listed(two):
    outside = str(two.parent / "outside")
    for asked in (outside, "../../outside", "outside"):
        app = opened(asked)
        assert list(picker(app).options) == ["demo", "other set"]
        assert picker(app).value == str(two / "demo")


def test_one_from_elsewhere_that_is_listed_goes_by_its_name(two, monkeypatch):
    outside = two.parent / "outside"
    monkeypatch.setenv("GAPWISE_WORKSPACE", str(outside))
    app = opened()
    assert picker(app).value == str(outside)
    assert list(picker(app).options) == ["outside", "demo", "other set"]
    assert picker(opened("demo")).value == str(two / "demo")  # what a link asks for goes before the usual one
    assert picker(opened("outside")).value == str(outside)


def test_names_are_told_apart_without_a_path(two, monkeypatch):
    twin = two.parent / "beside" / "demo"
    shutil.copytree(two / "demo", twin)
    found = address.named([str(twin), str(two / "demo")])
    assert found[str(two / "demo")] == "demo"
    assert re.fullmatch(r"demo \([0-9a-f]{8}\)", found[str(twin)])
    monkeypatch.setenv("GAPWISE_WORKSPACE", str(twin))
    assert picker(opened("demo")).value == str(two / "demo")
    assert picker(opened(found[str(twin)])).value == str(twin)
