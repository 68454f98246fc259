"""Permutation tests of gaps, compared with scipy's and with shuffling the images themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2_contingency, spearmanr

from core.labels.missingness import SHUFFLES, Finding, corrected, group, hold_against, sentence


def held(missing, images, numeric=False) -> Finding | None:
    names = [str(i) for i in range(len(images))]
    return hold_against("mask", "sky", names, np.array(missing), np.array(images), numeric)


def test_rates_have_wilsons_interval():
    found = group("sun", 5, 20)
    assert found.rate == 0.25
    assert (found.low, found.high) == (pytest.approx(0.1119, abs=1e-4), pytest.approx(0.4687, abs=1e-4))  # Wilson 1927
    assert (group("none", 0, 0).low, group("none", 0, 0).high) == (0.0, 1.0)
    assert np.isnan(group("none", 0, 0).rate)


@pytest.mark.parametrize("missing", [[300, 310, 290], [265, 300, 310], [270, 300, 320]])
def test_classes_agree_with_the_chi_squared_test_where_that_holds(missing):
    images = np.array([1000, 1000, 1000])
    table = np.array([missing, images - missing])
    assert held(missing, images).p == pytest.approx(chi2_contingency(table, correction=False).pvalue, abs=0.03)


@pytest.mark.parametrize("missing", [[30, 31, 29, 30], [20, 25, 30, 35], [30, 25, 27, 20]])
def test_numbers_agree_with_the_rank_correlation_of_the_single_images(missing):
    images = np.array([100, 90, 110, 100])
    value = np.repeat(np.arange(4), images)
    gap = np.concatenate([np.arange(n) < m for n, m in zip(images, missing, strict=True)])
    expected = spearmanr(value, gap)
    found = held(missing, images, numeric=True)
    assert found.p == pytest.approx(expected.pvalue, abs=0.02)
    assert found.more == (expected.statistic > 0)


def test_few_images_give_the_exact_p():
    """Three of three in one group, none of three in the other: 2 of the 20 ways to choose three of six."""
    assert held([3, 0], [3, 3]).p == pytest.approx(0.1, abs=0.01)


def test_a_million_images_cost_what_a_hundred_do_and_the_same_table_gives_the_same_p():
    many = held([180_000, 181_500], [1_000_000, 1_000_000])
    assert many == held([180_000, 181_500], [1_000_000, 1_000_000])
    assert many.p < 0.05


@pytest.mark.parametrize(
    ("missing", "images"), [([0, 0], [5, 5]), ([5, 5], [5, 5]), ([3], [5]), ([3, 0], [5, 0]), ([], [])]
)
def test_where_nothing_can_differ_nothing_is_said(missing, images):
    assert held(missing, images) is None


def test_chance_alone_is_told_as_often_as_the_level_says():
    rng = np.random.default_rng(3)
    ps = [held(rng.binomial(50, 0.3, 4), np.full(4, 50)).p for _ in range(200)]
    assert np.mean(np.array(ps) < 0.1) == pytest.approx(0.1, abs=0.06)


def test_holms_correction_by_hand():
    found = [Finding("a", str(p), (), False, p, p, None) for p in (0.04, 0.01, 0.03)]
    assert [(f.p, f.corrected) for f in corrected(found)] == [(0.01, 0.03), (0.03, 0.06), (0.04, 0.06)]
    assert [f.told for f in corrected(found)] == [True, False, False]


def test_sentences_say_what_is_so_in_words_of_their_own():
    images = np.array([100, 100, 100])
    words = ("are darker", "are brighter")
    names = ["low", "middle", "high"]
    darker = hold_against("mask", "brightness", names, np.array([60, 30, 10]), images, True, words)
    brighter = hold_against("mask", "brightness", names, np.array([10, 30, 60]), images, True, words)
    plain = hold_against("mask", "age", names, np.array([10, 30, 60]), images, True)
    same = hold_against("mask", "age", names, np.array([30, 30, 30]), images, True)
    rest = "a model trained on the rest may not hold there."
    assert sentence(darker) == f"Images without a known mask are darker (p < 0.001): {rest}"
    assert sentence(brighter) == f"Images without a known mask are brighter (p < 0.001): {rest}"
    assert sentence(plain) == f"Images without a known mask have higher values of age (p < 0.001): {rest}"
    assert sentence(same) == "Nothing shows that gaps of mask go with age (p = 1)."


def test_groups_outside_the_order_are_shown_and_change_nothing_else():
    missing, images = [30, 25, 27, 20], [100, 90, 110, 100]
    inside = held(missing, images, numeric=True)
    names = [*"0123", "no date", "not measured"]
    found = hold_against("mask", "sky", names, np.array([*missing, 9, 0]), np.array([*images, 9, 0]), True, outside=2)
    assert (found.p, found.more, found.outside) == (inside.p, inside.more, 2)
    assert found.groups[:4] == inside.groups
    assert [(g.name, g.missing, g.images) for g in found.groups[4:]] == [("no date", 9, 9), ("not measured", 0, 0)]
    # With nothing but gaps inside the order there is nothing to compare, whatever lies outside.
    assert (
        hold_against("mask", "sky", ["a", "b", "c"], np.array([5, 5, 0]), np.array([5, 5, 9]), True, outside=1) is None
    )


def test_many_tests_draw_more_only_where_nothing_was_as_extreme():
    clear = hold_against("a", "b", ("x", "y"), np.array([90, 10]), np.array([100, 100]), False, tests=2000)
    assert clear.p == 1 / (1 + 17 * SHUFFLES)  # 160,000 wanted
    assert corrected([clear] + [replace(clear, against=str(i), p=1.0) for i in range(1999)])[0].told
    dull = hold_against("a", "b", ("x", "y"), np.array([50, 52]), np.array([100, 100]), False, tests=2000)
    assert dull.p > 0.5
    assert dull == hold_against("a", "b", ("x", "y"), np.array([50, 52]), np.array([100, 100]), False)
