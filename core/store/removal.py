"""Runs that nobody needs any more: what stands on them, and how they go."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, select

from core.store import ids, schema
from core.store.map_schema import activation_map


def count_proposals(connection: Connection, run_ids: Sequence[int]) -> int:
    """Return how many predictions some runs have stored."""
    query = select(func.count()).select_from(schema.proposal).where(schema.proposal.c.run_id.in_(run_ids))
    return connection.execute(query).scalar_one()


def count_standing(connection: Connection, run_ids: Sequence[int]) -> tuple[int, int]:
    """Return how many decisions, taken back or not, and how many cells name a proposal of some runs."""
    p = schema.proposal.c
    theirs = select(p.id).where(p.run_id.in_(run_ids))
    decisions, cells = (
        connection.execute(select(func.count()).select_from(table).where(table.c.proposal_id.in_(theirs))).scalar_one()
        for table in (schema.decision, schema.cell)
    )
    return decisions, cells


def remove_runs(connection: Connection, run_ids: Sequence[int]) -> None:
    """Delete runs, their maps and their proposals, on which nothing may stand.

    What somebody sent to review with one of them goes on waiting with another run's proposal, where there is one.

    Raises:
        sqlalchemy.exc.IntegrityError: If a decision or a cell names one of the proposals; nothing is deleted then.
    """
    from core.store import sent  # with NumPy, for which every command would wait

    # Workspaces of older versions lack them, and without them every deleted proposal costs a look at all cells.
    for index in (schema.decision_proposal, schema.cell_proposal):
        index.create(connection, checkfirst=True)
    for table in (schema.proposal, schema.run):
        ids.retire(connection, table)
    connection.execute(delete(activation_map).where(activation_map.c.run_id.in_(run_ids)))
    sent.hand_over(connection, run_ids)
    connection.execute(delete(schema.rank).where(schema.rank.c.run_id.in_(run_ids)))
    connection.execute(delete(schema.proposal).where(schema.proposal.c.run_id.in_(run_ids)))
    connection.execute(delete(schema.run).where(schema.run.c.id.in_(run_ids)))
