"""A learning curve through past runs."""

from __future__ import annotations

import pytest

from core.training.gain import Point, expected_gain

MANY = 10**9  # held-out images: the half error added to each run vanishes


def test_a_power_law_goes_on():
    points = [Point(n, 1 - 2 * n**-0.5, MANY) for n in (1600, 400, 100)]
    found = expected_gain(points, 900)  # from 1600 to 2500 labels: an error of 0.05, then 0.04
    assert found.accuracy == pytest.approx(0.01, rel=1e-6)
    assert found.points == 3


def test_no_more_labels_bring_nothing_and_worse_runs_are_no_loss():
    assert expected_gain([Point(n, 1 - 2 * n**-0.5, MANY) for n in (1600, 400, 100)], 0).accuracy == 0
    assert expected_gain([Point(300, 0.7, 100), Point(200, 0.8, 100), Point(100, 0.9, 100)], 50).accuracy == 0


def test_runs_without_errors_can_be_fitted():
    found = expected_gain([Point(300, 1.0, 100), Point(200, 0.99, 100), Point(100, 0.95, 100)], 100)
    assert 0 < found.accuracy < 0.01
    assert found.chance > found.accuracy  # nobody would see it on a hundred images


@pytest.mark.parametrize("sizes", [(100, 200), (100, 100, 200), (100, 105, 110), ()])
def test_too_few_different_runs_say_nothing(sizes):
    assert expected_gain([Point(n, 0.9, 100) for n in sizes], 50) is None
