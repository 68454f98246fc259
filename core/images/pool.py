"""The same work on many pictures at once."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")
# A picture of the largest accepted size takes about a gigabyte while it is decoded.
MAX_WORKERS = 8


def workers() -> int:
    """Return how many pictures are worked on at once: the cores this process may use, at most 8."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MAX_WORKERS, cores)


def parallel(function: Callable[[In], Out], items: Iterable[In]) -> Iterator[Out]:
    """Yield `function(item)` in the items' order, a few at once and never far ahead.

    Threads, not processes: reading, hashing, decoding, scaling and encoding all let go of the
    interpreter lock, and a process started below Streamlit would run the app's script again.
    """
    waiting: deque[Future[Out]] = deque()
    count = workers()
    with ThreadPoolExecutor(count, thread_name_prefix="gapwise-images") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= 8 * count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
