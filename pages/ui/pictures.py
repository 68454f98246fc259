"""The large picture of a card, with or without its activation map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image

from core.errors import GapwiseError
from core.explain.overlay import overlay
from core.images.previews import preview

if TYPE_CHECKING:
    from sqlalchemy import Row

    from core.workspace import Workspace

BOX = (760, 560)  # pixels on the page: the card and its keys stay on one laptop screen


def show(workspace: Workspace, item: Row, with_map: bool, box: tuple[int, int] = BOX) -> None:
    """Draw an item's picture, fitted into a box, its aspect kept."""
    width = round(min(box[0] / item.width, box[1] / item.height) * item.width)
    try:
        path = preview(workspace, item.image_id)
    except GapwiseError as error:
        st.error(f"{item.fname} can't be shown: {error}")
        return
    if with_map and item.map is not None:
        st.image(
            blended(str(path), item.map, item.map_height, item.map_width), width=width, alt=f"{item.fname} with map"
        )
    else:
        st.image(str(path), width=width, alt=item.fname)


@st.cache_data(max_entries=256, show_spinner=False)
def blended(path: str, values: bytes, height: int, width: int, opacity: float = 0.5) -> Image.Image:
    """Return a preview with its activation map over it."""
    with Image.open(path) as picture:
        return overlay(picture.convert("RGB"), values, height, width, opacity)
