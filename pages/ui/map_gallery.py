"""A page of pictures with their maps: one image element for all, no widget for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image, ImageOps

from core.errors import GapwiseError
from core.images.previews import preview
from core.store.hard import hard_examples
from pages.ui.pictures import blended
from pages.ui.widgets import class_text, plain

if TYPE_CHECKING:
    from core.labels.label import Label
    from core.workspace import Workspace

PAGE = 12  # pictures
GUTTER = 16  # transparent pixels beside a pair: Streamlit sets pictures of one element edge to edge


def show(workspace: Workspace, run_id: int, label: Label, which: str, opacity: float, size: int) -> None:
    """Draw one page of a run's hard examples, each beside its map."""
    number = st.session_state.get("maps_page", 1)
    with workspace.read() as connection:
        total, rows = hard_examples(connection, run_id, which, (number - 1) * PAGE, PAGE)
        if not rows and number > 1:  # another list, shorter than the page that was open
            total, rows = hard_examples(connection, run_id, which, 0, PAGE)
    if not total:
        st.info(f"Run {run_id} has no images in this list.")
        return
    pages = -(-total // PAGE)
    st.caption(f"{total:,} images · predictions of run {run_id} · {label.name}")
    pictures, captions, gone = [], [], []
    for row in rows:
        try:
            pictures.append(_pair(workspace, row, opacity, size))
        except GapwiseError as error:
            gone.append(str(error))
            continue
        truth = f", known as {class_text(label, row.truth)}" if row.truth is not None else ""
        captions.append(plain(f"{row.fname}: {label.names[row.value]} {row.confidence:.2f}{truth}"))
    if pictures:
        st.image(pictures, caption=captions, width=2 * size + GUTTER)
    if gone:
        st.warning(plain(f"{len(gone)} pictures can't be shown any more: {gone[0]}"))
    if pages > 1:
        st.pagination(pages, key="maps_page")
    if any(row.map is None for row in rows):
        st.caption("Pictures without colour have no map: this network has no layer that Grad-CAM can use.")


def _pair(workspace: Workspace, row, opacity: float, size: int) -> Image.Image:
    path = str(preview(workspace, row.image_id))
    with Image.open(path) as plain:
        plain = plain.convert("RGB")
    mapped = plain if row.map is None else blended(path, row.map, row.map_height, row.map_width, opacity)
    box = (size, max(1, round(size * 0.75)))  # one shape for all, so that rows of wide and tall pictures stay rows
    pair = Image.new("RGBA", (2 * size + GUTTER, box[1]))
    for i, picture in enumerate((plain, mapped)):
        fitted = ImageOps.contain(picture, box, Image.Resampling.LANCZOS)
        pair.paste(fitted, (i * size + (size - fitted.width) // 2, (box[1] - fitted.height) // 2))
    return pair
