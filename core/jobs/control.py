"""Start, stop and resume a command in another process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from core.errors import GapwiseError
from core.jobs import process
from core.jobs.beat import Beat, read_beat, write_beat
from core.jobs.job import get_job, log_path
from core.store import jobs as store
from core.workspace import Workspace


def start(ws: Workspace, kind: str, arguments: Sequence[str], run_id: int | None = None) -> int:
    """Start `python -m core ARGUMENTS` on a workspace and return the job's id at once.

    The process has a session of its own: it survives a closed tab, a closed terminal and a
    restarted server. It queues by itself while another job has the device.

    Args:
        kind: train, predict, previews: what people read.
        arguments: Verb and options; `--workspace` and `--job` are added here.

    Raises:
        GapwiseError: If the process can't be started.
    """
    job_id = register(ws, kind, arguments, run_id)
    _launch(ws, job_id, arguments)
    return job_id


def register(ws: Workspace, kind: str, arguments: Sequence[str], run_id: int | None = None) -> int:
    """Write a queued job without starting anything: for work that runs in this very process."""
    with ws.write() as connection:
        job_id = store.add_job(connection, kind, arguments, run_id)
        _prepare(ws, job_id)
    return job_id


def stop(ws: Workspace, job_id: int) -> None:
    """Ask a job to stop. It ends within one step and keeps its best checkpoint.

    Raises:
        GapwiseError: If it does not run.
    """
    job = get_job(ws, job_id)
    if not job.active:
        raise GapwiseError(f"Job {job_id} is {job.state}; only a queued or running job can be stopped.")
    with ws.write() as connection:
        if not store.change_job(connection, job_id, store.ACTIVE, state="stopping"):
            return  # it ended by itself in this moment
    # The state is written before this look: a worker that is not ready yet reads the state once it is.
    beat = read_beat(ws.job_dir(job_id))
    with ws.read() as connection:
        row = store.job_row(connection, job_id)
    if beat is not None and beat.ready and beat.host == Beat().host and process.alive(row.pid, row.pid_started):
        try:
            os.kill(row.pid, signal.SIGTERM)
        except ProcessLookupError:
            return


def resume(ws: Workspace, job_id: int) -> None:
    """Run a stopped, failed or lost job again: same command, same run, from its latest checkpoint.

    Raises:
        GapwiseError: If it runs or has finished, or can't be started.
    """
    job = get_job(ws, job_id)
    if not job.resumable:
        raise GapwiseError(f"Job {job_id} is {job.state}; only a stopped, failed or lost job can be resumed.")
    with ws.read() as connection:
        row = store.job_row(connection, job_id)
    if row.pid is not None and (beat := read_beat(ws.job_dir(job_id))) and beat.host == Beat().host:
        process.kill(row.pid, row.pid_started)  # lost because it hangs: two writers in one run folder are worse
    with ws.write() as connection:
        # Compared with what was seen above: of two people who press resume, one starts it.
        unchanged = store.job_row(connection, job_id)
        if (unchanged.state, unchanged.pid, unchanged.ended) != (row.state, row.pid, row.ended):
            raise GapwiseError(f"Job {job_id} has just been resumed by somebody else.")
        fresh = {"pid": None, "pid_started": None, "message": None, "started": None, "ended": None}
        store.change_job(connection, job_id, state="queued", **fresh)
        _prepare(ws, job_id)
    _launch(ws, job_id, job.command)


def _prepare(ws: Workspace, job_id: int) -> None:
    try:
        folder = ws.job_dir(job_id)
        folder.mkdir(parents=True, exist_ok=True)
        write_beat(folder, Beat(message="Starting"))
    except OSError as error:
        raise GapwiseError(
            f"Can't write into {ws.root}: {error.strerror}. Free some space or change its rights."
        ) from error


def _launch(ws: Workspace, job_id: int, arguments: Sequence[str]) -> None:
    full = [*arguments, "--workspace", str(ws.root), "--job", str(job_id)]
    try:
        pid = process.spawn(full, log_path(ws, job_id))
    except OSError as error:
        message = f"The process could not be started: {error.strerror}."
        with ws.write() as connection:
            store.change_job(connection, job_id, state="failed", message=message, ended=time.time())
        raise GapwiseError(message) from error
    with ws.write() as connection:
        store.change_job(connection, job_id, store.ACTIVE, pid=pid, pid_started=process.started_at(pid))
