"""Names of other people's in pictures: plotly reads a kind of HTML, and has no room for two hundred letters."""

from __future__ import annotations

import html

ON_AXIS, IN_HOVER = 22, 70  # letters


def shown(text: object, most: int = ON_AXIS) -> str:
    """Return a text so that plotly shows it as it is, its middle left out where it is longer than `most` letters."""
    whole = " ".join(str(text).split())  # a line break would move all that is below
    if len(whole) > most:
        head = (most - 1) * 2 // 3
        whole = f"{whole[:head]}…{whole[len(whole) - (most - 1 - head) :]}"
    return html.escape(whole, quote=False)


def ticks(names: list[str] | tuple[str, ...]) -> dict:
    """Return an axis's settings for names, by place: two of them may be called alike, and a 5 is no number."""
    texts = [shown(name) for name in names]
    return {"tickvals": list(range(len(texts))), "ticktext": texts, "showgrid": False, "zeroline": False}
