"""What the server keeps of maps and layers that no database has, within bounds. No torch."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

from core.explain.asking import Answer

MOST = 32 * 2**20  # bytes: some thousand answers of a network of 1,000 classes, some forty of one of 21,841
_NUMBER = 32  # bytes of a probability: a float, and its place in a list
_OBJECT = 1500  # bytes of an answer's other fields and its key, and of a layer's


class Kept:
    """Answers and lists of layers by key; what was asked for longest ago goes first. Safe to share between threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._bytes, self._guard = most, 0, threading.Lock()
        self._values: OrderedDict[Hashable, Answer | list] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable) -> Answer | list | None:
        """Return what is kept under a key, None where nothing is."""
        with self._guard:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Hashable, value: Answer | list) -> None:
        """Keep something; what is larger than all that may be kept is not."""
        with self._guard:
            before = self._values.pop(key, None)
            self._bytes -= 0 if before is None else size(before)
            if size(value) > self._most:
                return
            self._values[key] = value
            self._bytes += size(value)
            while self._bytes > self._most:
                self._bytes -= size(self._values.popitem(last=False)[1])


def size(value: Answer | list) -> int:
    """Return about how many bytes of memory an answer or a list of layers takes."""
    if isinstance(value, Answer):
        return _OBJECT + len(value.map) + _NUMBER * len(value.probs)
    return _OBJECT * (1 + len(value))
