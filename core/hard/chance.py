"""Whether a share differs between two groups by more than chance, among those that are alike otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from core.labels.share import wilson


@dataclass(frozen=True)
class Compared:
    """Two shares, where each stratum of the first group is held against the same stratum of the second.

    Attributes:
        first: The share in the first group, 0..1.
        second: That in the second, its strata weighted as the first group's.
        low, high: 95% interval of the difference, -1..1.
        p: That chance alone gives counts as unlikely, two-sided; not corrected for other tests.
    """

    first: float
    second: float
    low: float
    high: float
    p: float


def compared(hits: np.ndarray, of: np.ndarray, other_hits: np.ndarray, other_of: np.ndarray) -> Compared | None:
    """Compare two groups of counts by strata; strata that only one group has are left out.

    The test is exact: within each stratum the hits are dealt out at random (the common odds ratio of several 2 x 2
    tables, Gart 1970); with one stratum it is Fisher's. The interval puts those of Wilson together (Newcombe 1998,
    method 10), the second group counted as the number of cases that its weighting leaves.

    Args:
        hits, of: (S,) counts of the first group.
        other_hits, other_of: (S,) counts of the second.

    Returns:
        None where no stratum has cases of both groups.
    """
    both = (of > 0) & (other_of > 0)
    if not both.any():
        return None
    hits, of, other_hits, other_of = (np.asarray(x, np.int64)[both] for x in (hits, of, other_hits, other_of))
    weight = of / of.sum()
    first, second = hits.sum() / of.sum(), float((weight * other_hits / other_of).sum())
    size = 1 / float((weight**2 / other_of).sum())  # cases that would tell the weighted share as surely
    (low, high), (other_low, other_high) = wilson(int(hits.sum()), int(of.sum())), wilson(second * size, size)
    down = sqrt((first - low) ** 2 + (other_high - second) ** 2)
    up = sqrt((high - first) ** 2 + (second - other_low) ** 2)
    apart = first - second
    return Compared(float(first), second, apart - down, apart + up, _exact(hits, of, other_hits, other_of))


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979), in the same order."""
    corrected, largest = [0.0] * len(values), 0.0
    for rank, i in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        largest = max(largest, min(1.0, (len(values) - rank) * values[i]))
        corrected[i] = largest
    return corrected


def _exact(hits: np.ndarray, of: np.ndarray, other_hits: np.ndarray, other_of: np.ndarray) -> float:
    table = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, int((of + other_of).max()) + 1)))])  # log n!
    chances, start = np.ones(1), 0
    for mine, cases, theirs, others in zip(hits, of, other_hits, other_of, strict=True):
        lowest, part = _dealt(int(cases), int(others), int(mine + theirs), table)
        chances, start = np.convolve(chances, part), start + lowest
    seen = chances[int(hits.sum()) - start]
    return float(min(1.0, chances[chances <= seen * (1 + 1e-7)].sum()))


def _dealt(cases: int, others: int, hits: int, table: np.ndarray) -> tuple[int, np.ndarray]:
    """Return the fewest of some hits that can fall to the first group, and the chance of that many and each more."""
    lowest, most = max(0, hits - others), min(hits, cases)
    k = np.arange(lowest, most + 1)
    ways = _choose(cases, k, table) + _choose(others, hits - k, table) - _choose(cases + others, hits, table)
    return lowest, np.exp(ways)


def _choose(n: int, k: np.ndarray | int, table: np.ndarray) -> np.ndarray:
    return table[n] - table[k] - table[n - k]
