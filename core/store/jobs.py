"""Jobs in the database: what was started and how it ended. What changes every second lies in `jobs/<id>/beat.json`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from core.errors import GapwiseError
from core.store import ids, schema

STORED_STATES = ("queued", "running", "stopping", "stopped", "finished", "failed", "waiting")
ACTIVE = ("queued", "running", "stopping")
WAITING = "waiting"  # for a person, without a process, see `core.jobs.stops`


def add_job(connection: Connection, kind: str, command: Sequence[str], run_id: int | None = None) -> int:
    """Insert a queued job; return its id, which no job had before."""
    row = {"kind": kind, "command": list(command), "state": "queued", "run_id": run_id, "created": time.time()}
    return connection.execute(insert(schema.job), ids.numbered(connection, schema.job, [row])[0]).inserted_primary_key[
        0
    ]


def find_job(connection: Connection, job_id: int) -> Row | None:
    """Return a job as it is stored, None when there is none with that id."""
    return connection.execute(select(schema.job).where(schema.job.c.id == job_id)).first()


def job_row(connection: Connection, job_id: int) -> Row:
    """Return a job as it is stored.

    Raises:
        GapwiseError: If there is none with that id.
    """
    row = find_job(connection, job_id)
    if row is None:
        raise GapwiseError(f"There is no job {job_id} in this workspace. `python -m core jobs` lists them.")
    return row


def job_rows(connection: Connection, limit: int | None = None, offset: int = 0) -> list[Row]:
    """Return jobs as they are stored, newest first, without the first `offset` ones."""
    return list(connection.execute(select(schema.job).order_by(schema.job.c.id.desc()).limit(limit).offset(offset)))


def active_rows(connection: Connection) -> list[Row]:
    """Return the jobs that are to run, do or should, as they are stored, newest first."""
    j = schema.job
    return list(connection.execute(select(j).where(j.c.state.in_(ACTIVE)).order_by(j.c.id.desc())))


def count_jobs(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(schema.job)).scalar_one()


def change_job(connection: Connection, job_id: int, only_from: Sequence[str] = STORED_STATES, **values: object) -> bool:
    """Update a job if it is in one of the states named; return whether it was."""
    statement = update(schema.job).where(schema.job.c.id == job_id, schema.job.c.state.in_(list(only_from)))
    return connection.execute(statement.values(**values)).rowcount == 1


def holds(row: Row | None, pid: int, pid_started: float) -> bool:
    """Whether a job is that process's: neither deleted, nor started again elsewhere since."""
    # Linux derives a process's start from the boot time, which moves when the clock is set.
    return row is not None and row.pid == pid and abs((row.pid_started or pid_started) - pid_started) < 2.0


def own_runs(connection: Connection, job_id: int) -> list[int]:
    """Return the runs that a job made, oldest first: one for a training, many for a sweep, none for a prediction."""
    query = select(schema.run.c.id).where(schema.run.c.job_id == job_id).order_by(schema.run.c.id)
    return list(connection.execute(query).scalars())


def remove_job(connection: Connection, job_id: int) -> None:
    """Delete a job's row."""
    ids.retire(connection, schema.job)
    connection.execute(delete(schema.job).where(schema.job.c.id == job_id))
