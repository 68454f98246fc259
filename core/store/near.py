"""The nearest known images of each image that waits, found by a job and read by the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from core.store import schema
from core.store.review_schema import near
from core.store.upsert import upsert


@dataclass(frozen=True)
class Neighbour:
    """A known image that looks alike.

    Attributes:
        digest: Of its file, for the address of its preview.
        value: The class it has now.
        source: Where that came from.
        similarity: From -1 to 1, 1 the same.
    """

    image_id: int
    fname: str
    digest: str
    value: int
    source: str
    similarity: float


def put(connection: Connection, label_id: int, found: Mapping[int, Sequence[tuple[int, float]]]) -> None:
    """Store the nearest known images of some images, in place of what was stored for them."""
    rows = [
        {"label_id": label_id, "image_id": i, "found": [[n, round(s, 3)] for n, s in others]}
        for i, others in found.items()
    ]
    upsert(connection, near, rows, ("label_id", "image_id"))


def nearest(connection: Connection, label_id: int, image_ids: Sequence[int]) -> dict[int, list[Neighbour]]:
    """Return the nearest images of some images, at most a few hundred, nearest first.

    An image whose value was taken back meanwhile is left out; an image that nobody looked for has no entry.
    """
    query = select(near.c.image_id, near.c.found).where(near.c.label_id == label_id, near.c.image_id.in_(image_ids))
    found = dict(connection.execute(query).all())
    others = {other for row in found.values() for other, _ in row}
    if not others:
        return {}
    c, i = schema.cell.c, schema.image.c
    query = select(c.image_id, i.fname, i.digest, c.value, c.source).join(schema.image, i.id == c.image_id)
    known = connection.execute(query.where(c.label_id == label_id, c.image_id.in_(others), c.value.is_not(None)))
    rows = {row.image_id: tuple(row) for row in known}
    return {
        image_id: [Neighbour(*rows[other], similarity) for other, similarity in row if other in rows]
        for image_id, row in found.items()
    }
