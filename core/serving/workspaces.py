"""Workspaces that routes work in, opened once."""

from __future__ import annotations

import os
from threading import Lock

from core.errors import GapwiseError
from core.workspace import DATABASE, Workspace

_opened: dict[tuple[str, int], Workspace] = {}
_lock = Lock()


def open_workspace(root: str) -> Workspace:
    """Return a workspace, opened once.

    Raises:
        GapwiseError: If it is gone.
    """
    try:
        inode = os.stat(os.path.join(root, DATABASE)).st_ino  # tells a workspace made anew from the one before
    except OSError as error:
        raise GapwiseError(f"The workspace {os.path.basename(root)} is gone. Choose another one.") from error
    with _lock:
        if (root, inode) not in _opened:
            _opened[root, inode] = Workspace.open(root)
        return _opened[root, inode]
