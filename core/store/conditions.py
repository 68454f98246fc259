"""What images can be chosen by: conditions on their cells, on what else is known of them, on their place in the table.

A condition is a plain value: it can be compared, hashed and kept beside a page. What it is judged on comes with the
call: `Ground`, a row for each profile, and `Images`, a row for each image, which only some conditions need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from sqlalchemy import Connection

from core.labels.deduce import FREE, OPEN, deduce
from core.labels.label import MISSING, Label
from core.labels.leverage import leverage
from core.labels.missing import GAP_NAMES, SOURCE_NAMES
from core.labels.nullity import ORDERS, ordered
from core.labels.rules import RuleSet
from core.store import profiles
from core.store.cells import rule_set
from core.store.missingness import Fact
from core.store.profiles import Profiles

KINDS = (*SOURCE_NAMES, *GAP_NAMES)  # of cells; all cells are parted by them
IMPORTED = "imported"  # a class as the table has it, whatever has become of the cell


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

    @cached_property
    def lacking(self) -> np.ndarray:
        """(P, L) bool, gaps that rules don't fill: a free cell counts as known when chance is asked for."""
        return self.gaps & (deduce(self.profiles.given, self.rules).state != FREE)

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
            self._orders[key] = self._sorted(ground, by, label)
        return self._orders[key]

    def _sorted(self, ground: Ground, by: str, label: int) -> np.ndarray:
        if by != "pattern":
            return ordered(ground.gaps[self.at], by, label)
        # As `ordered` does, by patterns that are counted already: a tenth of a second for a million images, not four.
        return np.argsort(ground.pattern_of[self.at].astype(np.int32), kind="stable")


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


class Condition:
    """Something that holds of an image or not.

    `slot` says which conditions take each other's place: a label's cell is of one kind, an image in one group. Its
    first part names the picture that the condition is chosen in.
    """

    slot: tuple[str, ...]
    by_image = False  # whether single images have to be looked at

    def text(self, ground: Ground) -> str:
        """Return what people read."""
        raise NotImplementedError

    def holds(self, ground: Ground) -> np.ndarray:
        """Return (P,) bool, for which profiles it holds; none when it names what there is no more."""
        raise NotImplementedError

    def holds_of(self, ground: Ground, images: Images) -> np.ndarray:
        """Return (N,) bool, for which images it holds."""
        return self.holds(ground)[images.at]


def _nothing(ground: Ground) -> np.ndarray:
    return np.zeros(len(ground.profiles.ids), bool)


@dataclass(frozen=True)
class OfKind(Condition):
    """A label's cell is of one of KINDS."""

    label: str
    kind: str

    @property
    def slot(self) -> tuple[str, ...]:
        return ("kind", self.label)

    def text(self, ground: Ground) -> str:
        return f"{self.label}: {self.kind}"

    def holds(self, ground: Ground) -> np.ndarray:
        j = ground.position(self.label)
        return _nothing(ground) if j is None else ground.kinds[:, j] == KINDS.index(self.kind)


@dataclass(frozen=True)
class Lacking(Condition):
    """The imported table lacks exactly these labels."""

    missing: tuple[str, ...]
    slot = ("pattern",)

    def text(self, ground: Ground) -> str:
        return f"missing: {', '.join(self.missing) or 'nothing'}"

    def holds(self, ground: Ground) -> np.ndarray:
        if {*self.missing} - {label.name for label in ground.labels}:
            return _nothing(ground)
        wanted = np.array([label.name in self.missing for label in ground.labels], bool)
        return (ground.patterns == wanted).all(axis=1)[ground.pattern_of]


@dataclass(frozen=True)
class LackingBoth(Condition):
    """The imported table lacks two labels, whatever else it lacks."""

    one: str
    other: str
    slot = ("together",)

    def text(self, ground: Ground) -> str:
        return f"missing: {self.one} and {self.other}"

    def holds(self, ground: Ground) -> np.ndarray:
        places = [ground.position(self.one), ground.position(self.other)]
        return _nothing(ground) if None in places else ground.gaps[:, places].all(axis=1)


@dataclass(frozen=True)
class HasClass(Condition):
    """A label has a class.

    Attributes:
        code: Of the class.
        source: One of SOURCE_NAMES where only cells from there count; IMPORTED asks the table; empty: any.
    """

    label: str
    code: int
    source: str = ""

    @property
    def slot(self) -> tuple[str, ...]:
        return ("class", self.label)

    def text(self, ground: Ground) -> str:
        j = ground.position(self.label)
        names = () if j is None else ground.labels[j].names
        name = names[self.code] if self.code < len(names) else "no class of now"
        return f"{self.label} = {name}" + (f" ({self.source})" if self.source else "")

    def holds(self, ground: Ground) -> np.ndarray:
        j, found = ground.position(self.label), ground.profiles
        if j is None:
            return _nothing(ground)
        if self.source == IMPORTED:
            return found.given[:, j] == self.code
        of_source = ground.kinds[:, j] == KINDS.index(self.source) if self.source else True
        return (found.values[:, j] == self.code) & of_source


@dataclass(frozen=True)
class Settling(Condition):
    """A label's cell is open, and its answer settles at least so many cells on average, itself included."""

    label: str
    least: float

    @property
    def slot(self) -> tuple[str, ...]:
        return ("leverage", self.label)

    def text(self, ground: Ground) -> str:
        return f"{self.label}: open, an answer settles {self.least:.3g} or more"

    def holds(self, ground: Ground) -> np.ndarray:
        j = ground.position(self.label)
        # A mean over classes is not exact; 1e-9 is far below the step from one mean to the next.
        return _nothing(ground) if j is None else ground.leverage[:, j] >= max(self.least, 1) - 1e-9


@dataclass(frozen=True)
class Contradicting(Condition):
    """An image's known cells break the rules."""

    slot = ("conflict",)

    def text(self, ground: Ground) -> str:
        return "breaks a rule"

    def holds(self, ground: Ground) -> np.ndarray:
        return ground.conflict


@dataclass(frozen=True)
class InGroup(Condition):
    """An image is in a group of a `Fact`.

    Attributes:
        place: Of the group, and `group` its name: both have to fit, or the facts are not those of then.
    """

    fact: str
    place: int
    group: str
    by_image = True

    @property
    def slot(self) -> tuple[str, ...]:
        return ("fact", self.fact)

    def text(self, ground: Ground) -> str:
        return f"{self.fact}: {self.group}"

    def holds_of(self, ground: Ground, images: Images) -> np.ndarray:
        for fact in images.facts():
            if fact.name == self.fact and self.place < len(fact.groups) and fact.groups[self.place] == self.group:
                return fact.at == self.place
        return np.zeros(len(images.ids), bool)


@dataclass(frozen=True)
class Span(Condition):
    """An image is one of the rows `start` to `stop - 1`, from 0, in an order of `nullity.ORDERS`.

    Attributes:
        label: Whose gaps come first, for the order by label; empty for the others.
    """

    by: str
    label: str
    start: int
    stop: int
    slot = ("rows",)
    by_image = True

    def text(self, ground: Ground) -> str:
        order = self.label if self.by == "label" else ORDERS[self.by]
        rows = f"row {self.stop:,}" if self.stop - self.start == 1 else f"rows {self.start + 1:,} to {self.stop:,}"
        return rows if self.by == "file" else f"{rows} by {order}"

    def holds_of(self, ground: Ground, images: Images) -> np.ndarray:
        found, j = np.zeros(len(images.ids), bool), ground.position(self.label) if self.by == "label" else 0
        if j is not None:
            found[images.order(ground, self.by, j)[self.start : self.stop]] = True
        return found
