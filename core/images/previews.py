"""Previews: small JPEGs that pages show instead of the pictures. Made once, then reused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import get_ident

from PIL import Image

from core.errors import GapwiseError
from core.images.decode import open_rgb
from core.store.images import image
from core.workspace import Workspace

LONG_SIDE = 768  # px; sharp at half a laptop screen's width, and some 60 kB
QUALITY = 90
FAILED = "failed.json"


def failed_previews(ws: Workspace) -> dict[int, str]:
    """Return the images whose previews could not be made, with the reason."""
    try:
        return {int(k): v for k, v in json.loads((ws.root / "previews" / FAILED).read_text()).items()}
    except FileNotFoundError:
        return {}


def preview(ws: Workspace, image_id: int) -> Path:
    """Return the preview of one image; it is made when it is not there.

    Raises:
        GapwiseError: If there is no such image, or its file can't be decoded any more.
    """
    target = ws.preview_path(image_id)
    if not target.is_file():
        with ws.read() as connection:
            row = image(connection, image_id)
        save_preview(open_rgb(row.path, long_side=LONG_SIDE), target)
    return target


def can_preview(ws: Workspace, image_id: int, path: str) -> bool:
    """Whether an image has a preview, or a file, at `path`, to make one of; asks the disk only."""
    return ws.preview_path(image_id).is_file() or os.path.isfile(path)


def save_preview(picture: Image.Image, target: Path) -> None:
    """Write the preview of a picture, which is made smaller by it.

    Raises:
        GapwiseError: If it can't be written.
    """
    picture.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Several threads and processes may make the same one: each writes a file of its own, the last replaces the others.
    part = target.with_name(f".{target.name}.{os.getpid()}.{get_ident()}.part")
    try:
        picture.save(part, "JPEG", quality=QUALITY)
        os.replace(part, target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise GapwiseError(f"Can't write the preview {target}: {error.strerror or error}.") from error
