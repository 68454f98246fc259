"""Previews: small JPEGs that pages show instead of the pictures. Made once, then reused."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from functools import partial
from pathlib import Path
from threading import get_ident

from PIL import Image
from sqlalchemy import select

from core.errors import GapwiseError
from core.files import write_atomic
from core.images.decode import open_rgb
from core.images.pool import parallel
from core.jobs.reporter import Reporter, Silent
from core.store import schema
from core.store.images import image
from core.workspace import Workspace

LONG_SIDE = 768  # px; sharp at half a laptop screen's width, and some 60 kB
QUALITY = 90
_FAILED = "failed.json"


def make_previews(ws: Workspace, reporter: Reporter | None = None, image_ids: Collection[int] | None = None) -> int:
    """Make the previews that are not there yet, several at once.

    A picture that can't be decoded any more is passed over and named by `failed_previews`. Stops tidily, with what it
    has made so far, when the reporter says so.

    Args:
        image_ids: Only these images; all when None.

    Returns:
        How many were made; those that were there already don't count.
    """
    reporter = reporter or Silent()
    with ws.read() as connection:
        rows = connection.execute(select(schema.image.c.id, schema.image.c.path).order_by(schema.image.c.id)).all()
    wanted = None if image_ids is None else set(image_ids)
    todo = [(r.id, r.path) for r in rows if wanted is None or r.id in wanted]
    todo = [pair for pair in todo if not ws.preview_path(pair[0]).is_file()]
    made, failed = 0, failed_previews(ws)
    for done, (image_id, error) in enumerate(parallel(partial(_attempt, ws), todo), start=1):
        made += error is None
        failed.pop(image_id, None)
        if error is not None:
            failed[image_id] = error
        reporter.progress(done, len(todo), "previews", failed=len(failed))
        if reporter.should_stop():
            break
    (ws.root / "previews").mkdir(exist_ok=True)
    write_atomic(ws.root / "previews" / _FAILED, json.dumps(failed).encode(), sync=False)
    return made


def failed_previews(ws: Workspace) -> dict[int, str]:
    """Return the images whose previews could not be made, with the reason."""
    try:
        return {int(k): v for k, v in json.loads((ws.root / "previews" / _FAILED).read_text()).items()}
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
        _make(row.path, target)
    return target


def _attempt(ws: Workspace, pair: tuple[int, str]) -> tuple[int, str | None]:
    image_id, path = pair
    try:
        _make(path, ws.preview_path(image_id))
    except GapwiseError as error:
        return image_id, str(error)
    return image_id, None


def _make(path: str, target: Path) -> None:
    picture = open_rgb(path, long_side=LONG_SIDE)
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
