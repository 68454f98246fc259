"""Who looks at what: an item is leased to one person at a time.

In this process's memory, by its monotonic clock: nothing is written for a look, and a wall clock that is set back
neither hands an item out twice nor keeps it for ever. After a restart the browsers say with their next request what
they hold. Should two people have the same item all the same (two servers on one database), the first decision stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from threading import RLock

SECONDS = 300  # without a request that names the item: long enough for a hard picture and a telephone call


class Leases:
    """The leases of all workspaces; `lock` is held from looking for items to leasing them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.lock = RLock()
        self._clock = clock
        self._held: dict[tuple[str, int], dict[int, tuple[str, float]]] = {}

    def of_others(self, root: str, label_id: int, reviewer: str) -> set[int]:
        """Return the images that somebody else looks at; ended leases are forgotten."""
        with self.lock:
            held, now = self._held.get((root, label_id), {}), self._clock()
            for image_id in [i for i, (_, until) in held.items() if until <= now]:
                del held[image_id]
            return {i for i, (who, _) in held.items() if who != reviewer}

    def hold(self, root: str, label_id: int, reviewer: str, image_ids: Collection[int]) -> None:
        """Lease images to a person, or lengthen their leases; what somebody else holds stays theirs."""
        if not image_ids:
            return
        with self.lock:
            taken = self.of_others(root, label_id, reviewer)
            held = self._held.setdefault((root, label_id), {})
            until = self._clock() + SECONDS
            held.update({i: (reviewer, until) for i in image_ids if i not in taken})

    def release(self, root: str, label_id: int, reviewer: str, image_ids: Iterable[int]) -> None:
        """End a person's leases on images."""
        with self.lock:
            held = self._held.get((root, label_id), {})
            for image_id in image_ids:
                if held.get(image_id, ("", 0.0))[0] == reviewer:
                    del held[image_id]


leases = Leases()
