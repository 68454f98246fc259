"""The heart of a job's process: it beats once a second, hears requests to stop, and knows whose the job is."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from core.errors import GapwiseError
from core.jobs import process
from core.jobs.beat import Beat, stop_asked, write_beat
from core.jobs.reporter import Reporter
from core.store import jobs as store
from core.workspace import Workspace

log = logging.getLogger("gapwise")

BEAT_SECONDS = 1.0
LOOK_SECONDS = 0.25  # between two looks for the sign to stop, where no signal comes
STOPPED_STATUS = 130  # what shells use for a command that ctrl-C ended


class JobReporter:
    """A reporter whose word goes into the heartbeat file, written by a thread of its own."""

    def __init__(self, ws: Workspace, job_id: int, mirror: Reporter) -> None:
        self.ws, self.job_id, self.folder = ws, job_id, ws.job_dir(job_id)
        self.pid, self.pid_started = os.getpid(), process.started_at(os.getpid())
        self.stop_asked = threading.Event()
        self.stop_heard = False  # whether the work saw the request: only then was it cut short
        self._mirror = mirror
        self._beat = Beat(ready=True, pid=self.pid, message="Starting")
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

    def queue(self, device: str) -> None:
        """Tell at once that it waits for a device."""
        self._say("Waiting for its turn: another job, of this workspace or another, has the device", queue=device)

    def begin(self) -> None:
        """Tell at once that it waits no more."""
        self._say("Starting")

    def _say(self, message: str, queue: str = "") -> None:
        with self._guard:
            self._beat.message, self._beat.queue = message, queue
        self._mirror.progress(0, 1, message)
        self._write()

    def flush(self) -> None:
        """Write what was said last, so that whoever sees the end of the job sees its last figures too."""
        self._write()

    def note_failure(self, passing: bool) -> None:
        """Leave word whether the reason of a failure may pass by itself."""
        with self._guard:
            self._beat.passing = passing
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
        wrote = time.monotonic()
        while not self._over.wait(LOOK_SECONDS):
            if stop_asked(self.folder):
                self.stop_asked.set()
            if time.monotonic() - wrote >= BEAT_SECONDS:
                wrote = time.monotonic()
                self._look()
                self._write()

    def _look(self) -> None:
        """End this process if the job is not its own any more: it was silent, and somebody started it anew elsewhere.

        At once, since whatever it wrote now would be into another's files; each file is whole at any moment.
        """
        try:
            with self.ws.read() as connection:
                row = store.find_job(connection, self.job_id)
        except (GapwiseError, SQLAlchemyError):
            return  # a locked or full database says nothing about whose the job is
        if not store.holds(row, self.pid, self.pid_started):
            log.error("the job was started again or deleted: this attempt ends")
            os._exit(STOPPED_STATUS)
        if row.state == "stopping":
            self.stop_asked.set()

    def _write(self) -> None:
        with self._guard:
            self._beat.time = time.time()
            with suppress(OSError):  # a full disk: the work itself will meet it and say so
                write_beat(self.folder, self._beat)
