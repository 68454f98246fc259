"""Rows of pictures."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image, ImageOps

from core.charts.colors import CELL_COLORS
from core.errors import GapwiseError
from core.images.previews import preview
from core.store.ground import KINDS
from pages.ui import gap_selection

if TYPE_CHECKING:
    from core.workspace import Workspace
    from pages.ui.gap_readers import Look

STRIP = 6  # pictures in a row beside the sidebar of a laptop
TILE, MARGIN = (300, 225), 14  # pixels; st.image puts pictures of a list edge to edge, so each carries its own gap
_LINES = 8  # cells below a picture; of more labels the first ones
_CARDS = (
    "display:grid;grid-template-columns:repeat(auto-fill,minmax(124px,1fr));gap:14px;min-height:180px;font-size:0.8rem;"
    "line-height:1.35"
)
_ONE_LINE = "overflow:hidden;text-overflow:ellipsis;white-space:nowrap"
_NO_PICTURE = (
    "height:114px;border:1px dashed rgba(127,127,127,.6);display:flex;align-items:center;justify-content:center;"
    "opacity:.7"
)


def tiles(workspace: Workspace, chosen: Sequence[tuple[int, str]]) -> None:
    """Show pictures, (image id, file name) each, cut to one shape, in one element."""
    pictures, names = [], []
    for image_id, fname in chosen:
        try:
            pictures.append(_tile(str(preview(workspace, image_id))))
        except GapwiseError:
            continue  # the file went away after the import; when all did, that is said below
        names.append(fname)
    if pictures:
        st.image(pictures, caption=names, width=152)
    elif chosen:
        st.warning("The image files can't be read any more. Was their folder moved? Import the table again from there.")


def chosen_images(workspace: Workspace, look: Look) -> None:
    """Show a page of the images that are chosen, each with its cells, and ways to the next and the last page."""
    now = gap_selection.chosen(workspace)
    count = int(look.weights(now.selection).sum())
    after = now.pages[-1] if now.pages else 0
    found = look.page(now.selection, after, STRIP + 1)  # one more tells whether there is a next page
    shown, first = found[:STRIP], len(now.pages) * STRIP
    any_file = cards(workspace, look, shown)
    row = st.container(horizontal=True, vertical_alignment="center")
    further = (*now.pages, shown[-1][0]) if shown else now.pages
    row.button("Previous", icon=":material/chevron_left:", disabled=not now.pages, key="strip_previous",
               on_click=gap_selection.turn_page, args=(workspace, now.pages[:-1]))  # fmt: skip
    row.button("Next", icon=":material/chevron_right:", disabled=len(found) <= STRIP, key="strip_next",
               on_click=gap_selection.turn_page, args=(workspace, further))  # fmt: skip
    lost = "" if any_file else " Their files are not where they were at the import: was the folder moved?"
    row.caption(
        f"{first + 1:,} to {first + len(shown):,} of {count:,} images.{lost}" if shown else "No image is like that."
    )


def cards(workspace: Workspace, look: Look, shown: Sequence[tuple[int, str, int]]) -> bool:
    """Draw images with file name and cells: (image id, file name, row in the ground) each; return if any has a file."""
    parts, any_file = [], False
    for image_id, fname, row in shown:
        try:
            picture = f'<img src="{_tile(str(preview(workspace, image_id)), 0)}" alt="" style="width:100%">'
            any_file = True
        except GapwiseError:
            picture = f'<div style="{_NO_PICTURE}">no picture file</div>'
        name = f'<div style="{_ONE_LINE}" title="{html.escape(fname)}">{html.escape(fname)}</div>'
        parts.append(f'<div style="min-width:0;max-width:190px">{picture}{name}{_cells(look, row)}</div>')
    st.html(f'<div style="{_CARDS}">{"".join(parts)}</div>')
    return any_file


def _cells(look: Look, row: int) -> str:
    """Return an image's cells as lines of HTML: a dot in the colour of the kind, the label, its class or its gap."""
    ground, lines = look.ground, []
    for j, label in enumerate(ground.labels):
        kind, code = KINDS[ground.kinds[row, j]], int(ground.profiles.values[row, j])
        value = kind if code < 0 else label.names[code]
        text = html.escape(f"{label.name}: {value}")
        lines.append(
            f'<div style="{_ONE_LINE}" title="{text} ({kind})"><span style="color:{CELL_COLORS[kind]}">●</span>'
            f" {text}</div>"
        )
    if len(lines) > _LINES:
        rest = len(lines) - _LINES + 1
        lines = [*lines[: _LINES - 1], f"<div>and {rest} more</div>"]
    return "".join(lines)


@st.cache_data(max_entries=256, show_spinner=False)
def _tile(path: str, margin: int = MARGIN) -> str:
    """Return a preview cut to a common shape, with a transparent margin of some pixels.

    As a data URL: a picture with an address of its own is gone from the server as soon as another page is opened, and
    a browser that still asks for it then reports an error.
    """
    with Image.open(path) as picture:
        cut = ImageOps.fit(picture, TILE)
    tile = Image.new("RGBA", (TILE[0] + margin, TILE[1] + margin))
    tile.paste(cut, (0, 0))
    buffer = io.BytesIO()
    tile.save(buffer, "WEBP", quality=85)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
