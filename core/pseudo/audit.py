"""How right an acceptance is, from a sample that people check: bounds that hold however often one looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import lgamma, log

from sqlalchemy import Connection, select

from core.pseudo.accept import LEVEL
from core.store import audits, schema
from core.store.audits import Tally

KEPT, BROKEN, UNTOLD = "kept", "broken", "untold"


@dataclass(frozen=True)
class Measured:
    """What an audit says about an acceptance.

    Attributes:
        share: Right answers among all answers; None without one.
        low, high: Bounds of the share of right cells among all that were accepted.
        verdict: BROKEN when the promise lies above `high`, KEPT when it lies at or below `low`, else UNTOLD.
    """

    tally: Tally
    share: float | None
    low: float
    high: float
    verdict: str


def measured(tally: Tally, cells: int, promise: float, level: float = LEVEL) -> Measured:
    """Return what a sample of an acceptance's cells says about it.

    Cells that were passed over count as wrong for the lower bound and as right for the upper one.

    Args:
        cells: How many were accepted, at least as many as were drawn.
        promise: The precision that was promised.
    """
    low, _ = bounds(tally.right, tally.seen, cells, level)
    _, high = bounds(tally.right + tally.passed, tally.seen, cells, level)
    answers = tally.seen - tally.passed
    verdict = BROKEN if high < promise else KEPT if low >= promise else UNTOLD
    return Measured(tally, tally.right / answers if answers else None, low, high, verdict)


def telling(connection: Connection, label_id: int) -> set[int]:
    """Return the acceptances of a label whose audit has told whether they keep their promise."""
    a = schema.acceptance
    standing = connection.execute(select(a).where(a.c.label_id == label_id, a.c.withdrawn.is_(None))).all()
    tallies = audits.tallies(connection, standing) if standing else {}
    found = {row.id: measured(tallies[row.id], row.population, row.precision) for row in standing}
    return {one for one, each in found.items() if each.verdict != UNTOLD}


def bounds(right: int, seen: int, cells: int, level: float = LEVEL) -> tuple[float, float]:
    """Return bounds of the share of right cells that hold at all times together, with a chance of `level`.

    A confidence sequence for sampling without replacement: the number of right cells is excluded when its posterior
    has fallen to 1 - level of its prior, whose ratio is a martingale under the truth (Waudby-Smith and Ramdas 2020,
    "Confidence sequences for sampling without replacement", arXiv 2006.04347, section 2; the prior is uniform). So one
    may look after each answer and stop when one likes: unlike with an interval for one size of sample, looking again
    costs nothing.

    Args:
        right, seen: Right ones among those seen, in the order of drawing.
        cells: All that were accepted.

    Raises:
        ValueError: If 0 <= right <= seen <= cells, 1 <= cells, 0 < level < 1 does not hold.
    """
    if not (0 <= right <= seen <= cells and cells >= 1 and 0 < level < 1):
        raise ValueError(f"{right} right of {seen} seen of {cells} cells at level {level} can't be")
    left = cells - seen
    least = log(1 - level) - log(cells + 1)

    def stands(more: int) -> bool:  # whether so many right ones may be among the unseen
        return _beta_binomial(more, left, right + 1, seen - right + 1) > least

    mode = left if right == seen else 0 if right == 0 else round(left * right / seen)
    low = _first(0, mode, stands)
    high = -_first(-left, -mode, lambda more: stands(-more))
    return (right + low) / cells, (right + high) / cells


def _first(start: int, end: int, holds: Callable[[int], bool]) -> int:
    """Return the smallest number for which it holds: it does for `end`, and downwards from there until it does not."""
    while start < end:
        middle = (start + end) // 2
        start, end = (start, middle) if holds(middle) else (middle + 1, end)
    return start


def _beta_binomial(k: int, n: int, a: float, b: float) -> float:
    """Return the log of the beta-binomial probability of k of n."""
    choose = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return choose + _log_beta(k + a, n - k + b) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
