"""The chosen workspace in the page's address, so that a reload or a shared link opens the same one.

Streamlit keeps it there: the picker is bound to the address, from page to page and in one entry of the browser's
history for each; `st.query_params` makes two, and Back would take two presses. What the address carries is a name,
never a path, and is looked up among the workspaces that are listed anyway: nobody opens another folder of the machine
by a link. An address without one means the usual workspace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from core.workspace import home

_SHOWN = 80  # characters of a name that is unknown: anybody may have written it


def asked(parameter: str) -> str | None:
    """Return the name that the address carries, None when it carries none."""
    return st.query_params.get(parameter)


def named(roots: Iterable[str]) -> dict[str, str]:
    """Return a name of its own for each of some workspaces' roots: that of its folder.

    Where one that lies elsewhere has the name of another, a digest of its path tells them apart.
    """
    found: dict[str, str] = {}
    for root in sorted(roots, key=lambda root: Path(root).parent != home()):  # those in the home keep their names
        name = Path(root).name
        taken = name in found.values()
        found[root] = f"{name} ({hashlib.sha256(root.encode()).hexdigest()[:8]})" if taken else name
    return found


def unknown(name: str) -> str:
    """Return what to say of a name that no workspace here has."""
    return f"The address asks for the workspace “{short(name)}”, which is not here. This is another one."


def gone(name: str) -> str:
    """Return what to say when the workspace that was worked in is not there any more."""
    return f"The workspace “{short(name)}” is not here any more. This is another one."


def short(text: str, most: int = _SHOWN) -> str:
    """Return what an address says, cut where it is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"
