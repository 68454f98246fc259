"""What pictures of missing values show of chosen images: counts from `Selection.weights`, or from the images' rows.

Each picture is drawn from the images that fulfil all conditions but its own: so it shows what else could be chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.labels.missing import SOURCE_NAMES, Pattern
from core.labels.missingness import Group, group
from core.labels.nullity import MOST_LINES, matrix
from core.store.facts import Fact
from core.store.ground import KINDS, Ground, Images
from core.store.selection import Selection


@dataclass(frozen=True)
class Headline:
    """What the chosen images lack, in five figures.

    Attributes:
        images, complete: How many, and how many of them the imported table has every label of.
        gaps: Cells without a value in the imported table.
        cells: Kind of cell to how many there are now; they add up to images x labels.
    """

    images: int
    complete: int
    gaps: int
    cells: dict[str, int]


@dataclass(frozen=True)
class Gain:
    """Open cells of a label whose answers settle equally many cells.

    Attributes:
        settles: How many open cells one answer settles on average, at least 1 for the cell itself.
        cells: How many such cells there are.
    """

    label: str
    settles: float
    cells: int


@dataclass(frozen=True)
class Rows:
    """The row matrix of chosen images.

    Attributes:
        shares: (H, L) share of missing cells in 0..1 of equal parts of the chosen rows.
        ranks: (M,) int64, the chosen rows' places among all rows in this order; None where all are chosen.
        rows: M.
    """

    shares: np.ndarray
    ranks: np.ndarray | None
    rows: int

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """Return where chosen rows `start` to `stop - 1` begin and end among all rows."""
        return (start, stop) if self.ranks is None else (int(self.ranks[start]), int(self.ranks[stop - 1]) + 1)

    def place(self, start: int, stop: int) -> tuple[int, int]:
        """Return where rows `start` to `stop - 1` of all rows begin and end among the chosen ones."""
        if self.ranks is None:
            return start, stop
        first, end = np.searchsorted(self.ranks, [start, stop]).tolist()
        return first, end


def headline(ground: Ground, weights: np.ndarray) -> Headline:
    """Count the images of `weights` (P,) and what they lack."""
    per_row = ground.gaps.sum(axis=1)
    counts = {kind: int(weights @ (ground.kinds == k).sum(axis=1)) for k, kind in enumerate(KINDS)}
    return Headline(int(weights.sum()), int(weights @ (per_row == 0)), int(weights @ per_row), counts)


def by_label(ground: Ground, weights: np.ndarray) -> dict[str, dict[str, int]]:
    """Return label name to kind of cell to how many of the chosen images have it."""
    counts = np.stack([weights @ (ground.kinds == k) for k in range(len(KINDS))], axis=1)  # (L, kinds)
    return {
        label.name: dict(zip(KINDS, line, strict=True))
        for label, line in zip(ground.labels, counts.tolist(), strict=True)
    }


def by_class(ground: Ground, weights: np.ndarray, position: int) -> np.ndarray:
    """Return (C, 4) int64, a label's known cells in the chosen images per class and source (SOURCE_NAMES)."""
    values, kinds = ground.profiles.values[:, position], ground.kinds[:, position]
    counts = np.zeros((len(ground.labels[position].classes), len(SOURCE_NAMES)), np.int64)
    known = (values >= 0) & (kinds < len(SOURCE_NAMES))
    np.add.at(counts, (values[known], kinds[known]), weights[known])
    return counts


def by_pattern(ground: Ground, weights: np.ndarray, most: int, always: tuple[str, ...] | None = None) -> list[Pattern]:
    """Return the patterns that most of the chosen images have, in the whole table's order, which stays the same.

    Args:
        most: At most so many; patterns that no chosen image has are only there where there is room.
        always: A pattern that has to be among them.
    """
    counts = np.bincount(ground.pattern_of, weights, len(ground.patterns)).astype(np.int64)
    shown = np.sort(np.argsort(-counts, kind="stable")[:most])
    names = [label.name for label in ground.labels]
    if always is not None:
        where = (ground.patterns == np.array([name in always for name in names], bool)).all(axis=1).nonzero()[0]
        if len(where) and where[0] not in shown:
            shown = np.sort(np.append(shown[np.argsort(-counts[shown], kind="stable")][: most - 1], where[0]))
    return [
        Pattern(tuple(n for n, gap in zip(names, ground.patterns[i], strict=True) if gap), int(counts[i]))
        for i in shown
    ]


def both_missing(ground: Ground, weights: np.ndarray) -> np.ndarray:
    """Return (L, L) int64, how many of the chosen images lack two labels both; one label's gaps on the diagonal."""
    gaps = ground.gaps.astype(np.int64)
    return (gaps * weights[:, None]).T @ gaps


def gains(ground: Ground, weights: np.ndarray) -> list[Gain]:
    """Return the open cells of the chosen images by what their answers settle, the most first, then the most cells."""
    found = []
    for j, label in enumerate(ground.labels):
        # To three places: a mean over classes is not exact, and equal ones should fall together.
        settles, at = np.unique(ground.leverage[:, j].round(3), return_inverse=True)
        cells = np.bincount(at.reshape(-1), weights, len(settles)).astype(np.int64)
        found += [Gain(label.name, s, n) for s, n in zip(settles.tolist(), cells.tolist(), strict=True) if s and n]
    return sorted(found, key=lambda gain: (-gain.settles, -gain.cells))


def rows(ground: Ground, images: Images, selection: Selection, by: str, label: int, lines: int = MOST_LINES) -> Rows:
    """Return the row matrix of the images that fulfil a selection, in an order of `nullity.ORDERS`."""
    order = images.order(ground, by, label)
    if not selection:
        return Rows(matrix(ground.gaps[images.at[order]], lines), None, len(order))
    ranks = np.flatnonzero(selection.holds_of(ground, images)[order])
    return Rows(matrix(ground.gaps[images.at[order[ranks]]], lines), ranks, len(ranks))


def rates_by_class(ground: Ground, weights: np.ndarray, lacks: np.ndarray, position: int) -> list[Group]:
    """Return how many of the chosen images lack a label in each class that the table has of another one.

    Args:
        lacks: (P,) bool, which profiles lack the one label.
        position: Of the other.
    """
    given = ground.profiles.given[:, position]
    each = [weights * (given == code) for code in range(len(ground.labels[position].classes))]
    names = ground.labels[position].names
    return [group(name, int(one @ lacks), int(one.sum())) for name, one in zip(names, each, strict=True)]


def rates_by_fact(ground: Ground, images: Images, selection: Selection, lacks: np.ndarray, fact: Fact) -> list[Group]:
    """Return how many of the images that fulfil a selection lack a label in each group of a fact."""
    chosen = selection.holds_of(ground, images)
    counts = np.bincount(fact.at[chosen], minlength=len(fact.groups))
    missing = np.bincount(fact.at[chosen & lacks[images.at]], minlength=len(fact.groups))
    return [group(n, int(m), int(c)) for n, m, c in zip(fact.groups, missing, counts, strict=True)]
