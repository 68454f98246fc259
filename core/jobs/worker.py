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

from core.errors import GapwiseError
from core.jobs import process
from core.jobs.beat import Beat, write_beat
from core.jobs.job import list_jobs, log_path
from core.jobs.reporter import Console, Reporter, Silent
from core.jobs.turn import turn
from core.store import jobs as store
from core.workspace import Workspace

log = logging.getLogger("gapwise")

BEAT_SECONDS = 1.0
TURN_SECONDS = 0.3  # how often a queued job tries for the device
STOPPED_STATUS = 130  # what shells use for a command that ctrl-C ended


class JobReporter:
    """A reporter whose word goes into the heartbeat file, written by a thread of its own."""

    def __init__(self, ws: Workspace, job_id: int, mirror: Reporter) -> None:
        self.folder = ws.job_dir(job_id)
        self.stop_asked = threading.Event()
        self.stop_heard = False  # whether the work saw the request: only then was it cut short
        self._mirror = mirror
        self._beat = Beat(ready=True, pid=os.getpid(), message="Starting")
        self._guard = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beating, name="heartbeat", daemon=True)

    def progress(self, done: float, total: float, message: str = "", **figures: object) -> None:
        with self._guard:
            beat = self._beat
            if beat.since is None or total != beat.total or done < beat.done:
                beat.since, beat.first = time.time(), done
            beat.done, beat.total, beat.message = done, total, message or beat.message
            beat.figures = {**beat.figures, **figures}
        self._mirror.progress(done, total, message)

    def should_stop(self) -> bool:
        if self.stop_asked.is_set():
            self.stop_heard = True
        return self.stop_heard

    def say(self, message: str) -> None:
        """Change the line that people read, at once."""
        with self._guard:
            self._beat.message = message
        self._mirror.progress(0, 1, message)
        self._write()

    def __enter__(self) -> JobReporter:
        self._write()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._write()

    def _beating(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            self._write()

    def _write(self) -> None:
        with self._guard:
            self._beat.time = time.time()
            with suppress(OSError):  # a full disk: the work itself will meet it and say so
                write_beat(self.folder, self._beat)


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
        work: Takes a reporter and returns one line that says what came out. Raises GapwiseError for
            what people can act on.
        device: Whether to wait until no other job has the device.
        foreground: Whether a person watches: progress and errors go to standard error as well.

    Returns:
        The exit status: 0 finished, 1 failed, 130 stopped.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(os.environ):
        # Before torch is loaded. How long its threads spin before they sleep, images a second of quick-cpu on two
        # cores: always 198, beside two busy processes 57; never 110 and 84; 10,000 rounds 181 and 71.
        os.environ["GOMP_SPINCOUNT"] = "10000"
    reporter = JobReporter(ws, job_id, Console() if foreground else Silent())
    with _logging(ws, job_id), _signals(reporter):
        with ws.write() as connection:
            pid = os.getpid()
            store.change_job(connection, job_id, store.ACTIVE, pid=pid, pid_started=process.started_at(pid))
        with reporter:
            state, message = _attempt(ws, job_id, reporter, work, device)
            # Noted while the heart still beats: there is no moment in which it would look lost.
            _note_end(ws, job_id, state, message)
    if foreground and state != "finished":
        print(f"{'error: ' if state == 'failed' else ''}{message}", file=sys.stderr)
    return {"finished": 0, "failed": 1, "stopped": STOPPED_STATUS}[state]


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
            message = work(reporter)
        return ("stopped" if reporter.stop_heard else "finished"), message
    except GapwiseError as error:
        log.exception("failed")
        return "failed", str(error)
    except KeyboardInterrupt:
        return "stopped", "Stopped at once, by a second ctrl-C. Resume goes on from the latest checkpoint."
    except Exception as error:
        log.exception("failed")
        return "failed", _plain(error)


def _wait(ws: Workspace, job_id: int, reporter: JobReporter) -> bool:
    reporter.say("Waiting for its turn: another job, of this workspace or another, has the device")
    # The lock alone would hand the device to whoever tries first, not to who waits longest.
    while not reporter.stop_asked.wait(TURN_SECONDS):
        if not any(j.state == "queued" and j.id < job_id for j in list_jobs(ws, limit=50)):
            return True
    return False


def _plain(error: Exception) -> str:
    """Say an unexpected error in one line that names what to do."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full. Free some space, then resume: nothing that was saved is lost."
    if "out of memory" in text.lower() or isinstance(error, MemoryError):
        return "Out of memory. Choose a smaller batch or image size, then start again."
    return f"{text} (The log has the details.)"


def _note_end(ws: Workspace, job_id: int, state: str, message: str) -> None:
    log.info("%s: %s", state, message)
    for pause in (0.5, 2.0, None):  # the database may be locked or the disk full for a moment
        try:
            with ws.write() as connection:
                store.change_job(connection, job_id, state=state, message=message, ended=time.time())
            return
        except SQLAlchemyError:
            log.exception("could not note the end")
            if pause is None:
                raise
            time.sleep(pause)


@contextmanager
def _logging(ws: Workspace, job_id: int) -> Iterator[None]:
    handler = logging.FileHandler(log_path(ws, job_id), encoding="utf-8")
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
