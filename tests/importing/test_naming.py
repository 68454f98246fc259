"""Names of new workspaces."""

from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.importing.naming import root_for
from core.workspace import Workspace


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path))
    return tmp_path


def test_a_plain_name_is_a_folder_below_home(home):
    assert root_for(" straße 2.1 ") == home / "straße 2.1"


@pytest.mark.parametrize("name", ["", "  ", "..", ".hidden", "a/b", "a\\b", "a\0b", "-rf", "x" * 61, "a\nb"])
def test_what_is_no_folder_name_is_refused(name):
    with pytest.raises(GapwiseError, match="can't be called"):
        root_for(name)


def test_a_taken_name_is_refused(home):
    Workspace.create(home / "mine")
    with pytest.raises(GapwiseError, match="already"):
        root_for("mine")
