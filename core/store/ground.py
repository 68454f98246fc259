"""What chosen images are judged on: cells, a row for each profile, and single images, which only some choices need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from sqlalchemy import Connection

from core.labels.deduce import OPEN, deduce
from core.labels.label import MISSING, Label
from core.labels.leverage import leverage
from core.labels.missing import GAP_NAMES, SOURCE_NAMES
from core.labels.nullity import ordered
from core.labels.rules import RuleSet
from core.store import profiles
from core.store.cells import rule_set
from core.store.facts import Fact
from core.store.profiles import Profiles

KINDS = (*SOURCE_NAMES, *GAP_NAMES)  # of cells; all cells are parted by them


@dataclass(frozen=True)
class Ground:
    """Everything that conditions on cells are judged on, one row for each profile.

    Attributes:
        kinds: (P, L) int8, index into KINDS.
        conflict: (P,) bool, whether known cells break the rules.
        patterns: (D, L) bool, the distinct sets of gaps in the table, those with most images first.
        pattern_of: (P,) int, which of them each profile has.
    """

    profiles: Profiles
    rules: RuleSet = field(repr=False)
    kinds: np.ndarray
    conflict: np.ndarray
    patterns: np.ndarray
    pattern_of: np.ndarray

    @property
    def labels(self) -> tuple[Label, ...]:
        return self.profiles.labels

    @property
    def gaps(self) -> np.ndarray:
        """(P, L) bool, where the imported table has no value."""
        return self.profiles.given == MISSING

    @cached_property
    def leverage(self) -> np.ndarray:
        """(P, L) how many open cells an open cell's answer settles on average; 0 where a cell is not open."""
        return np.where(self.kinds == KINDS.index("open"), leverage(self.profiles.base, self.rules), 0.0)

    def position(self, label: str) -> int | None:
        """Return a label's place; None when there is none of that name any more."""
        return next((j for j, one in enumerate(self.labels) if one.name == label), None)


@dataclass(frozen=True)
class Images:
    """Everything that conditions on single images are judged on, images in the order of their ids.

    Attributes:
        ids: (N,) int64.
        at: (N,) int, each image's row in the `Ground`.
        facts: Reads what else is known of them.
    """

    ids: np.ndarray
    at: np.ndarray
    facts: Callable[[], Sequence[Fact]]
    _orders: dict[tuple[str, int], np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    def order(self, ground: Ground, by: str, label: int) -> np.ndarray:
        """Return (N,) rows in an order of `nullity.ORDERS`; sorted once."""
        key = (by, label if by == "label" else 0)
        if key not in self._orders:
            self._orders[key] = ordered(ground.gaps, self.at, by, label)
        return self._orders[key]


def read_ground(connection: Connection) -> Ground:
    """Return what conditions on cells are judged on."""
    return ground_of(profiles.read(connection), rule_set(connection))


def ground_of(found: Profiles, rules: RuleSet) -> Ground:
    """Return the same from profiles and rules that were read."""
    result = deduce(found.base, rules)
    # Deduction's FREE, OPEN and CONFLICT are 1, 2, 3; GAP_NAMES come in the same order after the sources.
    gap_kinds = result.state + (len(SOURCE_NAMES) + GAP_NAMES.index("open") - OPEN)
    kinds = np.where(found.values == MISSING, gap_kinds, found.sources).astype(np.int8)
    patterns, where = np.unique(found.given == MISSING, axis=0, return_inverse=True)
    where = where.reshape(-1)
    order = np.argsort(-np.bincount(where, found.images, len(patterns)), kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return Ground(found, rules, kinds, result.conflict, patterns[order], place[where])


def read_images(connection: Connection, ground: Ground, facts: Callable[[], Sequence[Fact]]) -> Images:
    """Return what conditions on single images are judged on."""
    ids, profile_ids = profiles.by_image(connection)
    return Images(ids, np.searchsorted(ground.profiles.ids, profile_ids), facts)
