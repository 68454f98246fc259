"""Jobs in the database: what was started and how it ended. What changes every second lies in `jobs/<id>/beat.json`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection, Row, insert, select, update

from core.errors import GapwiseError
from core.store import schema

STORED_STATES = ("queued", "running", "stopping", "stopped", "finished", "failed")
ACTIVE = ("queued", "running", "stopping")


def add_job(connection: Connection, kind: str, command: Sequence[str], run_id: int | None = None) -> int:
    """Insert a queued job; return its id."""
    row = {"kind": kind, "command": list(command), "state": "queued", "run_id": run_id, "created": time.time()}
    return connection.execute(insert(schema.job), row).inserted_primary_key[0]


def job_row(connection: Connection, job_id: int) -> Row:
    """Return a job as it is stored.

    Raises:
        GapwiseError: If there is none with that id.
    """
    row = connection.execute(select(schema.job).where(schema.job.c.id == job_id)).first()
    if row is None:
        raise GapwiseError(f"There is no job {job_id} in this workspace. `python -m core jobs` lists them.")
    return row


def job_rows(connection: Connection, limit: int | None = None) -> list[Row]:
    """Return jobs as they are stored, newest first."""
    return list(connection.execute(select(schema.job).order_by(schema.job.c.id.desc()).limit(limit)))


def change_job(connection: Connection, job_id: int, only_from: Sequence[str] = STORED_STATES, **values: object) -> bool:
    """Update a job if it is in one of the states named; return whether it was."""
    statement = update(schema.job).where(schema.job.c.id == job_id, schema.job.c.state.in_(list(only_from)))
    return connection.execute(statement.values(**values)).rowcount == 1
