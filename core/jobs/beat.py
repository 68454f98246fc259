"""The heartbeat file: one small JSON that one process replaces about once a second.

Kept out of the database so that a training never takes the write lock from a person who reviews.
"""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from core.files import write_atomic

FILE = "beat.json"
STOP = "stop"  # there when the job is to end: seen from other machines and by child processes, where no signal comes
FRESH_SECONDS = 15.0  # a worker beats every second; 15 missed beats are no hiccup of a busy machine


@dataclass
class Beat:
    """What a worker says about itself.

    Attributes:
        time: When it was written, seconds since the epoch.
        ready: Whether the worker handles the stop signal yet; a signal before that would kill it.
        pid, host: Who wrote it; a pid means something on its own host only.
        done, total: Progress in units of the work's own choice; total 0 while unknown.
        first, since: `done` and the time at the first report, for the time left.
        message: One line for people.
        figures: Loss, accuracy and the like, JSON values by name.
        queue: The device that it waited for, by the name of its lock; empty before that.
        passing: After a failure: whether its reason may pass (a full disk, for example), so that the same command
            has a chance.
    """

    time: float = field(default_factory=time.time)
    ready: bool = False
    pid: int | None = None
    host: str = field(default_factory=socket.gethostname)
    done: float = 0.0
    total: float = 0.0
    first: float = 0.0
    since: float | None = None
    message: str = ""
    figures: dict = field(default_factory=dict)
    queue: str = ""
    passing: bool = False

    @property
    def fresh(self) -> bool:
        return time.time() - self.time <= FRESH_SECONDS

    @property
    def here(self) -> bool:
        """Whether this machine wrote it."""
        return self.host == socket.gethostname()

    @property
    def eta(self) -> float | None:
        """Seconds left at the pace so far; None while there is no pace yet."""
        if self.since is None or self.done <= self.first or not self.total:
            return None
        pace = (self.time - self.since) / (self.done - self.first)
        return max(0.0, (self.total - self.done) * pace)


def write_beat(folder: Path, beat: Beat) -> None:
    """Replace the heartbeat file; a reader sees the old one or the new one, never half of one.

    On a full disk the old one stays, and only its time is set: a worker that lives must not look lost.

    Raises:
        OSError: If the folder is gone, or the disk is full and there is no older file.
    """
    path = folder / FILE
    try:
        # Not synced: a beat that a power failure loses is of no use afterwards.
        write_atomic(path, json.dumps(asdict(beat)).encode(), sync=False)
    finally:
        os.utime(path, (beat.time, beat.time))  # needs no space


def read_beat(folder: Path) -> Beat | None:
    """Return the last heartbeat, None when there is none that can be read."""
    path = folder / FILE
    try:
        stored = json.loads(path.read_bytes())
        known = {f.name for f in fields(Beat)}
        beat = Beat(**{k: v for k, v in stored.items() if k in known})
        beat.time = max(beat.time, path.stat().st_mtime)
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return beat


def ask_stop(folder: Path) -> None:
    """Leave the sign that the job is to end.

    Raises:
        OSError: If it can't be written.
    """
    (folder / STOP).touch()


def stop_asked(folder: Path) -> bool:
    return (folder / STOP).exists()


def withdraw_stop(folder: Path) -> None:
    """Remove the sign, before the job is started again."""
    (folder / STOP).unlink(missing_ok=True)
