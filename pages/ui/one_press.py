"""One start for two presses: a double click on a button that starts a job is one wish."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pages.ui import state

if TYPE_CHECKING:
    from core.workspace import Workspace

SECONDS = 2.0  # in which the same start again is a double click


def again(workspace: Workspace, command: list[str]) -> bool:
    """Whether this very command was started a moment ago."""
    before = state.get(state.TRAIN_STARTED)
    return bool(before) and before[:2] == (str(workspace.root), command) and time.monotonic() - before[2] < SECONDS


def note(workspace: Workspace, command: list[str]) -> None:
    """Remember what was just started."""
    state.put(state.TRAIN_STARTED, (str(workspace.root), command, time.monotonic()))
