"""What each of several processes runs to train one model together. Imports torch: for worker processes only.

`accelerate launch … -m core.training.rank` on one machine, `core.cluster.driver` on a cluster. It reads the run folder
and the decoded pictures, writes checkpoints and metrics, and never touches the database: the job does that.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import torch

from core.cluster.folder import RankFolder, Told, check_seen, lives
from core.errors import GapwiseError, first_line
from core.jobs.beat import read_beat
from core.jobs.reporter import Silent
from core.store.engine import open_engine
from core.training import witness
from core.training.checkpoint import Position
from core.training.loop import Trainer
from core.training.train import full_disk_told, trainer
from core.workspace import Workspace

log = logging.getLogger("gapwise")

LOOK_SECONDS = 0.3  # between two looks for the stop sign and the job
TELL_SECONDS = 0.3
GONE_SECONDS = 5.0  # without a heartbeat from a job whose process is gone
ORPHANED_SECONDS = 120.0  # without one from a job of which nothing else is known: a network disk may be slow
JOIN_MINUTES = 10  # for all processes to find each other, and for one to wait for the others


def fit(root: Path, run_id: int, job_folder: Path, attempt: str, world: int) -> str:
    """Train a prepared run, together with the other processes; return how it ended: over, stopped, orphaned.

    Args:
        root: The workspace.
        attempt: Which attempt of the job this is for.
        world: How many processes train together.

    Raises:
        GapwiseError: If this machine does not see the workspace, the processes don't make one world, or for
            what `Trainer.fit` raises.
    """
    folder, rank = RankFolder(job_folder), int(os.environ.get("RANK", 0))
    check_seen(folder, attempt, root)
    folder.join(rank)
    try:
        with full_disk_told():
            return _fit(Workspace(root, open_engine("sqlite://")), run_id, folder, attempt, world, rank)
    except Exception as error:
        # A full disk has no room for this either; the log has it then.
        _try_to_note(folder, rank, error)
        raise


def _fit(ws: Workspace, run_id: int, folder: RankFolder, attempt: str, world: int, rank: int) -> str:
    log.setLevel(logging.INFO if rank == 0 else logging.WARNING)
    _meet()
    reporter = Speaker(folder, attempt, world) if rank == 0 else Silent()
    # Not the reporter: a process that is asked to stop here would leave the others waiting for it.
    work = trainer(ws, run_id, Silent())
    witness.check_world(work.accelerator, world)
    work.on_best = reporter.best if rank == 0 else lambda metrics: None
    witness.check_after_first_step(work)
    if os.environ.get(witness.VARIABLE):
        witness.bear(work, folder.root / f"witness-{rank}.jsonl")
    position = work.fit(reporter)
    if rank == 0:
        reporter.close(work, position)
        return reporter.told.end
    return "over" if position.over else "stopped"


def _meet() -> None:
    """Join the processes, where the launcher did not, and tell Accelerate when they compute on CPUs."""
    dist = torch.distributed
    if not dist.is_initialized() and int(os.environ.get("WORLD_SIZE", 1)) > 1:
        gpu = torch.cuda.is_available()
        if gpu:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("nccl" if gpu else "gloo", timeout=timedelta(minutes=JOIN_MINUTES))
    if dist.is_initialized() and "nccl" not in dist.get_backend():
        # Without it Accelerate 1.15 looks for GPUs only, finds none and sees one process: itself.
        os.environ["ACCELERATE_USE_CPU"] = "1"


class Speaker:
    """The first process's word to the job, and its ear. Only it listens: the loop agrees on what it heard."""

    def __init__(self, folder: RankFolder, attempt: str, world: int) -> None:
        self.folder, self.told = folder, Told(attempt=attempt, world=world, message="Starting")
        self.folder.tell(self.told)
        self._spoke = self._looked = self._fresh = time.monotonic()
        self._beat: float | None = None
        self._heard = ""

    def progress(self, done: float, total: float, message: str = "", **figures: object) -> None:
        told = self.told
        self.told = replace(
            told, done=done, total=total, message=message or told.message, figures={**told.figures, **figures}
        )
        if time.monotonic() - self._spoke > TELL_SECONDS:
            self._spoke = time.monotonic()
            self.folder.tell(self.told)

    def best(self, metrics: dict) -> None:
        """Tell the metrics of the best epoch so far."""
        self.told = replace(self.told, best=metrics)
        self.folder.tell(self.told)

    def should_stop(self) -> bool:
        """Whether the job asks for it, or nobody is left to ask."""
        if not self._heard and time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            self._heard = self._look()
        return bool(self._heard)

    def close(self, work: Trainer, position: Position) -> None:
        """Tell how it ended."""
        self.told = replace(
            self.told,
            best=position.best,
            epoch=position.epoch,
            seconds=position.seconds,
            heldout=len(work.heldout),
            end="over" if position.over else self._heard,
        )
        self.folder.tell(self.told)

    def _look(self) -> str:
        attempt = self.folder.attempt()
        if attempt is None or attempt.id != self.told.attempt:
            # Not a stop: nothing may be saved into a folder that somebody else writes now, or that was deleted.
            raise GapwiseError("The job was started again or deleted; this attempt of it ends.")
        if self.folder.stop_asked:
            return "stopped"
        return "orphaned" if self._alone(attempt.supervisor) else ""

    def _alone(self, supervisor: dict) -> bool:
        beat = read_beat(self.folder.root)
        if beat is not None and beat.time != self._beat:  # compared, not subtracted: clocks of machines differ
            self._beat, self._fresh = beat.time, time.monotonic()
        silent = time.monotonic() - self._fresh
        # Both signs are needed: a host name alone may stand for several containers with pids of their own.
        return silent > (ORPHANED_SECONDS if lives(supervisor) else GONE_SECONDS)


def _try_to_note(folder: RankFolder, rank: int, error: Exception) -> None:
    clear = isinstance(error, GapwiseError)
    message = str(error).strip() if clear else first_line(error)
    try:
        folder.note_failure(rank, message, clear)
    except OSError:
        log.exception("could not say why it failed")


def log_to_stderr() -> None:
    """Send what the loop logs to this process's standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    log.handlers, log.propagate = [handler], False
    logging.getLogger("accelerate").setLevel(logging.WARNING)  # Ray lets through five lines for each checkpoint


def main() -> int:
    """Run one process; its rank and the others' number come from the environment, as torchrun sets it."""
    parser = argparse.ArgumentParser(prog="core.training.rank")
    for name, kind in (("root", Path), ("run", int), ("folder", Path), ("attempt", str), ("world", int)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    args = parser.parse_args()
    log_to_stderr()
    try:
        fit(args.root, args.run, args.folder, args.attempt, args.world)
    except GapwiseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
