"""Scripts of components: Streamlit takes one for each, and none that import each other without a package."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

from core.explain.overlay import color_table

FOLDER = Path(__file__).parent
SHARED = ("shared_js/asking.js", "shared_js/map.js", "shared_js/zoom.js")


def joined(*names: str) -> str:
    """Return files below `pages/ui` as one script, in their order."""
    return "\n".join(FOLDER.joinpath(name).read_text("utf-8") for name in names)


@cache
def colors() -> str:
    """Return the colours of activation maps for `paintMap`: 256 x RGB, base64."""
    return base64.b64encode(color_table().tobytes()).decode()
