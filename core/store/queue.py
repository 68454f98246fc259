"""The review queue: which cells a person should look at next."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import JSON, Connection, Row, Select, func, null, select

from core.errors import GapwiseError
from core.store import ranks, schema
from core.store.labels import labels as read_labels
from core.store.proposals import latest_run

ORDERS = {
    "leverage": "most cells set right by an answer first",
    "uncertain": "least certain first: where an answer teaches the model most",
    "margin": "closest two classes first",
    "entropy": "most open between all classes first",
    "varied": "most cells set right first, unlike pictures after each other",
    "disagreement": "where runs, or a run and the rules, disagree most",
    "surest": "surest first: fast agreement, early gain",
    "random": "drawn at random: shows how good the proposals are",
    "file": "in the table's order",
    ranks.ERRORS: "likely errors among the given labels",
    ranks.SENT: "sent to review: hard examples, with the reason",
}
DEFAULT = "leverage"


def pending(
    connection: Connection,
    label_id: int,
    order: str = DEFAULT,
    limit: int = 20,
    run_id: int | None = None,
    without: Collection[int] = (),
) -> list[Row]:
    """Return the next proposals of a label whose cells have no value yet; of `ranks.PICKED`, also of known cells.

    Skipped, flagged and rejected-without-answer cells come after all others, the longest ago first. Read through an
    index of what waits: the time goes with `limit` and `without`, not with the size of the table. Where an order was
    not worked out yet (`python -m core rank`), or its first `ranks.TOP` are done, the least certain come next.

    Args:
        order: One of ORDERS.
        limit: At most so many, at least 1.
        run_id: Whose proposals; the label's newest run with any when None.
        without: Images to leave out, at most some hundred: those that somebody has on screen already.

    Returns:
        Rows (proposal_id, run_id, image_id, label_id, fname, path, digest, width, height, probs, raw, value,
        confidence, map, map_height, map_width, seen, reason), best first; `probs` are what the rules leave of the
        run's own, `raw`; `seen` is 0, or the decision that put it to the end; `reason` is why the order has it, None
        where that says itself. Empty when all are decided or nothing is proposed.

    Raises:
        GapwiseError: If there is no such order.
    """
    if order not in ORDERS:
        raise GapwiseError(f"There is no order {order!r}; there are {', '.join(ORDERS)}.")
    run_id = latest_run(connection, label_id) if run_id is None else run_id
    if run_id is None:
        return []
    left_out = (_P.image_id.not_in(list(without)),) if without else ()
    if order in ranks.PICKED:
        found = _ranked(connection, label_id, run_id, order, limit, left_out, 1)
        return found + _ranked(connection, label_id, run_id, order, limit - len(found), left_out, 2)
    found = _ranked(connection, label_id, run_id, order, limit, left_out, 1) if order not in _RANKS else []
    query = _rows(*_waits(label_id, run_id), *left_out)
    # Asked one after the other: ordered by both at once, the surest first could not be read off the index.
    if len(found) < limit:
        fresh = query.where(_P.put_off == 0).order_by(*_RANKS.get(order, _RANKS["uncertain"]))
        here = {row.proposal_id for row in found}
        rest = connection.execute(fresh.limit(limit + len(here)))
        found += [row for row in rest if row.proposal_id not in here][: limit - len(found)]
    if len(found) < limit:
        put_off = query.where(_P.put_off > 0).order_by(_P.put_off).limit(limit - len(found))
        found += connection.execute(put_off)
    return found


def pending_all(connection: Connection, order: str = DEFAULT, limit: int = 20) -> list[Row]:
    """Return the next proposals of the whole table, of each label's newest run, as `pending` returns one label's.

    Orders that say how much an answer is worth, or how sure a proposal is, compare labels; in others they take turns.
    """
    heads = []
    for label_id in read_labels(connection):
        rows = pending(connection, label_id, order, limit)
        heads += [((row.seen, _across(order, row, turn), turn), row) for turn, row in enumerate(rows)]
    return [row for _, row in sorted(heads, key=lambda pair: pair[0])[:limit]]


def _across(order: str, row: Row, turn: int) -> float:
    """Return what an item of one label is held against other labels' by: smaller comes first."""
    known = {"uncertain": row.confidence, "surest": -row.confidence, "file": row.image_id}
    known |= dict.fromkeys(ranks.PICKED, turn)
    if order in known:
        return known[order]
    return row.place if row.place is not None else 2.0 + row.confidence  # what is not ranked comes after what is


def item(connection: Connection, image_id: int, label_id: int) -> Row | None:
    """Return one cell as a queue row, by its newest proposal, whether it is decided or not; None without one."""
    query = _rows(schema.proposal.c.image_id == image_id, schema.proposal.c.label_id == label_id)
    return connection.execute(query.order_by(schema.proposal.c.run_id.desc()).limit(1)).first()


def rows_of(connection: Connection, proposal_ids: Sequence[int]) -> list[Row]:
    """Return proposals as queue rows, in the order of the ids."""
    found = {row.proposal_id: row for row in connection.execute(_rows(schema.proposal.c.id.in_(list(proposal_ids))))}
    return [found[one] for one in proposal_ids if one in found]


def pending_count(connection: Connection, label_id: int, run_id: int | None = None, order: str = DEFAULT) -> int:
    """Return how many proposals of the label wait for a decision; of `ranks.PICKED`, how many were picked."""
    run_id = latest_run(connection, label_id) if run_id is None else run_id
    if run_id is None:
        return 0
    if order in ranks.PICKED:
        r = schema.rank.c
        where = (*_of_order(label_id, run_id, order), r.waits > 0)
        return connection.execute(select(func.count()).where(*where)).scalar_one()
    return connection.execute(select(func.count()).where(*_waits(label_id, run_id))).scalar_one()


def counted(query: Select) -> Select:
    """Return a query for how many rows another has, without making its columns or its order."""
    return query.with_only_columns(func.count()).order_by(None)


def _waits(label_id: int, run_id: int) -> tuple:
    p = schema.proposal.c
    return p.label_id == label_id, p.run_id == run_id, p.settled == 0, p.heldout == 0


def _ranked(
    connection: Connection, label_id: int, run_id: int, kind: str, limit: int, left_out: tuple, waits: int
) -> list[Row]:
    """Return the first rows of an order that was worked out; `waits` as in `schema.rank`."""
    if limit < 1:
        return []
    r = schema.rank.c
    where = (*_of_order(label_id, run_id, kind), r.waits == waits)
    query = _rows(*where, *left_out, extra=(r.reason, r.place)).join(schema.rank, r.proposal_id == _P.id)
    return list(connection.execute(query.order_by(r.place, r.id).limit(limit)))


def _of_order(label_id: int, run_id: int, kind: str) -> tuple:
    r, run = schema.rank.c, schema.run.c
    # What a person sent stays when there is a newer run. Its runs are named, so that the index is read at a few places.
    runs = r.run_id.in_(select(run.id).where(run.label_id == label_id)) if kind == ranks.SENT else r.run_id == run_id
    return r.label_id == label_id, runs, r.kind == kind


def _rows(*where, extra: tuple = (null().label("reason"), null().label("place"))) -> Select:
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
            func.coalesce(p.joint, p.probs, type_=JSON).label("probs"),
            p.probs.label("raw"),
            p.value,
            p.confidence,
            p.map,
            p.map_height,
            p.map_width,
            p.put_off.label("seen"),
            *extra,
        )
        .select_from(schema.proposal)
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
