"""Where a new workspace goes."""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import GapwiseError
from core.workspace import DATABASE, home

_NAME = re.compile(r"[\w][\w .\-]{0,59}")


def root_for(name: str) -> Path:
    """Return the folder of a new workspace, below `core.workspace.home()`.

    Raises:
        GapwiseError: If the name is no plain folder name, or taken.
    """
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise GapwiseError(
            f"A workspace can't be called {name!r}. Use 1 to 60 letters, digits, blanks, dots, - and _,"
            " beginning with a letter or digit."
        )
    root = home() / name
    if (root / DATABASE).exists():
        raise GapwiseError(f"There is a workspace {name!r} already. Choose it in the sidebar, or take another name.")
    return root
