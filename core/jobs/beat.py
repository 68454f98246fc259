"""The heartbeat file: one small JSON that one process replaces about once a second.

Kept out of the database so that a training never takes the write lock from a person who reviews.
"""

from __future__ import annotations

import json
import socket
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from core.files import write_atomic

FILE = "beat.json"
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

    @property
    def fresh(self) -> bool:
        return time.time() - self.time <= FRESH_SECONDS

    @property
    def eta(self) -> float | None:
        """Seconds left at the pace so far; None while there is no pace yet."""
        if self.since is None or self.done <= self.first or not self.total:
            return None
        pace = (self.time - self.since) / (self.done - self.first)
        return max(0.0, (self.total - self.done) * pace)


def write_beat(folder: Path, beat: Beat) -> None:
    """Replace the heartbeat file; a reader sees the old one or the new one, never half of one.

    Raises:
        OSError: If the disk is full or the folder is gone.
    """
    # Not synced: a beat that a power failure loses is of no use afterwards.
    write_atomic(folder / FILE, json.dumps(asdict(beat)).encode(), sync=False)


def read_beat(folder: Path) -> Beat | None:
    """Return the last heartbeat, None when there is none that can be read."""
    try:
        stored = json.loads((folder / FILE).read_bytes())
        known = {f.name for f in fields(Beat)}
        return Beat(**{k: v for k, v in stored.items() if k in known})
    except (OSError, ValueError, AttributeError):
        return None
