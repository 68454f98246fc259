"""The chosen workspace in the page's address, so that a reload or a shared link opens the same one.

What the address carries is an id, never a path: the folder's name for workspaces that lie where workspaces lie, name
and digest for one that `GAPWISE_WORKSPACE` or an import brought in from elsewhere. An id is looked up among the
workspaces that are listed anyway, so nobody opens another folder of the machine by a link.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from core.workspace import home

PARAMETER = "workspace"
_SHOWN = 80  # characters of an id that is unknown: anybody may have written it


def asked() -> str | None:
    """Return the id that the address carries, None when it carries none."""
    return st.query_params.get(PARAMETER)


def find(identity: str, roots: Iterable[str]) -> str | None:
    """Return which of some workspaces' roots has an id, None when none has."""
    return next((root for root in roots if identify(root) == identity), None)


def write(root: str | None) -> None:
    """Let the address carry a workspace; leave it as it is where it does already: each change is a message."""
    if root is not None and asked() != identify(root):
        st.query_params[PARAMETER] = identify(root)


def identify(root: str) -> str:
    """Return a workspace's id in addresses."""
    path = Path(root)
    if path.parent == home():
        return path.name
    # No name of a folder in home: that has no slash in it.
    return f"{path.name}/{hashlib.sha256(root.encode()).hexdigest()[:12]}"


def unknown(identity: str) -> str:
    """Return what to say of an id that no workspace here has."""
    shown = identity if len(identity) <= _SHOWN else identity[: _SHOWN - 1] + "…"
    return f"The address asks for the workspace “{shown}”, which is not here. This is another one."
