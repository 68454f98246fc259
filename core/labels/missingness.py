"""Whether cells are missing by chance: rates by group with intervals, and permutation tests.

Everything is computed from counts by group, so the cost does not grow with the number of images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

SHUFFLES = 9_999  # the smallest p is 1/10,000, small enough to survive the correction for a hundred tests
MOST_SHUFFLES = 200_000  # where there are more tests
_SPARE = 4  # how far the smallest p lies below what the correction asks for
SEED = 0  # the same table gives the same p twice
LEVEL = 0.05  # of the corrected p, below which a difference is told


@dataclass(frozen=True)
class Group:
    """Images that have something in common.

    Attributes:
        missing, images: How many lack the label, of how many.
        low, high: 95% interval of the share that lacks it (Wilson 1927); 0 and 1 for no images.
    """

    name: str
    missing: int
    images: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        """The share that lacks the label, 0..1; NaN for no images."""
        return self.missing / self.images if self.images else float("nan")


@dataclass(frozen=True)
class Finding:
    """How a label's gaps go with something else.

    Attributes:
        label: Whose gaps.
        against: What they are held against: another label, or something of the images.
        numeric: Whether its groups have an order, from little to much.
        p: How often chance alone gives a difference as large; at least 1 / (shuffles + 1).
        corrected: p, corrected for the number of tests (Holm 1979).
        more: Of numbers: whether images that lack the label have more of it; None for classes.
        words: Of numbers: what images with little and with much of it do, to be said after "images".
        outside: How many of the last groups stand outside the order, and took no part in the test.
        table: Of the gaps in the table alone, where the finding is about those that rules leave as well: p, times the
            number of tests; None where the two are the same.
    """

    label: str
    against: str
    groups: tuple[Group, ...]
    numeric: bool
    p: float
    corrected: float
    more: bool | None
    words: tuple[str, str] = ("", "")
    outside: int = 0
    table: float | None = None

    @property
    def told(self) -> bool:
        """Whether it is more than chance."""
        return self.corrected < LEVEL


def sentence(finding: Finding) -> str:
    """Return what a finding says, for people who are no statisticians."""
    p = _p(finding.corrected)
    if finding.numeric:
        what = finding.words[bool(finding.more)]
    else:
        filled = [one for one in finding.groups if one.images]
        most, least = max(filled, key=lambda g: g.rate), min(filled, key=lambda g: g.rate)
        what = (
            f"differ in {finding.against}: {most.rate:.0%} missing with {most.name}, {least.rate:.0%} with {least.name}"
        )
    if not finding.told and finding.table is not None and finding.table < LEVEL:
        return (
            f"Gaps of {finding.label} go with {finding.against} in the table ({_p(finding.table)}), but not clearly in"
            f" those that your rules leave ({p}): the rules may be all there is to it."
        )
    if not finding.told:
        return f"Nothing shows that gaps of {finding.label} go with {finding.against} ({p})."
    return f"Images without a known {finding.label} {what} ({p}): a model trained on the rest may not hold there."


def _p(value: float) -> str:
    return f"p = {value:.2g}" if value >= 0.001 else "p < 0.001"


def group(name: str, missing: int, images: int) -> Group:
    """Return a group with its interval."""
    if not images:
        return Group(name, 0, 0, 0.0, 1.0)
    from scipy.stats import binomtest  # half a second that neither the server nor any other command has to spend

    interval = binomtest(missing, images).proportion_ci(method="wilson")
    return Group(name, missing, images, float(interval.low), float(interval.high))


def hold_against(
    label: str,
    against: str,
    names: Sequence[str],
    missing: np.ndarray,
    images: np.ndarray,
    numeric: bool,
    words: tuple[str, str] = ("", ""),
    outside: int = 0,
    tests: int = 1,
) -> Finding | None:
    """Hold a label's gaps against groups of images.

    Which images lack the label is shuffled; the test then needs no assumption about either. Of classes it looks at
    all differences together (the chi-squared statistic), of numbers at their trend: whether images that lack the
    label lie higher or lower than the rest. Cells that rules imply should count as known.

    Args:
        names: Of the G groups; of numbers from the lowest to the highest.
        missing: (G,) images of each that lack the label.
        images: (G,) images of each.
        words: Of numbers: what images with little and with much of it do; "have lower/higher values of ..." if empty.
        outside: How many of the last groups are shown beside the others, but have no place in their order.
        tests: How many there are in all: the more, the smaller p must be able to become.

    Returns:
        None where nothing can differ: fewer than two groups with images, no gaps, or nothing but gaps.
    """
    every = list(zip(names, np.asarray(missing).tolist(), np.asarray(images).tolist(), strict=True))
    inside = len(every) - outside
    missing, images = np.asarray(missing, np.int64)[:inside], np.asarray(images, np.int64)[:inside]
    there = images > 0
    gaps, total = int(missing.sum()), int(images.sum())
    if there.sum() < 2 or gaps in (0, total):
        return None
    expected = gaps * images[there] / total
    if numeric:
        # The middle of each group's ranks, so that the groups need not be equally large.
        ranks = (np.cumsum(images) - images / 2)[there]
        seen = float(ranks @ (missing[there] - expected))
        more = seen > 0

        def extreme(drawn: np.ndarray) -> np.ndarray:
            return np.abs((drawn - expected) @ ranks) >= abs(seen) * (1 - 1e-12)
    else:
        weights = 1 / (expected * (1 - gaps / total))
        seen, more = float(weights @ (missing[there] - expected) ** 2), None

        def extreme(drawn: np.ndarray) -> np.ndarray:
            return ((drawn - expected) ** 2) @ weights >= seen * (1 - 1e-12)

    p = _by_chance(images[there], gaps, extreme, tests)
    groups = tuple(group(n, int(m), int(i)) for n, m, i in every)
    if numeric and not all(words):
        words = (f"have lower values of {against}", f"have higher values of {against}")
    return Finding(label, against, groups, numeric, p, p, more, tuple(words), outside)


def _by_chance(images: np.ndarray, gaps: int, extreme: Callable[[np.ndarray], np.ndarray], tests: int) -> float:
    """Return how often shuffled gaps (n, G) are as extreme. Where none of the first are, and many tests make the
    correction strict, more are drawn: the smallest p must stay well below the level after it.
    """
    random = np.random.default_rng(SEED)
    wanted, drawn, found = min(MOST_SHUFFLES, round(_SPARE * tests / LEVEL)), 0, 0
    while not drawn or (drawn < wanted and (not found or drawn > SHUFFLES)):
        part = random.multivariate_hypergeometric(images, gaps, SHUFFLES, method="marginals")
        drawn, found = drawn + SHUFFLES, found + int(extreme(part).sum())
    return (1 + found) / (1 + drawn)


def corrected(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings, least likely by chance first, each p corrected for the number of tests (Holm 1979)."""
    by_p = sorted(findings, key=lambda f: f.p)
    found, highest = [], 0.0
    for n, finding in enumerate(by_p):
        highest = max(highest, min(1.0, (len(by_p) - n) * finding.p))
        table = None if finding.table is None else min(1.0, len(by_p) * finding.table)
        found.append(replace(finding, corrected=highest, table=table))
    return found
