"""Activation maps and originals for the viewer: what is stored at once, the rest from the warm worker."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from PIL import Image

from core.errors import GapwiseError
from core.explain import warm
from core.explain.asking import HUB, Ask
from core.images.decode import open_rgb
from core.serving.pictures import Picture
from core.serving.token import Token
from core.serving.workspaces import Unavailable, open_workspace
from core.store.images import image

PATIENCE = 60.0  # seconds that a browser's request waits for its map
MOST_WAITING = 8  # requests: each keeps one of the server's threads, which the review needs, too
FULL_SIDE, FULL_QUALITY = 4096, 92  # px; what browsers draw on a canvas everywhere
_line = BoundedSemaphore(MOST_WAITING)
# A picture of the largest accepted size takes about a gigabyte while it is decoded: one at a time, a few wait.
_decoding, _decoders = BoundedSemaphore(1), BoundedSemaphore(MOST_WAITING)


def activation_map(token: Token, ask: Ask) -> dict:
    """Return a map as JSON values, see `core.explain.asking.Answer`.

    Raises:
        Unavailable: If the workspace can't be used, too many wait already, or the map is not there in time.
        GapwiseError: If there is no such map: why, in words.
    """
    workspace = open_workspace(token.workspace)
    found = warm.look(workspace, ask)
    if found is None:
        with _waiting(_line, "maps"):
            found = warm.compute(workspace, [ask], PATIENCE)[0]
    if isinstance(found, warm.Later):
        raise Unavailable(str(found))
    if isinstance(found, str):
        raise GapwiseError(found)
    return found.as_dict()


def layers(token: Token, which: int | str, weights: str = HUB) -> dict:
    """Return the modules of a run's network, or of a model of timm.

    Raises:
        Unavailable, GapwiseError: As `activation_map`.
    """
    workspace = open_workspace(token.workspace)
    with _waiting(_line, "maps"):
        return {"layers": warm.layers(workspace, which, weights, PATIENCE)}


def full(token: Token, image_id: int, known: str) -> Picture:
    """Return an image at its own resolution, its longest side at most FULL_SIDE, as `core.serving.pictures.picture`.

    Raises:
        Unavailable: If the workspace can't be used, or too many wait for pictures already.
        GapwiseError: If there is no such image, or its file can't be decoded any more.
    """
    workspace = open_workspace(token.workspace)
    with workspace.read() as connection:
        row = image(connection, image_id)
    tag = f'"{image_id}-{row.digest[:32]}-{FULL_SIDE}-{FULL_QUALITY}"'
    if tag in (part.strip().removeprefix("W/") for part in known.split(",")):
        return Picture(tag, None)
    with _waiting(_decoders, "pictures"), _decoding:
        return Picture(tag, _jpeg(row.path))


def _jpeg(path: str) -> bytes:
    picture = open_rgb(path, long_side=FULL_SIDE)
    picture.thumbnail((FULL_SIDE, FULL_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=FULL_QUALITY)
    return content.getvalue()


@contextmanager
def _waiting(line: BoundedSemaphore, what: str) -> Iterator[None]:
    if not line.acquire(blocking=False):
        raise Unavailable(f"{MOST_WAITING} requests wait for {what} already. Ask again in a moment.")
    try:
        yield
    finally:
        line.release()
