"""One job per device at a time: the others wait their turn, oldest first."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def lock_file() -> Path:
    """Return the lock of this machine's device, in `GAPWISE_LOCKS` or the machine's temporary folder.

    All workspaces of a user share it, since they share the device. Jobs that see different
    GPUs (`CUDA_VISIBLE_DEVICES`) have different locks.
    """
    folder = Path(os.environ.get("GAPWISE_LOCKS") or Path(tempfile.gettempdir()) / f"gapwise-{os.getuid()}")
    folder.mkdir(parents=True, exist_ok=True)
    seen = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
    return folder / f"device-{''.join(c if c.isalnum() else '-' for c in seen)}.lock"


@contextmanager
def turn(wait: Callable[[], bool]) -> Iterator[bool]:
    """Hold the device. The system frees it when the process ends, however it ends.

    Args:
        wait: Called between tries; sleeps a moment and returns False to give up.

    Yields:
        Whether it is our turn; False when `wait` gave up.
    """
    with open(lock_file(), "a") as file:
        yield _acquire(file.fileno(), wait)


def _acquire(descriptor: int, wait: Callable[[], bool]) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if not wait():
                return False
