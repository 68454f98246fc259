"""Notes on images: by themselves, or with a decision."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection, select

from core.errors import GapwiseError
from core.store import images, schema
from core.store.decisions import MAX_NOTE
from core.store.review_schema import note
from core.store.upsert import upsert


def add(connection: Connection, *, client_id: str, reviewer: str, image_id: int, text: str) -> bool:
    """Store a note on an image; the same client id is taken once.

    Returns:
        Whether it is new.

    Raises:
        GapwiseError: If there is no such image, or the text is empty, too long, or no Unicode text.
    """
    images.image(connection, image_id)
    text = text.strip()
    if not 0 < len(text) <= MAX_NOTE or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise GapwiseError(f"A note has 1 to {MAX_NOTE} characters of Unicode text; {len(text)} arrived.")
    earlier = connection.execute(select(note.c.image_id, note.c.text).where(note.c.client_id == client_id)).first()
    if earlier is not None:
        if tuple(earlier) != (image_id, text):
            raise GapwiseError(f"The id {client_id} belongs to another note; this one was not stored.")
        return False
    row = {"client_id": client_id, "image_id": image_id, "reviewer": reviewer, "text": text, "created": time.time()}
    upsert(connection, note, row, ("client_id",), update=())
    return True


def notes_of(connection: Connection, image_ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Return (reviewer, text) of all notes on some images, at most a few hundred.

    Those of decisions first, then the others, each oldest first. A note that came with a decision stays when the
    decision is taken back: somebody saw something there.
    """
    d, ids = schema.decision.c, list(image_ids)
    found: dict[int, list[tuple[str, str]]] = {}
    decided = select(d.image_id, d.reviewer, d.note).where(d.image_id.in_(ids), d.note.is_not(None)).order_by(d.id)
    alone = select(note.c.image_id, note.c.reviewer, note.c.text).where(note.c.image_id.in_(ids)).order_by(note.c.id)
    for query in (decided, alone):
        for image_id, reviewer, text in connection.execute(query):
            found.setdefault(image_id, []).append((reviewer, text))
    return found
