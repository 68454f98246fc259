"""Figures that are dear to count, kept for a while: a small share of the time goes into counting."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from threading import Lock

SHARE = 0.005  # of the time: half a million waiting cells are counted in 25 ms, so every five seconds


class Kept:
    """What was counted last, and until when that is good enough."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[Hashable, tuple[object, float, object]] = {}  # figure, until when it is good, edition

    def get(self, key: Hashable, count: Callable[[], object], exact: bool = False, edition: object = None) -> object:
        """Return a figure; it is counted when there is none, the last one is too old, or it must be exact.

        Args:
            edition: Of what is counted, where there is such a thing: while it stays the figure does, however old.
        """
        with self._lock:
            known, good_until, counted = self._known.get(key, (None, 0.0, None))
        if not exact and (time.monotonic() < good_until or (edition is not None and counted == edition)):
            return known
        began = time.monotonic()
        found = count()
        ended = time.monotonic()
        with self._lock:
            self._known[key] = (found, ended + (ended - began) / SHARE, edition)
        return found

    def carry_on(self, key: Hashable, fewer: int) -> None:
        """Take away from a number that is kept what is known to have gone since."""
        with self._lock:
            known, *rest = self._known.get(key, (None,))
            if known is not None:
                self._known[key] = (max(0, known - fewer), *rest)


left = Kept()  # (workspace root, label id) to how many wait
