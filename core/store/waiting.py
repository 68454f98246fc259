"""What the queue needs to know of a proposal without asking its cell: whether it is settled, and when it was put off.

A queue of a million proposals is read through an index that holds only those that wait, so both stand in the proposal
(`settled`, `put_off`) and are kept true in the same transaction as what they are drawn from: by `core.store.cells`,
the only place that writes cells, by `core.store.decisions`, and where proposals are written.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Select, bindparam, case, exists, func, select, update

from core.store import schema
from core.store.profiles import parts

_P = schema.proposal.c
PUT_OFF = ("skip", "flag", "reject")  # actions that put a cell to the end of the queue


def refresh(connection: Connection, image_ids: Sequence[int]) -> None:
    """Bring `settled` of all proposals about some images up to date with their cells."""
    if len(image_ids) == 1:
        connection.execute(_REFRESH_ONE, {"image": image_ids[0]})
        return
    for part in parts(list(dict.fromkeys(image_ids))):
        here = (_P.image_id.in_(part), _P.settled != _settled())
        connection.execute(update(schema.proposal).where(*here).values(settled=_settled()))


def mark(connection: Connection, label_id: int, images: Select, settled: bool) -> None:
    """Set `settled` of a label's proposals about the images of a query, whose cells all have, or all lack, a value."""
    p = schema.proposal.c
    here = (p.image_id.in_(images), p.label_id == label_id, p.settled != int(settled))
    connection.execute(update(schema.proposal).where(*here).values(settled=int(settled)))


def put_off(connection: Connection, image_id: int, label_id: int) -> None:
    """Bring `put_off` of a cell's proposals up to date with the decisions about it."""
    connection.execute(_PUT_OFF_ONE, {"image": image_id, "label": label_id})


def proposed(connection: Connection, image_ids: Sequence[int]) -> None:
    """Bring both up to date for images that have got proposals."""
    refresh(connection, image_ids)
    d = schema.decision.c
    for part in parts(list(dict.fromkeys(image_ids))):
        _put_off_again(connection, d.image_id.in_(part))


def rebuild(connection: Connection) -> None:
    """Bring both up to date for all proposals: some seconds for each million."""
    known = _settled()
    connection.execute(update(schema.proposal).where(schema.proposal.c.settled != known).values(settled=known))
    _put_off_again(connection)


def _put_off_again(connection: Connection, *where) -> None:
    # Few cells were ever put off: those are looked up, not all that have proposals.
    d = schema.decision.c
    cells = select(d.image_id, d.label_id).where(d.action.in_(PUT_OFF), *where).distinct()
    for image_id, label_id in connection.execute(cells).all():
        put_off(connection, image_id, label_id)


def _settled():
    p, c = schema.proposal.c, schema.cell.c
    has_value = exists().where(c.image_id == p.image_id, c.label_id == p.label_id, c.value.is_not(None))
    return case((has_value.correlate(schema.proposal), 1), else_=0)


def _last_put_off():
    p, d = schema.proposal.c, schema.decision.c
    undone = schema.decision.alias()
    return (
        select(func.coalesce(func.max(d.id), 0))
        .where(d.image_id == p.image_id, d.label_id == p.label_id, d.action.in_(PUT_OFF))
        .where(~exists().where(undone.c.undoes == d.id))  # a skip that was undone counts as never skipped
        .correlate(schema.proposal)
        .scalar_subquery()
    )


# Every decision runs one of these: making a statement takes longer than running it.
_REFRESH_ONE = (
    update(schema.proposal)
    .where(_P.image_id == bindparam("image"), _P.settled != _settled())
    .values(settled=_settled())
)
_PUT_OFF_ONE = (
    update(schema.proposal)
    .where(_P.image_id == bindparam("image"), _P.label_id == bindparam("label"))
    .values(put_off=_last_put_off())
)
