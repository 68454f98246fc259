"""The review queue: which cells a person should look at next."""

from __future__ import annotations

from sqlalchemy import Connection, Row, Select, exists, func, select

from core.errors import GapwiseError
from core.store import schema
from core.store.proposals import latest_run

ORDERS = {
    "uncertain": "least certain first: where an answer teaches the model most",
    "surest": "surest first: fast agreement, early gain",
    "file": "in the table's order",
}


def pending(
    connection: Connection, label_id: int, order: str = "uncertain", limit: int = 20, run_id: int | None = None
) -> list[Row]:
    """Return the next proposals of a label whose cells have no value yet.

    Skipped, flagged and rejected-without-answer cells come after all others, the longest ago first.

    Args:
        order: One of ORDERS.
        limit: At most so many, at least 1.
        run_id: Whose proposals; the label's newest run with any when None.

    Returns:
        Rows (proposal_id, run_id, image_id, label_id, fname, path, width, height, probs, value, confidence, map,
        map_height, map_width, seen), best first; `seen` is 0, or the decision that put it to the end. Empty when all
        are decided or nothing is proposed.

    Raises:
        GapwiseError: If there is no such order.
    """
    query = _undecided(connection, label_id, run_id, order)
    return [] if query is None else list(connection.execute(query.limit(limit)))


def item(connection: Connection, image_id: int, label_id: int) -> Row | None:
    """Return one cell as a queue row, by its newest proposal, whether it is decided or not; None without one."""
    query = _rows(schema.proposal.c.image_id == image_id, schema.proposal.c.label_id == label_id)
    return connection.execute(query.order_by(schema.proposal.c.run_id.desc()).limit(1)).first()


def pending_count(connection: Connection, label_id: int, run_id: int | None = None) -> int:
    """Return how many proposals of the label wait for a decision."""
    query = _undecided(connection, label_id, run_id, "file")
    # Counted without what only a card needs: maps, and what was skipped.
    return 0 if query is None else connection.execute(counted(query)).scalar_one()


def counted(query: Select) -> Select:
    """Return a query for how many rows another has, without making its columns or its order."""
    return query.with_only_columns(func.count()).order_by(None)


def _undecided(connection: Connection, label_id: int, run_id: int | None, order: str):
    if order not in ORDERS:
        raise GapwiseError(f"There is no order {order!r}; there are {', '.join(ORDERS)}.")
    run_id = latest_run(connection, label_id) if run_id is None else run_id
    if run_id is None:
        return None
    p, c = schema.proposal.c, schema.cell.c
    ranks = {"uncertain": (p.confidence, p.id), "surest": (p.confidence.desc(), p.id), "file": (p.image_id,)}
    query = _rows(p.label_id == label_id, p.run_id == run_id, p.heldout == 0, c.value.is_(None))
    return query.order_by("seen", *ranks[order])


def _rows(*where):
    p, c, i, d = schema.proposal.c, schema.cell.c, schema.image.c, schema.decision.c
    undone = schema.decision.alias()
    # A skip that was undone counts as never skipped.
    seen = (
        select(func.coalesce(func.max(d.id), 0))
        .where(
            d.image_id == p.image_id,
            d.label_id == p.label_id,
            d.action.in_(("skip", "flag", "reject")),
            ~exists().where(undone.c.undoes == d.id),
        )
        .correlate(schema.proposal)
        .scalar_subquery()
    )
    return (
        select(
            p.id.label("proposal_id"),
            p.run_id,
            p.image_id,
            p.label_id,
            i.fname,
            i.path,
            i.width,
            i.height,
            p.probs,
            p.value,
            p.confidence,
            p.map,
            p.map_height,
            p.map_width,
            seen.label("seen"),
        )
        .join(schema.cell, (c.image_id == p.image_id) & (c.label_id == p.label_id))
        .join(schema.image, i.id == p.image_id)
        .where(*where)
    )
