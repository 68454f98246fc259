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
        state: One of STATES. `lost`: it should run, but its process is gone or silent. `waiting`: it has no process,
            and goes on when a person says so.
        message: How it ended, or what it does now.
        passing: Of a failed job: whether its reason may pass, so that the same command has a chance.
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
    passing: bool = False

    @property
    def active(self) -> bool:
        return self.state in store.ACTIVE

    @property
    def resumable(self) -> bool:
        return self.state in ("stopped", "failed", "lost")

    @property
    def actions(self) -> tuple[str, ...]:
        """What people can do with it, the most promising first: some of stop, resume, retry, clone, delete."""
        if self.active:
            return ("stop",) if self.state != "stopping" else ()
        again = ("retry", "clone") if self.kind == "train" else ("retry",)
        if self.state == store.WAITING:
            return ("delete",)  # how it goes on is for those to offer who know what it waits for
        if self.state == "finished":
            return (*again, "delete")
        # A cascade that failed at a label goes on there, once people have done what was wanting.
        if self.state == "failed" and not self.passing and self.kind != "cascade":
            # It would fail the same way; and where no run was made, there is nothing to go on with.
            return (*again[::-1], *(("resume",) if self.run_id is not None else ()), "delete")
        return ("resume", *again, "delete")

    @property
    def progress(self) -> dict:
        """Done, total, message and figures in one, as the command line prints it."""
        return {"done": self.done, "total": self.total, "message": self.message, "figures": self.figures}

    def as_dict(self) -> dict:
        """Return everything as JSON values."""
        return {**asdict(self), "progress": self.progress}


def list_jobs(ws: Workspace, limit: int | None = None, offset: int = 0) -> list[Job]:
    """Return the jobs, newest first, without the first `offset` ones."""
    with ws.read() as connection:
        rows = store.job_rows(connection, limit, offset)
    return [_seen(ws, row) for row in rows]


def active_jobs(ws: Workspace) -> list[Job]:
    """Return the jobs that are queued, running or stopping, newest first."""
    with ws.read() as connection:
        rows = store.active_rows(connection)
    return [job for job in (_seen(ws, row) for row in rows) if job.active]


def count_jobs(ws: Workspace) -> int:
    with ws.read() as connection:
        return store.count_jobs(connection)


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
    beat = read_beat(ws.job_dir(row.id))
    state = row.state
    if state in store.ACTIVE and not _lives(row, beat):
        # It may have ended between the two looks; a worker notes its end before it goes.
        with ws.read() as connection:
            row = store.find_job(connection, row.id) or row
        beat = read_beat(ws.job_dir(row.id))
        state = "lost" if row.state in store.ACTIVE else row.state
    return _job(row, state, beat or Beat(time=0.0))


def _lives(row: Row, beat: Beat | None) -> bool:
    if beat is None or not beat.fresh:
        return False
    # No pid yet: the starter is about to note it, and wrote a first beat on the worker's behalf.
    return not beat.here or row.pid is None or process.alive(row.pid, row.pid_started)


def _job(row: Row, state: str, beat: Beat) -> Job:
    active = state in store.ACTIVE
    message = (beat.message if active else row.message) or ""
    return Job(
        id=row.id,
        kind=row.kind,
        command=list(row.command),
        state=state,
        pid=row.pid,
        run_id=row.run_id,
        message=_lost(row, beat) if state == "lost" else message,
        created=row.created,
        started=row.started,
        ended=row.ended,
        done=beat.done,
        total=beat.total,
        eta=beat.eta if state == "running" else None,
        figures=beat.figures,
        passing=beat.passing,
    )


def _lost(row: Row, beat: Beat) -> str:
    process_of = f"process {row.pid}" if row.pid else "process"
    if not beat.here:
        happened = f"Nothing was heard from {beat.host} for {FRESH_SECONDS:.0f} seconds: it went down or is cut off."
    elif process.alive(row.pid, row.pid_started):
        happened = (
            f"The {process_of} was silent for {FRESH_SECONDS:.0f} seconds: it hangs or was paused."
            " It is ended before the job is resumed or retried."
        )
    else:
        happened = (
            f"The {process_of} ended without a word: killed, out of memory, or the machine went down or its disk is"
            " full."
        )
    follows = "it goes on from its last checkpoint" if row.run_id is not None else "it had not begun"
    return f"{happened} Resume it; {follows}."


def log_path(ws: Workspace, job_id: int) -> Path:
    return ws.job_dir(job_id) / LOG
