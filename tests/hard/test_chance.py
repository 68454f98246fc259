from __future__ import annotations

import itertools
from math import comb

import numpy as np
import pytest

from core.hard.chance import compared, holm


def one(hits, of, other_hits, other_of):
    return compared(*(np.atleast_1d(np.array(x)) for x in (hits, of, other_hits, other_of)))


def test_with_one_stratum_the_test_is_fishers():
    assert one(3, 4, 1, 4).p == pytest.approx(34 / 70)  # the lady tasting tea, two-sided
    assert one(1, 10, 11, 14).p == pytest.approx(0.002759456185220083)
    assert one(0, 5, 0, 9).p == 1


def test_strata_are_dealt_out_one_by_one():
    # Two strata, hits dealt at random in each: all 3 x 3 outcomes by hand.
    ways = {}
    for a, b in itertools.product(range(3), range(3)):  # 2 hits among 2 + 3 cases, 2 among 3 + 2
        chance = comb(2, a) * comb(3, 2 - a) / comb(5, 2) * comb(3, b) * comb(2, 2 - b) / comb(5, 2)
        ways[a + b] = ways.get(a + b, 0) + chance
    seen = ways[2 + 2]
    wanted = sum(chance for chance in ways.values() if chance <= seen + 1e-12)
    assert one([2, 2], [2, 3], [0, 0], [3, 2]).p == pytest.approx(wanted)


def test_a_difference_that_is_only_one_of_strata_is_none():
    # Half of class 0 and a tenth of class 1, right or wrong; wrong ones are mostly of class 0.
    found = one([40, 2], [80, 20], [50, 90], [100, 900])
    assert (found.first, found.second) == (0.42, pytest.approx(0.42))
    assert found.low < 0 < found.high
    assert found.p > 0.9
    assert one(42, 100, 140, 1000).p < 1e-9  # what it looks like without strata


def test_the_interval_is_newcombes():
    found = one(56, 70, 48, 80)  # Newcombe 1998, table II (a), method 10
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))


def test_strata_of_one_group_alone_are_left_out():
    assert one([5, 5], [10, 10], [1, 0], [10, 0]) == one(5, 10, 1, 10)
    assert one(5, 10, 0, 0) is None


def test_large_counts_take_no_time_and_stay_chances():
    found = one([3_000, 100], [6_000, 200], [20_000, 9_000], [50_000, 30_000])
    assert 0 <= found.p < 1e-6


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
