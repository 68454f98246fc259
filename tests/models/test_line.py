"""A line through measured networks, and how far it can be trusted."""

import pytest

from core.models.line import through
from tests.models.measured_by_hand import measurement


def points(*pairs: tuple[int, float]):
    return [measurement(f"resnet{n}", seconds, multiply_adds) for n, (multiply_adds, seconds) in enumerate(pairs)]


def test_points_on_a_line_give_that_line_without_error():
    line = through(points((1, 3.0), (2, 5.0), (10, 21.0)))
    assert (line.fixed, line.each) == pytest.approx((1.0, 2.0))
    assert line.seconds(100) == pytest.approx(201)
    assert (line.error, line.worst) == pytest.approx((0.0, 0.0), abs=1e-12)


def test_one_network_gives_a_line_through_the_origin_of_unknown_error():
    line = through(points((4 * 10**9, 2.0)))
    assert (line.fixed, line.each, line.error, line.worst) == (0.0, 5e-10, None, None)
    assert line.told == "a line through 1 measured network (4B multiply-adds a step), too few to tell its error"


def test_the_error_is_that_on_a_network_that_was_left_out():
    line = through(points((1, 1.0), (2, 2.0), (4, 8.0)))
    # Left out 4: seconds = multiply-adds, 4 instead of 8, off by a half. Left out 1: through (2, 2) and (4, 8) the line
    # would begin at -4, so it goes through the origin: slopes (1 + 1/2) / (1 + 1/4) = 6/5, off by a fifth. Left out 2:
    # through (1, 1) and (4, 8) it would begin at -4/3, so the origin again with 6/5: 2.4 instead of 2, off by a fifth.
    assert line.error == pytest.approx(0.2)
    assert line.worst == pytest.approx(0.5)
    assert "did not know it was off by 20% (median), 50% at most" in line.told


def test_a_step_of_several_pictures_counts_all_of_them():
    single, eight = measurement("a", 2.0, 1), measurement("b", 9.0, 1, batch=8)
    assert through([single, eight]).seconds(4) == pytest.approx(5.0)


def test_of_two_measurements_of_one_network_the_newer_one_counts():
    assert through([measurement(median=2.0, multiply_adds=1), measurement(median=9.0, multiply_adds=1)]).each == 2.0


def test_a_line_reaches_four_times_as_far_as_what_was_measured():
    line = through(points((100, 1.0), (200, 2.0)))
    assert [line.reaches(x) for x in (24, 25, 150, 800, 801)] == [False, True, True, True, False]


def test_nothing_measured_gives_no_line():
    assert through([]) is None
