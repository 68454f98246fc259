"""Workspaces that routes work in, opened once."""

from __future__ import annotations

import os
from threading import Lock

from core.errors import GapwiseError
from core.workspace import DATABASE, Workspace


class Unavailable(GapwiseError):
    """The workspace can't be used just now: nothing is wrong with what was sent, and it may be sent again."""


_opened: dict[tuple[str, int], Workspace] = {}
_lock = Lock()


def open_workspace(root: str) -> Workspace:
    """Return a workspace, opened once.

    Raises:
        Unavailable: If it is not there or can't be used: that may be mended, and a browser keeps what it has not sent
            yet.
    """
    try:
        inode = os.stat(os.path.join(root, DATABASE)).st_ino  # tells a workspace made anew from the one before
    except OSError as error:
        name = os.path.basename(root)
        raise Unavailable(f"The workspace {name} is not there ({error.strerror}). Choose another one.") from error
    with _lock:
        if (root, inode) not in _opened:
            try:
                _opened[root, inode] = Workspace.open(root)
            except GapwiseError as error:
                raise Unavailable(str(error)) from error
        return _opened[root, inode]
