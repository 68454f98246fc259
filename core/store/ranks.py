"""Orders of the queue that are worked out in a process of their own, and read here through an index.

Of each order the first TOP places are kept: nobody comes to the end of them before the next training. What waits is
noted in each row and kept true in the transactions that change cells, so that finding the next item costs the same
whatever was decided before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Select, bindparam, case, delete, func, insert, select, update

from core.store import schema
from core.store.profiles import parts

TOP = 20_000
ERRORS = "errors"  # given values that are likely wrong
SENT = "sent"  # what somebody sent to review, see `core.store.sent`
# Orders of cells that were picked, with a value or without. They come to an end: nothing else follows.
PICKED = (ERRORS, SENT)
_R, _P, _C = schema.rank.c, schema.proposal.c, schema.cell.c


def replace(
    connection: Connection, label_id: int, run_id: int, kind: str, rows: Sequence[Mapping[str, object]]
) -> None:
    """Store an order of a label's proposals in place of what there was, older runs' included.

    Args:
        rows: image_id, proposal_id, place (smallest first) and reason of each.
    """
    connection.execute(delete(schema.rank).where(_R.label_id == label_id, _R.kind == kind))
    common = {"label_id": label_id, "run_id": run_id, "kind": kind, "waits": 1}
    for part in parts([{**row, **common} for row in rows], 5_000):
        connection.execute(insert(schema.rank), part)
    _bring(connection, _R.label_id == label_id, _R.kind == kind)


def refresh(connection: Connection, image_ids: Sequence[int]) -> None:
    """Bring what waits up to date for some images; after `core.store.waiting`."""
    for part in parts(list(dict.fromkeys(image_ids))):
        connection.execute(_BRING_SOME, {"some": part})


def refresh_many(connection: Connection, images: Select) -> None:
    """Bring what waits up to date for the images of a query: a second or two at most."""
    _bring(connection, _R.image_id.in_(images))


def rebuild(connection: Connection) -> None:
    """Bring what waits up to date for all images: a second or two at most."""
    _bring(connection)


def asks(kind: str):
    """Return a condition on a cell: an order of picked ones still asks about it, unless it is put off.

    Likely errors are asked about while they have the given value, and what was sent until a person has decided it.
    """
    return _C.source == "given" if kind == ERRORS else func.coalesce(_C.source, "") != "human"


def _bring(connection: Connection, *where) -> None:
    connection.execute(_BRING.where(*where))


def _state():
    """Return an expression for what `waits` should be."""
    off = case((_P.put_off > 0, 2), else_=1)
    open_cell = case((_P.settled == 0, off), else_=0)
    asked = case(*((_R.kind == kind, _picked(kind, off)) for kind in PICKED), else_=open_cell)
    return select(asked).where(_P.id == _R.proposal_id).correlate(schema.rank).scalar_subquery()


def _picked(kind: str, off):
    one = select(case((asks(kind), off), else_=0)).where(_C.image_id == _R.image_id, _C.label_id == _R.label_id)
    return one.correlate(schema.rank, schema.proposal).scalar_subquery()


# Written once: each decision runs it, and making a statement takes longer than running it.
_STATE = _state()
_BRING = update(schema.rank).where(_R.waits != _STATE).values(waits=_STATE)
_BRING_SOME = _BRING.where(_R.image_id.in_(bindparam("some", expanding=True)))
