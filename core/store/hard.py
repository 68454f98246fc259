"""Hard examples: the names of all lists, and those that the database orders; `core.hard.lists` knows the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Float, Row, Select, String, cast, func, literal, select

from core.errors import GapwiseError
from core.store import ranks, schema
from core.store.profiles import parts
from core.store.proposals import own_confidence, own_value
from core.store.queue import counted

# Also those that `core.hard.lists` works out: one table of names for pages and the command line.
LISTS = {
    "wrong": "Wrong on known images, surest first",
    "right": "Right on known images, least sure first",
    "open": "Open cells, least sure first",
    "loss": "Known images, highest loss first",
    "margin": "Closest two classes first",
    "disagree": "Runs disagree, surest first",
    "conflict": "Predictions that break a rule, surest first",
    "near_other": "Beside a known picture of another class, most alike first",
    "duplicates": "Near-duplicates known as different classes",
    "errors": "Given values that are likely wrong, likeliest first",
    "all": "All images, in the table's order",
}
READ_OFF = ("loss", "margin", "errors", "all")
_P, _C, _I, _R = schema.proposal.c, schema.cell.c, schema.image.c, schema.rank.c


def page(
    connection: Connection,
    label_id: int,
    run_id: int,
    which: str,
    offset: int = 0,
    limit: int | None = None,
    filters: Mapping[str, int | None] | None = None,
) -> tuple[int, list[int]]:
    """Return how many images a list holds, and the ids of some of them in its order.

    Args:
        which: One of READ_OFF.
        limit: All that follow when None.
        filters: `truth` and `value`: class codes that the cell now has, and that the run predicts.

    Raises:
        GapwiseError: If there is no such list.
    """
    if which not in READ_OFF:
        raise GapwiseError(f"There is no list {which!r}; there are {', '.join(LISTS)}.")
    query, order = _query(connection, label_id, run_id, which)
    asked = {"truth": _C.value, "value": own_value}
    query = query.where(*(asked[name] == code for name, code in (filters or {}).items() if code is not None))
    total = connection.execute(counted(query)).scalar_one()
    some = query.order_by(*order).offset(offset)
    return total, list(connection.execute(some if limit is None else some.limit(limit)).scalars())


def rows_of(connection: Connection, label_id: int, run_id: int, image_ids: Sequence[int]) -> list[Row]:
    """Return images with what a run says of them, in the order of the ids.

    Returns:
        Rows (proposal_id, image_id, fname, digest, width, height, truth, value, confidence, probs, heldout, map,
        map_height, map_width); `truth` is the cell's value now, None for an open cell; value, confidence and probs are
        the run's own, None for an image that it did not predict, as those it learned from.
    """
    query = (
        select(
            _P.id.label("proposal_id"),
            _I.id.label("image_id"),
            _I.fname,
            _I.digest,
            _I.width,
            _I.height,
            _C.value.label("truth"),
            own_value.label("value"),
            own_confidence.label("confidence"),
            _P.probs,
            _P.heldout,
            _P.map,
            _P.map_height,
            _P.map_width,
        )
        .select_from(schema.image)
        .join(schema.cell, (_C.image_id == _I.id) & (_C.label_id == label_id))
        .outerjoin(schema.proposal, (_P.image_id == _I.id) & (_P.label_id == label_id) & (_P.run_id == run_id))
    )
    ids, found = [int(i) for i in image_ids], {}
    for part in parts(ids):
        found |= {row.image_id: row for row in connection.execute(query.where(_I.id.in_(part)))}
    return [found[i] for i in ids if i in found]


def doubts(connection: Connection, label_id: int, run_id: int, image_ids: Sequence[int]) -> dict[int, str]:
    """Return image id to why its given value is likely wrong."""
    query = select(_R.image_id, _R.reason).where(_R.label_id == label_id, _R.run_id == run_id, _R.kind == ranks.ERRORS)
    rows = (row for part in parts(image_ids) for row in connection.execute(query.where(_R.image_id.in_(part))))
    return {row.image_id: row.reason for row in rows}


def _query(connection: Connection, label_id: int, run_id: int, which: str) -> tuple[Select, tuple]:
    """Return a query for a list's image ids without its order, and the order."""
    if which == "all":
        query = select(_I.id).join(schema.cell, (_C.image_id == _I.id) & (_C.label_id == label_id))
        mine = (_P.image_id == _I.id) & (_P.label_id == label_id) & (_P.run_id == run_id)
        return query.outerjoin(schema.proposal, mine), (_I.id,)
    query = select(_P.image_id).join(schema.cell, (_C.image_id == _P.image_id) & (_C.label_id == _P.label_id))
    query = query.where(_P.label_id == label_id, _P.run_id == run_id)
    if which == "errors":
        mine = (_R.label_id == label_id, _R.run_id == run_id, _R.kind == ranks.ERRORS, _R.waits > 0)
        return query.join(schema.rank, _R.proposal_id == _P.id).where(*mine), (_R.place, _R.id)
    known = (_P.heldout == 1) & _C.value.is_not(None)
    if which == "loss":
        return query.where(known), (_of_truth(connection), _P.image_id)
    return query.where(known | ((_P.heldout == 0) & _C.value.is_(None))), (_margin(connection), _P.image_id)


def _of_truth(connection: Connection):
    """Return an expression for the probability of the class that a cell has; 0 for one that is new since the run."""
    if connection.dialect.name == "postgresql":
        return func.coalesce(cast(_P.probs.op("->>")(_C.value), Float), 0.0)
    return func.coalesce(func.json_extract(_P.probs, literal("$[") + cast(_C.value, String) + literal("]")), 0.0)


def _margin(connection: Connection):
    """Return an expression for how far the two likeliest classes are apart."""
    each = func.json_array_elements_text if connection.dialect.name == "postgresql" else func.json_each
    one = each(_P.probs).table_valued("value")
    chance = cast(one.c.value, Float)
    second = select(chance).order_by(chance.desc()).limit(1).offset(1).scalar_subquery()
    return own_confidence - func.coalesce(second, 0.0)
