"""Bounds from a sample that is looked at again and again."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from core.pseudo.audit import BROKEN, KEPT, UNTOLD, bounds, measured
from core.store.audits import Tally


def by_hand(right, seen, cells, level):
    """The paper's definition, one number of right cells after the other, with whole numbers."""
    kept = []
    for total in range(right, cells - seen + right + 1):
        likelihood = comb(total, right) * comb(cells - total, seen - right)
        evidence = sum(comb(t, right) * comb(cells - t, seen - right) for t in range(cells + 1))
        # prior / posterior = evidence / ((N + 1) likelihood), both of them over the same number of samples
        if evidence < likelihood * (cells + 1) / (1 - level):
            kept.append(total)
    return min(kept) / cells, max(kept) / cells


@pytest.mark.parametrize(
    ("cells", "seen", "right"), [(30, 0, 0), (30, 10, 10), (30, 10, 7), (30, 30, 28), (50, 20, 1), (7, 3, 0)]
)
def test_bounds_are_the_papers(cells, seen, right):
    assert bounds(right, seen, cells) == pytest.approx(by_hand(right, seen, cells, 0.95))


def test_all_seen_is_all_known():
    assert bounds(37, 40, 40) == (37 / 40, 37 / 40)


def test_a_million_cells_take_no_longer_than_a_hundred():
    low, high = bounds(58, 60, 1_000_000)
    assert low == pytest.approx(bounds(58, 60, 100_000)[0], abs=1e-3)
    assert low < 58 / 60 < high


@pytest.mark.parametrize("share", [0.9, 0.99])
def test_looking_after_every_answer_breaks_the_promise_as_rarely_as_said(share):
    """A fixed-sample interval, looked at after each of 150 answers, is left by the truth far more often than in 5%."""
    random, cells = np.random.default_rng(0), 2000
    truth = np.arange(cells) < share * cells
    missed = 0
    for _ in range(400):
        answers = np.cumsum(random.permutation(truth)[:150])
        missed += any(
            not low <= share <= high for low, high in (bounds(int(r), n + 1, cells) for n, r in enumerate(answers))
        )
    assert missed <= 0.05 * 400


def test_verdicts():
    assert measured(Tally(200, 60, 45), 10_000, 0.95).verdict == BROKEN
    assert measured(Tally(200, 60, 60), 10_000, 0.8).verdict == KEPT
    assert measured(Tally(200, 60, 60), 10_000, 0.99).verdict == UNTOLD
    assert measured(Tally(200), 10_000, 0.99).share is None


def test_what_was_passed_over_widens_both_ends():
    whole, passed = measured(Tally(200, 60, 55), 5000, 0.9), measured(Tally(200, 60, 55, 5), 5000, 0.9)
    assert passed.low == whole.low
    assert passed.high > whole.high
    assert passed.share == 1.0


@pytest.mark.parametrize("wrong", [(2, 1, 5), (1, 6, 5), (0, 0, 0)])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="can't be"):
        bounds(*wrong)
