"""What the grid shows: cells of a label that wait and for which the same class is proposed."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, Row, func, select

from core.store import audits, blind, schema
from core.store.proposals import latest_run
from core.store.queue import _rows, _waits


def same_class(
    connection: Connection, label_id: int, value: int, limit: int, without: Collection[int] = ()
) -> list[Row]:
    """Return waiting proposals of one class, the surest first: pictures in which an exception stands out.

    A grid shows its proposal, so what is to be judged without seeing it is left to the card; so is what was put off
    before: there it is looked at alone.

    Args:
        without: Images to leave out, at most some hundred.

    Returns:
        Rows as `queue.pending` gives them, at most `limit`.
    """
    run_id = latest_run(connection, label_id)
    if run_id is None:
        return []
    p = schema.proposal.c
    left_out = [p.image_id.not_in(list(without))] if without else []
    if share := blind.percent(connection):
        left_out.append(blind.shown(share))
    if audits.waiting(connection, label_id):
        left_out.append(p.image_id.not_in(audits.asked_images(connection, label_id)))
    query = _rows(*_waits(label_id, run_id), p.value == value, p.put_off == 0, *left_out)
    return list(connection.execute(query.order_by(p.confidence.desc(), p.id.desc()).limit(limit)))


def class_counts(connection: Connection, label_id: int) -> dict[int, int]:
    """Return how many proposals of each class wait and were not put off."""
    run_id = latest_run(connection, label_id)
    p = schema.proposal.c
    query = select(p.value, func.count()).where(*_waits(label_id, run_id or 0), p.put_off == 0).group_by(p.value)
    return dict(connection.execute(query).all())
