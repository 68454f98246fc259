"""The app as a whole."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import PROJECT

SHELL = str(PROJECT / "pages" / "ui" / "shell.py")


def test_without_any_workspace_the_app_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path / "nothing"))
    monkeypatch.delenv("GAPWISE_WORKSPACE", raising=False)
    app = AppTest.from_file(SHELL, default_timeout=60).run()
    assert not app.exception
    for name in ("missing_values", "fine_tune", "runs", "review", "activation_maps", "export"):
        app.switch_page(f"../{name}.py").run()
        assert not app.exception
        assert "no workspace" in app.info[0].value


def test_the_workspace_named_by_the_environment_is_chosen(demo, monkeypatch):
    monkeypatch.setenv("GAPWISE_WORKSPACE", str(demo.root))
    app = AppTest.from_file(SHELL, default_timeout=60).run()
    assert not app.exception
    assert app.sidebar.selectbox[0].value == str(demo.root)
