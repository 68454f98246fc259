"""Memory as straight lines in the number of pictures."""

from __future__ import annotations

import numpy as np
import pytest

from core.models.course import PARTS, Course, total

WEIGHTS, ACTIVATIONS, TEMPORARY = (PARTS.index(n) for n in ("weights", "activations", "temporary"))


def rows(*moments: tuple[int, int]) -> np.ndarray:
    """Weights and activations at some moments."""
    table = np.zeros((len(moments), len(PARTS)), dtype=np.int64)
    table[:, [WEIGHTS, ACTIVATIONS]] = moments
    return table


@pytest.fixture
def course() -> Course:
    # One moment with 100 bytes and 10 a picture, one with 400 and 5 a picture: they cross at 60.
    return Course.between(2, rows((100, 20), (400, 10)), 4, rows((100, 40), (400, 20)))


def test_the_peak_is_the_highest_moment_for_that_many_pictures(course):
    assert [course.peak(n) for n in (0, 1, 59, 60, 61, 100)] == [400, 405, 695, 700, 710, 1100]
    assert course.parts(100)["weights"] == 100
    assert course.parts(100)["activations"] == 1000
    assert total(course.parts(100)) == 1100


@pytest.mark.parametrize(("room", "most"), [(404, 0), (405, 1), (410, 2), (700, 60), (709, 60), (710, 61), (0, 0)])
def test_the_most_pictures_that_fit(course, room, most):
    assert course.largest(room) == most


def test_only_moments_that_can_be_the_peak_are_kept(course):
    more = Course(np.concatenate([course.fixed, rows((90, 0))]), np.concatenate([course.each, rows((0, 9))]))
    kept = more.peaks()
    assert len(kept.fixed) == 2
    assert [kept.peak(n) for n in range(1, 200)] == [more.peak(n) for n in range(1, 200)]


def test_random_courses_keep_their_peaks():
    random = np.random.default_rng(0)
    for _ in range(30):
        fixed, each = random.integers(0, 1000, (40, len(PARTS))), random.integers(0, 9, (40, len(PARTS)))
        course = Course(fixed.astype(float), each.astype(float))
        assert [course.peaks().peak(n) for n in (1, 2, 7, 50, 999)] == [course.peak(n) for n in (1, 2, 7, 50, 999)]


def test_libraries_take_a_fixed_amount_and_a_share_of_what_comes_and_goes(course):
    found = course.allowing(7, 0.5).parts(100)
    assert found["libraries"] == 7 + 500
    assert found["activations"] == 1000


def test_other_kernels_for_other_sizes_leave_the_peaks_to_compare():
    course = Course.between(2, rows((0, 20), (0, 10)), 4, rows((0, 30), (0, 40), (0, 10)))
    assert course.peak(8) == 80


def test_what_does_not_grow_has_no_largest_number():
    with pytest.raises(ValueError, match="does not grow"):
        Course(rows((5, 0)).astype(float), rows((0, 0)).astype(float)).largest(10)


def test_a_course_survives_json(course):
    again = Course.from_json(course.as_json())
    assert [again.peak(n) for n in (1, 60, 100)] == [405, 700, 1100]
