"""Start, stop, resume and repeat a command in another process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sqlalchemy import Row

from core.errors import GapwiseError
from core.files import write_atomic
from core.jobs import process
from core.jobs.beat import Beat, ask_stop, read_beat, withdraw_stop, write_beat
from core.jobs.job import get_job, log_path
from core.jobs.stops import release
from core.store import jobs as store
from core.workspace import Workspace


def start(
    ws: Workspace,
    kind: str,
    arguments: Sequence[str],
    run_id: int | None = None,
    files: Mapping[str, bytes] | None = None,
) -> int:
    """Start `python -m core ARGUMENTS` on a workspace and return the job's id at once.

    The process has a session of its own: it survives a closed tab, a closed terminal and a
    restarted server. It queues by itself while another job has the device.

    Args:
        kind: train, predict, measure: what people read.
        arguments: Verb and options; `--workspace` and `--job` are added here.
        run_id: A run that it works on, made by another job.
        files: What lies in the job's folder before the process begins, by name.

    Raises:
        GapwiseError: If the process can't be started.
    """
    job_id = register(ws, kind, arguments, run_id)
    for name, content in (files or {}).items():
        write_atomic(ws.job_dir(job_id) / name, content)
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

    A worker here gets a signal; one on another machine, and processes of its own, see a file in the job's folder.

    Raises:
        GapwiseError: If it does not run.
    """
    job = get_job(ws, job_id)
    if not job.active:
        raise GapwiseError(f"Job {job_id} is {job.state}; only a queued or running job can be stopped.")
    try:
        with ws.write() as connection:
            store.change_job(connection, job_id, store.ACTIVE, state="stopping")  # if it did not end in this moment
    finally:
        _tell_to_stop(ws, job_id)  # on a full disk too, where the state can't be written


def resume(ws: Workspace, job_id: int) -> None:
    """Run a stopped, failed or lost job again: same command, same run, from its latest checkpoint.

    Raises:
        GapwiseError: If it runs or has finished, or can't be started.
    """
    job = get_job(ws, job_id)
    if job.state == store.WAITING:
        raise GapwiseError(f"Job {job_id} waits for a person: `python -m core {job.kind} go-on {job_id}` ends that.")
    if not job.resumable:
        raise GapwiseError(f"Job {job_id} is {job.state}; only a stopped, failed or lost job can be resumed.")
    _queue_again(ws, job_id, end_silent(ws, job_id))
    _launch(ws, job_id, job.command)


def go_on(ws: Workspace, job_id: int, number: int, *, here: bool = False) -> None:
    """End a stop that a job waits at: same job, from there.

    Args:
        number: Which stop, from 1. Where the job has come to a later one, it stays there: a late press ends nothing
            that nobody has looked at.
        here: Only queue it: its work is done by this very process.

    Raises:
        GapwiseError: If it does not wait, or can't be started.
    """
    job = get_job(ws, job_id)
    if job.state != store.WAITING:
        raise GapwiseError(f"Job {job_id} is {job.state}: it waits for nobody.")
    with ws.read() as connection:
        row = store.job_row(connection, job_id)
    # Before the job is queued: a process that dies at once must not leave one that nobody can let go on.
    release(ws.job_dir(job_id), number)
    _queue_again(ws, job_id, row)
    if not here:
        _launch(ws, job_id, job.command)


def end_waiting(ws: Workspace, job_id: int, message: str) -> None:
    """End a job that waits, with one line that says what came out.

    Raises:
        GapwiseError: If it does not wait.
    """
    with ws.write() as connection:
        new = {"state": "finished", "message": message, "ended": time.time()}
        if not store.change_job(connection, job_id, (store.WAITING,), **new):
            raise GapwiseError(f"Job {job_id} is {store.job_row(connection, job_id).state}: it waits for nobody.")


def retry(ws: Workspace, job_id: int) -> int:
    """Start a job's command anew, as a job and a run of its own; return the new job's id.

    The old one stays as it is, but for a worker that hangs: it would keep the device for ever, and is ended.

    Raises:
        GapwiseError: If it runs, or can't be started.
    """
    job = get_job(ws, job_id)
    if job.active:
        raise GapwiseError(f"Job {job_id} is {job.state}. Stop it first, or start a second one like it.")
    end_silent(ws, job_id)
    with ws.read() as connection:
        own = job.run_id in store.own_runs(connection, job_id)
    return start(ws, job.kind, job.command, None if own else job.run_id)


def end_silent(ws: Workspace, job_id: int) -> Row:
    """End the worker of a job that is lost because it hangs; return the job as it was stored before."""
    with ws.read() as connection:
        row = store.job_row(connection, job_id)
    if row.pid is not None and (beat := read_beat(ws.job_dir(job_id))) and beat.here:
        process.kill(row.pid, row.pid_started)  # two writers in one run folder are worse
    return row


def unchanged(before: Row, now: Row) -> bool:
    """Whether a job was left alone between two looks."""
    return (now.state, now.pid, now.ended) == (before.state, before.pid, before.ended)


def _queue_again(ws: Workspace, job_id: int, seen: Row) -> None:
    with ws.write() as connection:
        # Compared with what was seen before: of two people who press, one starts it.
        now = store.job_row(connection, job_id)
        if not unchanged(seen, now):
            raise GapwiseError(f"Job {job_id} has just been resumed by somebody else.")
        fresh = {"pid": None, "pid_started": None, "message": None, "started": None, "ended": None}
        store.change_job(connection, job_id, state="queued", **fresh)
        _prepare(ws, job_id)


def _prepare(ws: Workspace, job_id: int) -> None:
    try:
        folder = ws.job_dir(job_id)
        folder.mkdir(parents=True, exist_ok=True)
        withdraw_stop(folder)
        write_beat(folder, Beat(message="Starting"))
    except OSError as error:
        raise GapwiseError(
            f"Can't write into {ws.root}: {error.strerror}. Free some space or change its rights."
        ) from error


def _tell_to_stop(ws: Workspace, job_id: int) -> None:
    folder = ws.job_dir(job_id)
    with suppress(OSError):  # a full disk: the worker looks at the state as well
        ask_stop(folder)
    # The state is written before this look: a worker that is not ready yet reads the state once it is.
    beat = read_beat(folder)
    with ws.read() as connection:
        row = store.job_row(connection, job_id)
    if beat is not None and beat.ready and beat.here and process.alive(row.pid, row.pid_started):
        with suppress(ProcessLookupError):
            os.kill(row.pid, signal.SIGTERM)


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
