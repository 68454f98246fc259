"""The worker's side of a job: heartbeat, turn, stop requests and a truthful end."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress

from sqlalchemy.exc import SQLAlchemyError

from core.aside import spin_less
from core.errors import GapwiseError, first_line
from core.jobs.beat import read_beat
from core.jobs.heart import STOPPED_STATUS, JobReporter
from core.jobs.job import Job, active_jobs, log_path
from core.jobs.reporter import Console, Silent
from core.jobs.stops import Waiting
from core.jobs.turn import lock_file, turn
from core.store import jobs as store
from core.workspace import Workspace

log = logging.getLogger("gapwise")

FULL = "The disk is full. Free some space, then resume: nothing that was saved is lost."
RESERVE, RESERVE_BYTES = "reserve", 256 * 1024  # SQLite's log of one small transaction is a tenth of that
TURN_SECONDS = 0.3  # how often a queued job tries for the device


def run_job(
    ws: Workspace,
    job_id: int,
    work: Callable[[JobReporter], str],
    *,
    device: bool = True,
    foreground: bool = False,
) -> int:
    """Do a job's work in this process and note how it ended.

    Args:
        work: Takes a reporter and returns one line that says what came out, a `Waiting` where the job is to wait
            until a person lets it go on. Raises GapwiseError for what people can act on.
        device: Whether to wait until no other job has the device.
        foreground: Whether a person watches: progress and errors go to standard error as well.

    Returns:
        The exit status: 0 finished or waiting, 1 failed, 130 stopped.
    """
    spin_less(os.environ)
    reporter = JobReporter(ws, job_id, Console() if foreground else Silent())
    with _logging(ws, job_id), _signals(reporter):
        with ws.write() as connection:
            own = {"pid": reporter.pid, "pid_started": reporter.pid_started}
            if not store.change_job(connection, job_id, store.ACTIVE, **own):
                store.job_row(connection, job_id)
                raise GapwiseError(f"Job {job_id} is over: nothing is left to do. Resume or retry it.")
        with reporter, _reserve(ws, job_id):
            state, message = _attempt(ws, job_id, reporter, work, device)
            reporter.flush()
            # Noted while the heart still beats: there is no moment in which it would look lost.
            _note_end(ws, reporter, state, message)
    if foreground and state not in ("finished", store.WAITING):
        print(f"{'error: ' if state == 'failed' else ''}{message}", file=sys.stderr)
    return {"finished": 0, store.WAITING: 0, "failed": 1, "stopped": STOPPED_STATUS}[state]


def _attempt(
    ws: Workspace, job_id: int, reporter: JobReporter, work: Callable[[JobReporter], str], device: bool
) -> tuple[str, str]:
    with ws.read() as connection:
        if store.job_row(connection, job_id).state == "stopping":
            reporter.stop_asked.set()
    try:
        with turn(lambda: _wait(ws, job_id, reporter)) if device else nullcontext(True) as ours:
            if not ours or reporter.should_stop():
                return "stopped", "Stopped before it began."
            with ws.write() as connection:
                store.change_job(connection, job_id, ("queued",), state="running", started=time.time())
            reporter.begin()
            message = work(reporter)
        if reporter.stop_heard:
            return "stopped", message
        return (store.WAITING if isinstance(message, Waiting) else "finished"), str(message)
    except GapwiseError as error:
        log.exception("failed")
        reporter.note_failure(passing=_may_pass(error.__cause__))
        return "failed", FULL if isinstance(error.__cause__, SQLAlchemyError) and _full(error) else str(error)
    except KeyboardInterrupt:
        return "stopped", "Stopped at once, by a second ctrl-C. Resume goes on from the latest checkpoint."
    except Exception as error:
        log.exception("failed")
        reporter.note_failure(passing=not _too_large(error))
        return "failed", _plain(error)


def _wait(ws: Workspace, job_id: int, reporter: JobReporter) -> bool:
    reporter.queue(lock_file().name)
    # The lock alone would hand the device to whoever tries first, not to who waits longest.
    while not reporter.stop_asked.wait(TURN_SECONDS):
        if not any(_before(ws, job, job_id) for job in active_jobs(ws)):
            return True
    return False


def _before(ws: Workspace, job: Job, job_id: int) -> bool:
    """Whether a job waits longer for the same device."""
    if job.state != "queued" or job.id >= job_id:
        return False
    beat = read_beat(ws.job_dir(job.id))
    # A worker that is not up yet may be about to wait; one that is up and waits for no device waits for a cluster.
    return beat is not None and (not beat.ready or beat.queue == lock_file().name)


def _plain(error: Exception) -> str:
    """Say an unexpected error in one line that names what to do."""
    if _full(error):
        return FULL
    if _too_large(error):
        return "Out of memory. Choose a smaller batch or image size, then start again."
    return f"{first_line(error)} (The log has the details.)"


def _may_pass(cause: BaseException | None) -> bool:
    """Whether the same command may succeed later: a disk has room again, a database or a cluster answers."""
    passing = SQLAlchemyError | ConnectionError | ChildProcessError  # the last for processes that were killed
    return isinstance(cause, passing) or (cause is not None and _full(cause))


def _full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    # SQLite's words, and those of the writers of weights, whose errors have no number.
    return any(words in str(error) for words in ("disk is full", os.strerror(errno.ENOSPC)))


def _too_large(error: Exception) -> bool:
    return "out of memory" in str(error).lower() or isinstance(error, MemoryError)


def _note_end(ws: Workspace, reporter: JobReporter, state: str, message: str) -> None:
    log.info("%s: %s", state, message)
    for pause in (0.5, 2.0, None):  # the database may be locked or the disk full for a moment
        try:
            with ws.write() as connection:
                row = store.find_job(connection, reporter.job_id)
                if store.holds(row, reporter.pid, reporter.pid_started):  # else it is another attempt's to say
                    store.change_job(connection, reporter.job_id, state=state, message=message, ended=time.time())
            return
        except (GapwiseError, SQLAlchemyError):
            log.exception("could not note the end")
            (reporter.folder / RESERVE).unlink(missing_ok=True)
            if pause is None:
                raise
            time.sleep(pause)


@contextmanager
def _reserve(ws: Workspace, job_id: int) -> Iterator[None]:
    """Hold some room on the disk, for the words about how the job ended: on a full one nothing else could be noted."""
    file = ws.job_dir(job_id) / RESERVE
    with suppress(OSError):
        file.write_bytes(os.urandom(RESERVE_BYTES))  # zeros may take no room
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


class _LogFile(logging.FileHandler):
    """A log that a full disk silences: what happened is told by the job's end."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass

    def close(self) -> None:
        with suppress(OSError):
            super().close()


@contextmanager
def _logging(ws: Workspace, job_id: int) -> Iterator[None]:
    handler = _LogFile(log_path(ws, job_id), encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    before = log.level, log.propagate
    log.setLevel(logging.INFO)
    log.propagate = False  # tracebacks belong into the log, not onto the terminal
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        handler.close()
        log.level, log.propagate = before


@contextmanager
def _signals(reporter: JobReporter) -> Iterator[None]:
    """Take SIGTERM and the first ctrl-C as a request to stop; a second ctrl-C stops at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python takes signals in the main thread only
        return

    def ask(number: int, _frame: object) -> None:
        if number == signal.SIGINT and reporter.stop_asked.is_set():
            raise KeyboardInterrupt
        reporter.stop_asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
