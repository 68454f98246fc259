"""Hard examples: a run's predictions, the ones that matter first."""

from __future__ import annotations

from sqlalchemy import Connection, Row, select

from core.errors import GapwiseError
from core.store import schema
from core.store.queue import counted

LISTS = {
    "wrong": "Wrong on known images, surest first",
    "right": "Right on known images, least sure first",
    "open": "Open cells, least sure first",
}


def hard_examples(
    connection: Connection, run_id: int, which: str = "wrong", offset: int = 0, limit: int = 12
) -> tuple[int, list[Row]]:
    """Return how many predictions a list holds and one page of it.

    Known images are the held-out ones: the run did not train on them.

    Returns:
        The list's length, and rows (proposal_id, image_id, fname, width, height, truth, value, confidence, map,
        map_height, map_width); `truth` is the cell's value now, NULL for an open cell.

    Raises:
        GapwiseError: If there is no such list.
    """
    if which not in LISTS:
        raise GapwiseError(f"There is no list {which!r}; there are {', '.join(LISTS)}.")
    p, c, i = schema.proposal.c, schema.cell.c, schema.image.c
    where = {
        "wrong": (p.heldout == 1, c.value.is_not(None), c.value != p.value),
        "right": (p.heldout == 1, c.value == p.value),
        "open": (p.heldout == 0, c.value.is_(None)),
    }[which]
    query = (
        select(
            p.id.label("proposal_id"),
            p.image_id,
            i.fname,
            i.width,
            i.height,
            c.value.label("truth"),
            p.value,
            p.confidence,
            p.map,
            p.map_height,
            p.map_width,
        )
        .join(schema.cell, (c.image_id == p.image_id) & (c.label_id == p.label_id))
        .join(schema.image, i.id == p.image_id)
        .where(p.run_id == run_id, *where)
    )
    total = connection.execute(counted(query)).scalar_one()
    order = p.confidence.desc() if which == "wrong" else p.confidence
    return total, list(connection.execute(query.order_by(order, p.id).offset(offset).limit(limit)))
