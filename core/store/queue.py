"""The review queue: which cells a person should look at next."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Row, Select, func, select

from core.errors import GapwiseError
from core.store import schema
from core.store.proposals import latest_run

ORDERS = {
    "uncertain": "least certain first: where an answer teaches the model most",
    "surest": "surest first: fast agreement, early gain",
    "file": "in the table's order",
}


def pending(
    connection: Connection,
    label_id: int,
    order: str = "uncertain",
    limit: int = 20,
    run_id: int | None = None,
    without: Collection[int] = (),
) -> list[Row]:
    """Return the next proposals of a label whose cells have no value yet.

    Skipped, flagged and rejected-without-answer cells come after all others, the longest ago first. Read through an
    index of what waits: the time goes with `limit` and `without`, not with the size of the table.

    Args:
        order: One of ORDERS.
        limit: At most so many, at least 1.
        run_id: Whose proposals; the label's newest run with any when None.
        without: Images to leave out, at most some hundred: those that somebody has on screen already.

    Returns:
        Rows (proposal_id, run_id, image_id, label_id, fname, path, digest, width, height, probs, value, confidence,
        map, map_height, map_width, seen), best first; `seen` is 0, or the decision that put it to the end. Empty when
        all are decided or nothing is proposed.

    Raises:
        GapwiseError: If there is no such order.
    """
    if order not in ORDERS:
        raise GapwiseError(f"There is no order {order!r}; there are {', '.join(ORDERS)}.")
    run_id = latest_run(connection, label_id) if run_id is None else run_id
    if run_id is None:
        return []
    p = schema.proposal.c
    left_out = (p.image_id.not_in(list(without)),) if without else ()
    query = _rows(*_waits(label_id, run_id), *left_out)
    # Asked one after the other: ordered by both at once, the surest first could not be read off the index.
    fresh = query.where(p.put_off == 0).order_by(*_RANKS[order]).limit(limit)
    found = list(connection.execute(fresh))
    if len(found) < limit:
        put_off = query.where(p.put_off > 0).order_by(p.put_off).limit(limit - len(found))
        found += connection.execute(put_off)
    return found


def item(connection: Connection, image_id: int, label_id: int) -> Row | None:
    """Return one cell as a queue row, by its newest proposal, whether it is decided or not; None without one."""
    query = _rows(schema.proposal.c.image_id == image_id, schema.proposal.c.label_id == label_id)
    return connection.execute(query.order_by(schema.proposal.c.run_id.desc()).limit(1)).first()


def rows_of(connection: Connection, proposal_ids: Sequence[int]) -> list[Row]:
    """Return proposals as queue rows, in the order of the ids."""
    found = {row.proposal_id: row for row in connection.execute(_rows(schema.proposal.c.id.in_(list(proposal_ids))))}
    return [found[one] for one in proposal_ids if one in found]


def pending_count(connection: Connection, label_id: int, run_id: int | None = None) -> int:
    """Return how many proposals of the label wait for a decision."""
    run_id = latest_run(connection, label_id) if run_id is None else run_id
    if run_id is None:
        return 0
    return connection.execute(select(func.count()).where(*_waits(label_id, run_id))).scalar_one()


def counted(query: Select) -> Select:
    """Return a query for how many rows another has, without making its columns or its order."""
    return query.with_only_columns(func.count()).order_by(None)


def _waits(label_id: int, run_id: int) -> tuple:
    p = schema.proposal.c
    return p.label_id == label_id, p.run_id == run_id, p.settled == 0, p.heldout == 0


def _rows(*where):
    p, i = schema.proposal.c, schema.image.c
    return (
        select(
            p.id.label("proposal_id"),
            p.run_id,
            p.image_id,
            p.label_id,
            i.fname,
            i.path,
            i.digest,
            i.width,
            i.height,
            p.probs,
            p.value,
            p.confidence,
            p.map,
            p.map_height,
            p.map_width,
            p.put_off.label("seen"),
        )
        .join(schema.image, i.id == p.image_id)
        .where(*where)
    )


_P = schema.proposal.c
# Ties of the surest go backwards, too: the index is then read from its other end.
_RANKS = {
    "uncertain": (_P.confidence, _P.id),
    "surest": (_P.confidence.desc(), _P.id.desc()),
    "file": (_P.image_id,),
}
