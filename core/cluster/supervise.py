"""A job whose training runs in other processes: prepares, starts, mirrors, stops, and predicts at the end.

Imports torch: for worker processes only.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
import time
import uuid

from core.cluster.engine import Ended, Ranks
from core.cluster.folder import Attempt, RankFolder, Told, me
from core.cluster.local import LocalRanks, end_all_here
from core.cluster.ray_jobs import RayRanks, connect, end_submission
from core.cluster.where import Where
from core.errors import GapwiseError
from core.jobs.job import log_path
from core.jobs.reporter import Reporter
from core.jobs.turn import turn
from core.pseudo.predict import predict
from core.store import jobs as store
from core.store import runs
from core.training.device import describe
from core.training.rank import ORPHANED_SECONDS
from core.training.rundir import RunDir
from core.training.train import Order, full_disk_told, prepare, result_line, train
from core.workspace import Workspace

log = logging.getLogger("gapwise")

LOOK_SECONDS = 0.3
FULL_BYTES = 64 * 1024  # less than any file that a process would have left
HEAR_SECONDS = 5.0  # the reporter looks more often
# What a process says when another one is gone: a consequence, no reason.
_LOST = re.compile(r"closed by peer|reset by peer|broken pipe|gloo|nccl", re.IGNORECASE)
STOP_SECONDS = 180.0  # from the stop sign to the end of a step and the checkpoint; then they are ended


def train_there(ws: Workspace, order: Order, reporter: Reporter, job_id: int, run_id: int | None, where: Where) -> str:
    """Train as `core.training.train.train` does, in as many processes and on the machines that `where` says.

    Raises:
        GapwiseError: For everything that a person can do something about.
    """
    folder = RankFolder(ws.job_dir(job_id))
    end_earlier(folder)  # first: a training that was left running would go on writing into the run's folder
    engine = _engine(ws, folder, job_id, where)
    if engine is None:
        return train(ws, order, reporter, job_id, run_id)
    with full_disk_told():
        if run_id is None:
            run_id = prepare(ws, order, reporter, job_id)
        told = None if run_id is None else Supervision(ws, job_id, run_id, engine, folder, reporter).run()
        if told is None:
            return "Stopped before training began."
        if not told.end:
            return "Ended without an answer to the stop request. Resume goes on from the latest checkpoint."
        result = result_line(run_id, told.best, told.epoch, told.seconds, told.heldout)
        if told.end != "over":
            return f"Stopped in epoch {told.epoch + 1} of {told.total:g}. {result}"
        if not order.predict:
            return result
        count = _predict(ws, run_id, reporter, where)
    return f"{result} {count} open cells have a proposal."


def end_earlier(folder: RankFolder) -> None:
    """End what an earlier attempt of the job left running, here or on a cluster.

    Raises:
        GapwiseError: If that can't be known.
    """
    earlier = folder.attempt()
    if earlier is None or earlier.over:
        return
    if earlier.submission:
        end_submission(connect(str(earlier.cluster)), earlier.submission)
    end_all_here(folder)
    earlier.over = True
    folder.set_attempt(earlier)


def _engine(ws: Workspace, folder: RankFolder, job_id: int, where: Where) -> Ranks | None:
    """Return what starts the processes, None where this one can do it alone."""
    log_file = log_path(ws, job_id)
    if where.cluster is not None:
        return RayRanks(folder, where, log_file)
    count = where.processes
    if count is None:
        found = describe()
        count = int(found["count"]) if found["device"] == "cuda" else 1
    return LocalRanks(folder, count, log_file) if count > 1 else None


def _predict(ws: Workspace, run_id: int, reporter: Reporter, where: Where) -> int:
    if where.cluster is None:
        return predict(ws, run_id, reporter)  # the job has the device already

    def wait() -> bool:
        reporter.progress(0, 0, "Waiting for this machine's device, to predict the open cells")
        time.sleep(LOOK_SECONDS)
        return not reporter.should_stop()

    with turn(wait) as ours:
        return predict(ws, run_id, reporter) if ours else 0


class Supervision:
    """One attempt of a job, from the start of its processes to their end."""

    def __init__(
        self, ws: Workspace, job_id: int, run_id: int, engine: Ranks, folder: RankFolder, reporter: Reporter
    ) -> None:
        self.ws, self.job_id, self.run_id = ws, job_id, run_id
        self.engine, self.folder, self.reporter = engine, folder, reporter
        self.attempt = Attempt(f"{job_id}-{uuid.uuid4().hex[:8]}", supervisor=me())
        self.epochs = RunDir(ws.run_dir(run_id)).recipe().epochs
        self._best: dict = {}
        self._queued = False

    def run(self) -> Told | None:
        """Start the processes and go with them to the end; None when they were stopped before they began.

        What is returned has no `end` where they did not answer a stop request.

        Raises:
            GapwiseError: If they fail.
        """
        self.reporter.progress(0, self.epochs, f"Starting {self.engine.describe()}")
        self.folder.begin(self.attempt)
        ended = None
        try:
            self.engine.start(self._arguments(), self.attempt)
            ended = self._follow()
        finally:
            self._show_queued(False)
            self._end(known=ended is not None)
        told = self._mirror()
        return told if ended is None else self._checked(ended, told)

    def _end(self, known: bool) -> None:
        """Leave nothing running.

        Args:
            known: Whether it is known how the processes ended: then that is what people are told.
        """
        try:
            self.engine.end()
        except GapwiseError:
            if not known:
                raise
            log.exception("whether all processes have ended is not known; resume looks again")
            return
        self.attempt.over = True
        self.folder.set_attempt(self.attempt)

    def _arguments(self) -> list[str]:
        named = {
            "root": self.ws.root,
            "run": self.run_id,
            "folder": self.folder.root,
            "attempt": self.attempt.id,
            "world": self.engine.count,
        }
        return [word for name, value in named.items() for word in (f"--{name}", str(value))]

    def _follow(self) -> Ended | None:
        """Return how they ended, None when they had to be ended after a stop request."""
        asked = None
        while (ended := self.engine.ended()) is None:
            told = self._mirror()
            if self.reporter.should_stop():
                if told is None:
                    return None
                self.folder.ask_stop()
                asked = asked or time.monotonic()
                if time.monotonic() - asked > STOP_SECONDS:
                    log.info("the processes did not end within %d s of the stop request", STOP_SECONDS)
                    return None
            time.sleep(LOOK_SECONDS)
        return ended

    def _mirror(self) -> Told | None:
        told = self.folder.told(self.attempt.id)
        waiting = self.engine.waiting() if told is None else None
        self._show_queued(waiting is not None)
        if waiting is not None:
            self.reporter.progress(0, self.epochs, waiting)
        if told is None:
            return None
        if told.total:
            figures = {**told.figures, "processes": told.world}
            self.reporter.progress(told.done, told.total, told.message, **figures)
        if told.best and told.best != self._best:
            self._best = told.best
            with self.ws.write() as connection:
                runs.set_metrics(connection, self.run_id, told.best)
        return told

    def _show_queued(self, queued: bool) -> None:
        if queued != self._queued:
            self._queued = queued
            before, after = ("running", "queued") if queued else ("queued", "running")
            with self.ws.write() as connection:
                store.change_job(connection, self.job_id, (before,), state=after)

    def _checked(self, ended: Ended, told: Told | None) -> Told:
        if ended.well and told is not None and told.end:
            if told.end == "orphaned":
                raise GapwiseError(
                    f"The training processes heard nothing of this job for {ORPHANED_SECONDS:.0f} seconds (did this"
                    " machine sleep?), saved and ended. Resume it; it goes on from there."
                ) from ConnectionError("orphaned")
            if told.end == "stopped":
                self._hear()
            return told
        noted = self.folder.failure()
        if noted and noted["clear"]:
            raise GapwiseError(noted["message"])
        if ended.clear:
            raise GapwiseError(ended.message) from (ChildProcessError(ended.message) if ended.passing else None)
        if shutil.disk_usage(self.folder.root).free < FULL_BYTES:  # then no process could leave word
            raise GapwiseError(
                "The disk is full. Free some space, then resume: the best and the latest checkpoint are kept."
            ) from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if noted and not _LOST.search(noted["message"]):
            raise GapwiseError(f"A training process failed: {noted['message']} (The log has the details.)")
        raise GapwiseError(
            f"One of the {self.engine.count} training processes ended without a word"
            f" ({ended.message or 'no exit status'}): killed, out of memory, or stopped by the system. The log has"
            " their last lines. Resume it; it goes on from its latest checkpoint."
        ) from ChildProcessError(ended.message)

    def _hear(self) -> None:
        """Take note of a stop sign that the processes saw first."""
        end = time.monotonic() + HEAR_SECONDS
        while not self.reporter.should_stop() and time.monotonic() < end:
            time.sleep(0.05)
