"""Who looks at what: an item is leased to one person at a time, who may look at it in several tabs.

In this process's memory, by its monotonic clock: nothing is written for a look, and a wall clock that is set back
neither hands an item out twice nor keeps it for ever. After a restart the browsers say with their next request what
they hold. Should two people have the same item all the same (two servers on one database), the first decision stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from threading import RLock

SECONDS = 300  # without a request that names the item: long enough for a hard picture and a telephone call


@dataclass
class _Lease:
    reviewer: str
    tabs: set[str]
    until: float  # by the clock of `Leases`


class Leases:
    """The leases of all workspaces; `lock` is held from looking for items to leasing them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.lock = RLock()
        self._clock = clock
        self._held: dict[tuple[str, int], dict[int, _Lease]] = {}

    def of_others(self, root: str, label_id: int, reviewer: str) -> set[int]:
        """Return the images that somebody else looks at; ended leases are forgotten."""
        with self.lock:
            held, now = self._held.get((root, label_id), {}), self._clock()
            for image_id in [i for i, lease in held.items() if lease.until <= now]:
                del held[image_id]
            return {i for i, lease in held.items() if lease.reviewer != reviewer}

    def hold(self, root: str, label_id: int, reviewer: str, image_ids: Collection[int], tab: str = "") -> None:
        """Lease images to a person, or lengthen their leases; what somebody else holds stays theirs."""
        if not image_ids:
            return
        with self.lock:
            taken = self.of_others(root, label_id, reviewer)
            held = self._held.setdefault((root, label_id), {})
            until = self._clock() + SECONDS
            for image_id in image_ids:
                if image_id not in taken:
                    lease = held.setdefault(image_id, _Lease(reviewer, set(), until))
                    lease.tabs.add(tab)
                    lease.until = until

    def release(
        self, root: str, label_id: int, reviewer: str, image_ids: Iterable[int], tab: str | None = None
    ) -> None:
        """End a person's leases on images; with a tab, those that no other tab of theirs holds.

        Names are only typed where there is no login: two people may have the same one until the second has typed
        another, and what that tab no longer holds is still in front of the first.
        """
        with self.lock:
            held = self._held.get((root, label_id), {})
            for image_id in image_ids:
                lease = held.get(image_id)
                if lease is None or lease.reviewer != reviewer:
                    continue
                lease.tabs.discard(tab)
                if tab is None or not lease.tabs:
                    del held[image_id]


leases = Leases()
