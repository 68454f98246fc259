"""Rows of pictures."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.images.previews import preview
from core.labels.label import MISSING
from core.store import images
from core.store.cells import load
from core.workspace import Workspace
from pages.ui.readers import stamp

STRIP = 8  # pictures in a row on a wide screen


def pattern_strip(workspace: Workspace, missing: tuple[str, ...]) -> None:
    """Show some images that lack exactly these labels in the imported table."""
    found = _with_pattern(stamp(workspace), workspace, missing)
    if not found:
        return
    paths = [str(preview(workspace, image_id)) for image_id, _ in found]
    st.image(paths, caption=[fname for _, fname in found], width=150)


@st.cache_data(max_entries=64, show_spinner=False)
def _with_pattern(state: tuple, _workspace: Workspace, missing: tuple[str, ...]) -> list[tuple[int, str]]:
    with _workspace.read() as connection:
        table = load(connection)
        wanted = np.array([label.name in missing for label in table.labels])
        rows = np.flatnonzero(((table.given == MISSING) == wanted).all(axis=1))[:STRIP]
        ids = table.image_ids[rows].tolist()
        return [(i, images.image(connection, i).fname) for i in ids]
