"""What people see of a job. The state shown is checked against the process, so it is always true."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlalchemy import Row

from core.errors import GapwiseError
from core.jobs import process
from core.jobs.beat import FRESH_SECONDS, Beat, read_beat
from core.store import jobs as store
from core.workspace import Workspace

LOG = "log.txt"
STATES = (*store.STORED_STATES, "lost")


@dataclass(frozen=True)
class Job:
    """One long command.

    Attributes:
        command: Arguments after `python -m core`.
        state: One of STATES. `lost`: it should run, but its process is gone or silent.
        message: How it ended, or what it does now.
        created, started, ended: Seconds since the epoch.
        done, total: Progress in the work's own unit; total 0 while unknown.
        eta: Seconds left at the pace so far, None while unknown or not running.
        figures: What the work measured last, by name.
    """

    id: int
    kind: str
    command: list[str]
    state: str
    pid: int | None
    run_id: int | None
    message: str
    created: float
    started: float | None
    ended: float | None
    done: float = 0.0
    total: float = 0.0
    eta: float | None = None
    figures: dict = field(default_factory=dict)

    @property
    def active(self) -> bool:
        return self.state in store.ACTIVE

    @property
    def resumable(self) -> bool:
        return self.state in ("stopped", "failed", "lost")

    @property
    def progress(self) -> dict:
        """Done, total, message and figures in one, as the command line prints it."""
        return {"done": self.done, "total": self.total, "message": self.message, "figures": self.figures}

    def as_dict(self) -> dict:
        """Return everything as JSON values."""
        return {**asdict(self), "progress": self.progress}


def list_jobs(ws: Workspace, limit: int | None = None) -> list[Job]:
    """Return the jobs, newest first."""
    with ws.read() as connection:
        rows = store.job_rows(connection, limit)
    return [_seen(ws, row) for row in rows]


def get_job(ws: Workspace, job_id: int) -> Job:
    """Return one job.

    Raises:
        GapwiseError: If there is none with that id.
    """
    with ws.read() as connection:
        row = store.job_row(connection, job_id)
    return _seen(ws, row)


def log_tail(ws: Workspace, job_id: int, lines: int = 20, limit: int = 64_000) -> str:
    """Return the last lines of a job's log, from its last `limit` bytes; empty when it wrote nothing."""
    path = ws.job_dir(job_id) / LOG
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - limit))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise GapwiseError(f"Can't read the log of job {job_id} in {path}: {error.strerror}.") from error
    return "\n".join(text.splitlines()[-lines:])


def _seen(ws: Workspace, row: Row) -> Job:
    folder = ws.job_dir(row.id)
    beat = read_beat(folder)
    state = row.state
    if state in store.ACTIVE and not _lives(row, beat):
        # It may have ended between the two looks; a worker notes its end before it goes.
        with ws.read() as connection:
            row = store.job_row(connection, row.id)
        state = "lost" if row.state in store.ACTIVE else row.state
    return _job(row, state, beat or Beat(time=0.0))


def _lives(row: Row, beat: Beat | None) -> bool:
    if beat is None or not beat.fresh:
        return False
    elsewhere = beat.host != Beat().host
    # No pid yet: the starter is about to note it, and wrote a first beat on the worker's behalf.
    return elsewhere or row.pid is None or process.alive(row.pid, row.pid_started)


def _job(row: Row, state: str, beat: Beat) -> Job:
    active = state in store.ACTIVE
    message = (beat.message if active else row.message) or ""
    if state == "lost":
        message = (
            f"The process {row.pid or ''} ended without a word or was silent for {FRESH_SECONDS:.0f} seconds:"
            " killed, out of memory, or the machine went down. Resume it; it goes on from its last checkpoint."
        ).replace("  ", " ")
    return Job(
        id=row.id,
        kind=row.kind,
        command=list(row.command),
        state=state,
        pid=row.pid,
        run_id=row.run_id,
        message=message,
        created=row.created,
        started=row.started,
        ended=row.ended,
        done=beat.done,
        total=beat.total,
        eta=beat.eta if state == "running" else None,
        figures=beat.figures,
    )


def log_path(ws: Workspace, job_id: int) -> Path:
    return ws.job_dir(job_id) / LOG
