"""Figures that are dear to count, kept for a while: a small share of the time goes into counting."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from threading import Lock

SHARE = 0.005  # of the time: half a million waiting cells are counted in 25 ms, so every five seconds
LONGEST = 20.0  # seconds: what is older than that looks wrong to whoever waits for it


class Kept:
    """What was counted last, and until when that is good enough."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[Hashable, tuple[object, float]] = {}  # figure, until when it is good

    def get(self, key: Hashable, count: Callable[[], object], exact: bool = False) -> object:
        """Return a figure; it is counted when there is none, the last one is too old, or it must be exact."""
        with self._lock:
            known, good_until = self._known.get(key, (None, 0.0))
        if not exact and time.monotonic() < good_until:
            return known
        # What it took of this thread: on a busy machine the clock on the wall says more about others than about this.
        began = time.thread_time()
        found = count()
        good_for = min((time.thread_time() - began) / SHARE, LONGEST)
        with self._lock:
            self._known[key] = (found, time.monotonic() + good_for)
        return found

    def carry_on(self, key: Hashable, fewer: int) -> None:
        """Take away from a number that is kept what is known to have gone since."""
        with self._lock:
            known, *rest = self._known.get(key, (None,))
            if known is not None:
                self._known[key] = (max(0, known - fewer), *rest)


left = Kept()  # (workspace root, label id) to how many wait
