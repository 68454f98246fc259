"""Previews by image id, for browsers that keep them."""

from __future__ import annotations

from dataclasses import dataclass

from core.images.previews import LONG_SIDE, QUALITY, preview
from core.serving.token import Token
from core.serving.workspaces import open_workspace
from core.store.images import image


@dataclass(frozen=True)
class Picture:
    """A preview; `content` is None where the browser has this very one already."""

    tag: str
    content: bytes | None


def picture(token: Token, image_id: int, known: str) -> Picture:
    """Return the preview of an image in the token's workspace.

    Args:
        known: The browser's `If-None-Match`, empty for none.

    Raises:
        GapwiseError: If there is no such image, or its file can't be decoded any more.
    """
    workspace = open_workspace(token.workspace)
    with workspace.read() as connection:
        digest = image(connection, image_id).digest
    # The id as well: identical files may be shown under two names, and an image may be imported anew.
    tag = f'"{image_id}-{digest[:32]}-{LONG_SIDE}-{QUALITY}"'
    if tag in (part.strip().removeprefix("W/") for part in known.split(",")):
        return Picture(tag, None)
    return Picture(tag, preview(workspace, image_id).read_bytes())
