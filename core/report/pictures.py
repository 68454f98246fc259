"""Pictures as they lie in a report: small JPEGs in the page itself."""

from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
from PIL import Image

from core.explain.overlay import color_table, overlay
from core.images.previews import preview
from core.workspace import Workspace

SIDE = 320  # px, the longer side: two of them beside each other fill a card on a sharp screen
QUALITY = 80  # some 15 kB a picture
MAP_SIDE = 168
OPACITY = 0.6


def pair(ws: Workspace, row: dict) -> list[str]:
    """Return a picture, and the same with its map over it where there is one, as addresses with the data in them.

    Args:
        row: Of `core.hard.lists`.

    Raises:
        GapwiseError: If the picture can't be read any more.
    """
    with Image.open(preview(ws, row["image_id"])) as file:
        plain = file.convert("RGB")
    plain.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    if row["map"] is None:
        return [_jpeg(plain)]
    return [_jpeg(plain), _jpeg(overlay(plain, row["map"], row["map_height"], row["map_width"], OPACITY))]


def heat(cells: np.ndarray) -> str:
    """Return a mean map, (h, w) at least 0, drawn alone: its strongest cell in the strongest colour."""
    top = float(cells.max())
    levels = np.rint(255 * cells / top if top > 0 else np.zeros(cells.shape)).astype(np.uint8)
    height, width = cells.shape
    scale = MAP_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    smooth = np.asarray(Image.fromarray(levels).resize(size, Image.Resampling.BICUBIC))
    return _jpeg(Image.fromarray(color_table()[smooth]))


def _jpeg(picture: Image.Image) -> str:
    content = BytesIO()
    picture.save(content, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode("ascii")
