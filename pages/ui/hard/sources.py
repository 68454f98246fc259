"""Where the pictures of a gallery come from: a list of hard examples, or images that something else named."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.hard.lists import HardPage, hard_list
from core.store import hard
from pages.ui.explain.rows import SAY_IT_ALL

if TYPE_CHECKING:
    from pages.ui.hard.choice import Looked

AT_ONCE = 1000  # rows that are read in one go where all of a list is sent


@dataclass(frozen=True)
class Listed:
    """A list, or the part of it that filters leave: `truth`, `value` (class codes), see `hard_list`."""

    which: str
    filters: Mapping[str, object] = field(default_factory=dict)

    @property
    def speaks(self) -> bool:
        """Whether a picture's reason says more than what is known and said of it."""
        return self.which not in SAY_IT_ALL

    @property
    def stamp(self) -> str:
        return f"{self.which}/{sorted(self.filters.items())}"

    def page(self, looked: Looked, start: int, limit: int) -> HardPage:
        """Return rows from a place on."""
        return hard_list(looked.workspace, looked.label_id, looked.run_id, self.which, start, limit, self.filters)

    def reasons(self, looked: Looked, image_ids: Sequence[int] | None) -> dict[int, str]:
        """Return image id to what its card in the queue is to say; of all images when None."""
        filters = dict(self.filters) if image_ids is None else {**self.filters, "images": list(image_ids)}
        found: dict[int, str] = {}
        for start in range(0, 10**9, AT_ONCE):
            page = Listed(self.which, filters).page(looked, start, AT_ONCE)
            found |= {row["image_id"]: f"{hard.LISTS[self.which]}: {row['reason']}" for row in page.rows}
            if start + AT_ONCE >= page.total:
                break
        return found


@dataclass(frozen=True)
class Named:
    """Images in an order of their own.

    Attributes:
        image_ids: (N,) integers.
        why: What their cards in the queue say.
        told: Image id to a line of its own, below its picture and after `why`; empty where their badges say it all.
    """

    image_ids: np.ndarray
    why: str
    told: Mapping[int, str] = field(default_factory=dict)

    @property
    def speaks(self) -> bool:
        """Whether a picture's reason says more than what is known and said of it."""
        return bool(self.told)

    @property
    def stamp(self) -> str:
        content = np.ascontiguousarray(self.image_ids, dtype=np.int64).tobytes() + self.why.encode()
        return hashlib.sha256(content).hexdigest()[:16]

    def page(self, looked: Looked, start: int, limit: int) -> HardPage:
        """Return rows from a place on."""
        ids = [int(i) for i in self.image_ids[start : start + limit]]
        with looked.workspace.read() as connection:
            rows = hard.rows_of(connection, looked.label_id, looked.run_id, ids)
        return HardPage(
            len(self.image_ids), [{**row._mapping, "reason": self.told.get(row.image_id, "")} for row in rows]
        )

    def reasons(self, looked: Looked, image_ids: Sequence[int] | None) -> dict[int, str]:
        """Return image id to what its card in the queue is to say; of all images when None."""
        here = {int(i) for i in self.image_ids}
        wanted = [int(i) for i in (self.image_ids if image_ids is None else image_ids) if int(i) in here]
        lines = {i: self.told.get(i, "") for i in wanted}
        return {i: f"{self.why}: {line}" if line else self.why for i, line in lines.items()}
