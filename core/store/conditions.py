"""What images can be chosen by: conditions on their cells, on what else is known of them, on their place in the table.

A condition is a plain value: it can be compared, hashed and kept beside a page. What it is judged on comes with the
call: `Ground`, a row for each profile, and `Images`, a row for each image, which only some conditions need.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.labels.nullity import ORDERS
from core.store.ground import KINDS, Ground, Images

IMPORTED = "imported"  # a class as the table has it, whatever has become of the cell


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
