"""Rows of pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image, ImageOps

from core.errors import GapwiseError
from core.images.previews import preview
from core.labels.label import MISSING
from core.store import profiles
from core.store.gaps import images_with
from core.workspace import Workspace
from pages.ui.readers import stamp

STRIP = 6  # pictures in a row beside the sidebar of a laptop
TILE, MARGIN = (300, 225), 14  # pixels; st.image puts pictures of a list edge to edge, so each carries its own gap


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


def pattern_strip(workspace: Workspace, missing: tuple[str, ...]) -> None:
    """Show some images that lack exactly these labels in the imported table."""
    tiles(workspace, _with_pattern(stamp(workspace), workspace, missing))


@st.cache_data(max_entries=64, show_spinner=False)
def _with_pattern(state: tuple, _workspace: Workspace, missing: tuple[str, ...]) -> list[tuple[int, str]]:
    with _workspace.read() as connection:
        found = profiles.read(connection)
        wanted = np.array([label.name in missing for label in found.labels])
        theirs = found.ids[((found.given == MISSING) == wanted).all(axis=1)].tolist()
        return [(row.id, row.fname) for row in images_with(connection, theirs, STRIP)]


@st.cache_data(max_entries=256, show_spinner=False)
def _tile(path: str) -> str:
    """Return a preview cut to a common shape, with a transparent margin.

    As a data URL: a picture with an address of its own is gone from the server as soon as another page is opened, and
    a browser that still asks for it then reports an error.
    """
    with Image.open(path) as picture:
        cut = ImageOps.fit(picture, TILE)
    tile = Image.new("RGBA", (TILE[0] + MARGIN, TILE[1] + MARGIN))
    tile.paste(cut, (0, 0))
    buffer = io.BytesIO()
    tile.save(buffer, "WEBP", quality=85)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
