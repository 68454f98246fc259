from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from core.labels.nullity import correlation, matrix, ordered

GAPS = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 0, 1]], bool)


def test_labels_missing_always_together_correlate_fully_and_never_together_inversely():
    gaps = np.array([[0, 0, 1], [1, 1, 0], [0, 0, 1]], bool)
    assert correlation(gaps, np.ones(3)).tolist() == [
        [pytest.approx(1), pytest.approx(1), pytest.approx(-1)],
        [pytest.approx(1), pytest.approx(1), pytest.approx(-1)],
        [pytest.approx(-1), pytest.approx(-1), pytest.approx(1)],
    ]


def test_the_correlation_is_numpys_of_the_rows_written_out_and_none_for_a_constant():
    images = np.array([5, 2, 3, 7])
    found = correlation(GAPS, images)
    wanted = np.corrcoef(np.repeat(GAPS[:, :2], images, axis=0).T.astype(float))
    assert found[:2, :2] == pytest.approx(wanted)
    assert np.isnan(found[2]).all()
    assert np.isnan(found[:, 2]).all()


def test_no_rows_correlate_with_nothing():
    assert np.isnan(correlation(np.zeros((0, 2), bool), np.zeros(0))).all()


@pytest.mark.parametrize(
    ("by", "label", "order"), [("file", 0, [0, 1, 2, 3]), ("label", 0, [1, 3, 0, 2]), ("label", 1, [2, 0, 1, 3])]
)
def test_rows_are_in_file_order_or_those_that_lack_a_label_first(by, label, order):
    assert ordered(GAPS, np.arange(4), by, label).tolist() == order


def test_by_pattern_the_commonest_rows_come_first_and_stay_together():
    order = ordered(GAPS, np.arange(4), "pattern")
    assert order[:2].tolist() == [1, 3]
    assert sorted(order.tolist()) == [0, 1, 2, 3]


def test_rows_that_share_what_they_lack_are_ordered_like_rows_written_out():
    rng = np.random.default_rng(0)
    gaps, at = rng.random((20, 3)) < 0.5, rng.integers(0, 20, 200)  # 8 combinations, so most are there twice
    rows = gaps[at]
    counts = {tuple(line): int((rows == line).all(axis=1).sum()) for line in rows}
    wanted = sorted(range(200), key=lambda i: (-counts[tuple(rows[i])], *rows[i], i))
    assert ordered(gaps, at, "pattern").tolist() == wanted
    assert ordered(gaps, at, "label", 2).tolist() == sorted(range(200), key=lambda i: not rows[i, 2])


@pytest.mark.parametrize("lines", [1, 2, 3, 4, 9])
def test_every_row_is_in_one_line_of_the_matrix(lines):
    found = matrix(GAPS, lines)
    height = min(lines, 4)
    assert found.shape == (height, 3)
    edges = [4 * i // height for i in range(height + 1)]
    wanted = [GAPS[a:b].mean(axis=0) for a, b in pairwise(edges)]
    assert found == pytest.approx(np.array(wanted))


def test_no_rows_are_no_lines():
    assert matrix(np.zeros((0, 3), bool)).shape == (0, 3)
