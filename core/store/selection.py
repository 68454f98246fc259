"""Images chosen by conditions that all hold, and how many there are of each profile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, select

from core.store import profiles, schema
from core.store.conditions import Condition
from core.store.ground import Ground, Images


@dataclass(frozen=True)
class Selection:
    """Conditions joined by and; none choose all images."""

    conditions: tuple[Condition, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def __contains__(self, condition: Condition) -> bool:
        return condition in self.conditions

    def __iter__(self) -> Iterator[Condition]:
        return iter(self.conditions)

    @property
    def by_image(self) -> bool:
        """Whether single images have to be looked at."""
        return any(condition.by_image for condition in self)

    def toggled(self, condition: Condition) -> Selection:
        """Return it without a condition that it has; with one that it lacks, in the place of any of the same slot."""
        if condition in self:
            return Selection(tuple(c for c in self if c != condition))
        kept = [c for c in self if c.slot != condition.slot]
        return Selection((*kept, condition))

    def without(self, *slot: str) -> Selection:
        """Return it without the conditions of a picture, or of one slot in it: a picture is not filtered by itself."""
        return Selection(tuple(c for c in self if c.slot[: len(slot)] != slot))

    def holds(self, ground: Ground) -> np.ndarray:
        """Return (P,) bool, which profiles fulfil all conditions on cells."""
        found = np.ones(len(ground.profiles.ids), bool)
        for condition in self:
            if not condition.by_image:
                found &= condition.holds(ground)
        return found

    def holds_of(self, ground: Ground, images: Images) -> np.ndarray:
        """Return (N,) bool, which images fulfil all conditions."""
        found = self.holds(ground)[images.at]
        for condition in self:
            if condition.by_image:
                found &= condition.holds_of(ground, images)
        return found

    def weights(self, ground: Ground, images: Images | None = None) -> np.ndarray:
        """Return (P,) int64, how many images of each profile fulfil it.

        Args:
            images: Needed when `by_image`.
        """
        if not self.by_image:
            return ground.profiles.images * self.holds(ground)
        return np.bincount(images.at[self.holds_of(ground, images)], minlength=len(ground.profiles.ids))

    def first(
        self, connection: Connection, ground: Ground, images: Images | None = None, after: int = 0, limit: int = 6
    ) -> list[int]:
        """Return the ids of the first images that fulfil it, in the table's order.

        Args:
            images: Needed when `by_image`.
            after: Only images with a higher id: the last one of the page before.
            limit: How many, at least 1.
        """
        if not self.by_image:
            return _first_of(connection, ground.profiles.ids[self.holds(ground)].tolist(), after, limit)
        found = self.holds_of(ground, images)
        start = int(np.searchsorted(images.ids, after, side="right"))
        return images.ids[start:][np.flatnonzero(found[start:])[:limit]].tolist()


def _first_of(connection: Connection, profile_ids: list[int], after: int, limit: int) -> list[int]:
    """Return the first images of some profiles: through their index, so that no array of all images is needed."""
    i = schema.image.c
    query = select(i.id).where(i.id > after).order_by(i.id).limit(limit)
    found: list[int] = []
    for part in profiles.parts(profile_ids):
        found += connection.execute(query.where(i.profile_id.in_(part))).scalars()
    return sorted(found)[:limit]


class Shown(NamedTuple):
    """An image to be shown: `at` is its row in the ground."""

    image_id: int
    fname: str
    at: int
    path: str


def rows_of(connection: Connection, ground: Ground, image_ids: list[int]) -> list[Shown]:
    """Return a few images, in the order of their ids."""
    i = schema.image.c
    query = select(i.id, i.fname, i.profile_id, i.path).where(i.id.in_(image_ids), i.profile_id.is_not(None))
    found = connection.execute(query.order_by(i.id)).all()
    at = np.searchsorted(ground.profiles.ids, [row.profile_id for row in found])
    return [Shown(row.id, row.fname, int(n), row.path) for row, n in zip(found, at, strict=True)]
