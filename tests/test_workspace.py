from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.workspace import DATABASE, Workspace, find_workspaces, home


def test_creating_a_workspace_twice_opens_the_one_that_is_there(tmp_path):
    first = Workspace.create(tmp_path / "a", name="Street")
    first.set_setting("key", {"n": 1})
    second = Workspace.create(tmp_path / "a", name="Other")
    assert second.name == "Street"
    assert second.setting("key") == {"n": 1}


def test_opening_what_is_not_there_says_how_to_make_one(tmp_path):
    with pytest.raises(GapwiseError, match="python -m core demo"):
        Workspace.open(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_workspace_of_a_newer_version_is_refused(tmp_path):
    Workspace.create(tmp_path).set_setting("version", 99)
    for opened in (Workspace.open, Workspace.create):
        with pytest.raises(GapwiseError, match="has version 99"):
            opened(tmp_path)


def test_an_empty_or_broken_database_is_told(tmp_path):
    (tmp_path / DATABASE).write_bytes(b"")
    with pytest.raises(GapwiseError, match="no such table"):
        Workspace.open(tmp_path)
    (tmp_path / DATABASE).write_bytes(b"broken" * 1000)
    with pytest.raises(GapwiseError, match="not a database"):
        Workspace.open(tmp_path)
    with pytest.raises(GapwiseError, match="not a database"):
        Workspace.create(tmp_path)


def test_a_folder_that_can_not_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GapwiseError, match="Can't make a workspace"):
        Workspace.create(tmp_path / "file" / "ws")


def test_workspaces_are_found_below_home(tmp_path, monkeypatch):
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path))
    for name in ("b", "a"):
        Workspace.create(tmp_path / name)
    (tmp_path / "c").mkdir()
    assert [p.name for p in find_workspaces()] == ["a", "b"]
    assert find_workspaces(tmp_path / "nowhere") == []
    assert home() == tmp_path


def test_previews_lie_in_folders_of_a_thousand(tmp_path):
    ws = Workspace.create(tmp_path)
    assert ws.preview_path(12_345).relative_to(ws.root).as_posix() == "previews/00012/12345.jpg"
