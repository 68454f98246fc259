"""Rows of pictures."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image, ImageOps

from core.charts.colors import CELL_COLORS
from core.errors import GapwiseError
from core.images.previews import can_preview, preview
from core.store.ground import KINDS
from pages.ui import gap_selection

if TYPE_CHECKING:
    from core.store.selection import Shown
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
    '<div style="height:114px;border:1px dashed rgba(127,127,127,.6);display:flex;align-items:center;'
    'justify-content:center;opacity:.7">no picture file</div>'
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


def page(workspace: Workspace, look: Look) -> list[Shown]:
    """Return the page of images that is shown, and one more: it tells whether there is a next page."""
    now = gap_selection.chosen(workspace)
    return look.page(now.selection, now.pages[-1] if now.pages else 0, STRIP + 1)


def there(workspace: Workspace, shown: Sequence[Shown]) -> tuple[bool, ...]:
    """Return of which images there is something to show: asks the disk, and reads nothing."""
    return tuple(can_preview(workspace, image.image_id, image.path) for image in shown)


def chosen_images(workspace: Workspace, look: Look) -> dict:
    """Return, for the board, a page of the images that are chosen, each with its cells."""
    now = gap_selection.chosen(workspace)
    count = int(look.weights(now.selection).sum())
    found = page(workspace, look)
    shown, first = found[:STRIP], len(now.pages) * STRIP
    cards = [_card(workspace, look, image) for image in shown]
    lost = "" if any(card["src"] for card in cards) else " Their files are not where they were: was the folder moved?"
    told = f"{first + 1:,} to {first + len(shown):,} of {count:,} images.{lost}" if shown else "No image is like that."
    return {"cards": cards, "previous": bool(now.pages), "next": len(found) > STRIP, "told": told,
            "last": shown[-1].image_id if shown else 0}  # fmt: skip


def cards(workspace: Workspace, look: Look, shown: Sequence[Shown]) -> None:
    """Draw images with file name and cells."""
    st.html(f'<div style="{_CARDS}">{"".join(_drawn(_card(workspace, look, image)) for image in shown)}</div>')


def _card(workspace: Workspace, look: Look, image: Shown) -> dict:
    picture = None
    if can_preview(workspace, image.image_id, image.path):
        with suppress(GapwiseError):  # it can't be read any more
            picture = _tile(str(preview(workspace, image.image_id)), 0)
    return {"src": picture, "name": image.fname, "cells": _cells(look, image.at)}


def _cells(look: Look, row: int) -> list[dict[str, str]]:
    """Return an image's cells: the label with its class or its gap, in the colour of the kind."""
    ground, lines = look.ground, []
    for j, label in enumerate(ground.labels[: _LINES if len(ground.labels) <= _LINES else _LINES - 1]):
        kind, code = KINDS[ground.kinds[row, j]], int(ground.profiles.values[row, j])
        text = f"{label.name}: {kind if code < 0 else label.names[code]}"
        lines.append({"text": text, "full": f"{text} ({kind})", "color": CELL_COLORS[kind]})
    if len(ground.labels) > _LINES:
        lines.append({"text": f"and {len(ground.labels) - len(lines)} more", "full": "", "color": ""})
    return lines


def _drawn(card: dict) -> str:
    picture = f'<img src="{card["src"]}" alt="" style="width:100%">' if card["src"] else _NO_PICTURE
    name = html.escape(card["name"])
    lines = [f'<div style="{_ONE_LINE}" title="{name}">{name}</div>']
    for line in card["cells"]:
        dot = f'<span style="color:{line["color"]}">●</span> ' if line["color"] else ""
        text, full = html.escape(line["text"]), html.escape(line["full"])
        lines.append(f'<div style="{_ONE_LINE}" title="{full}">{dot}{text}</div>')
    return f'<div style="min-width:0;max-width:190px">{picture}{"".join(lines)}</div>'


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
