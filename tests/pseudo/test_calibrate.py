"""Temperature scaling against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pseudo.calibrate import COLDEST, HOTTEST, fit_temperature, probabilities


def certain(margin: float, right: int, wrong: int, classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Every row says class 0 by the same margin; `right` of them are."""
    logits = np.zeros((right + wrong, classes))
    logits[:, 0] = margin
    return logits, np.array([0] * right + [1] * wrong)


def hit_rate(right: int, wrong: int) -> float:
    """The mean of Platt's targets for class 0 with two classes."""
    n = right + wrong
    e = 1 / (n + 2)
    return (right * (1 - e) + wrong * e) / n


@pytest.mark.parametrize(("margin", "right", "wrong"), [(4.0, 80, 20), (1.0, 90, 10), (10.0, 60, 40), (0.5, 30, 10)])
def test_with_one_margin_the_confidence_becomes_the_hit_rate(margin, right, wrong):
    # sigmoid(margin / T) = p, so T = margin / logit(p).
    p = hit_rate(right, wrong)
    temperature = fit_temperature(*certain(margin, right, wrong))
    assert temperature == pytest.approx(margin / np.log(p / (1 - p)), rel=1e-4)


def test_more_classes_share_what_is_left():
    # softmax of (m, 0, 0) / T gives class 0 the mean target p: m / T = log(2 p / (1 - p)).
    n, e = 100, 1 / 102
    logits, truth = certain(3.0, 70, 30, classes=3)
    p = (70 * (1 - e) + 30 * e / 2) / n
    assert fit_temperature(logits, truth) == pytest.approx(3.0 / np.log(2 * p / (1 - p)), rel=1e-4)


def test_being_always_right_does_not_make_certain():
    temperature = fit_temperature(*certain(2.0, 98, 0))
    # All right: p = 1 - 1 / 100.
    assert probabilities(np.array([[2.0, 0.0]]), temperature)[0, 0] == pytest.approx(0.99, abs=1e-4)


def test_answers_worse_than_chance_end_at_the_hottest():
    assert fit_temperature(*certain(5.0, 1, 99)) == pytest.approx(HOTTEST, rel=1e-3)


def test_logits_that_say_nothing_leave_one():
    assert fit_temperature(np.zeros((4, 2)), np.array([0, 1, 0, 1])) == 1.0
    assert fit_temperature(np.array([[3.0]]), np.array([0])) == 1.0


@given(st.integers(1, 30), st.integers(2, 5), st.integers(0, 10**6), st.floats(0.1, 50))
def test_probabilities_are_distributions_and_keep_the_order(n, classes, seed, scale):
    random = np.random.default_rng(seed)
    logits, truth = random.normal(0, scale, (n, classes)), random.integers(0, classes, n)
    temperature = fit_temperature(logits, truth)
    probs = probabilities(logits, temperature)
    assert COLDEST <= temperature <= HOTTEST
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    np.testing.assert_array_equal(probs.argmax(axis=1), logits.argmax(axis=1))


def test_huge_logits_are_no_trouble():
    assert np.isfinite(
        probabilities(np.array([[1e4, -1e4]]), fit_temperature(np.array([[1e4, -1e4]]), np.array([0])))
    ).all()


@pytest.mark.parametrize(
    ("logits", "truth"),
    [(np.zeros((0, 2)), np.zeros(0, int)), (np.zeros(3), np.zeros(3, int)), (np.full((2, 2), np.nan), np.zeros(2, int)),
     (np.zeros((3, 2)), np.zeros(2, int))],
)  # fmt: skip
def test_tables_that_don_t_fit_are_refused(logits, truth):
    with pytest.raises(ValueError):
        fit_temperature(logits, truth)
