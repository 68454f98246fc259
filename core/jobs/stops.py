"""Stops of a job that people end: its process is gone meanwhile, so that nothing holds a device while they work.

Which stop was ended is a file in the job's folder, written before the job is started again: a worker that died on the
way finds it, and a job that was only resumed after a kill stops at the same place again.
"""

from __future__ import annotations

from pathlib import Path

from core.files import write_atomic

FILE = "go-on"


class Waiting(str):
    """What work returns, instead of the plain line about what came out, when it ends at a stop: the job waits then."""

    __slots__ = ()


def release(folder: Path, number: int) -> None:
    """Note that a person ended a stop.

    Args:
        number: The stop's, from 1; later ones have larger numbers.

    Raises:
        OSError: If it can't be written.
    """
    if number > released(folder):  # a late press must not take back a newer one
        write_atomic(folder / FILE, str(number).encode())


def released(folder: Path) -> int:
    """Return the number of the last stop that a person ended, 0 when there is none."""
    try:
        return int((folder / FILE).read_text())
    except (FileNotFoundError, ValueError):
        return 0
