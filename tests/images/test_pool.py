"""Work on many pictures at once."""

from __future__ import annotations

import threading

import pytest

from core.images.pool import parallel, workers


def test_results_come_in_the_order_of_the_items():
    assert list(parallel(lambda x: x * x, range(100))) == [x * x for x in range(100)]


def test_items_are_not_taken_far_ahead():
    taken = []

    def items():
        for i in range(1000):
            taken.append(i)
            yield i

    results = parallel(lambda x: x, items())
    next(results)
    assert len(taken) <= 8 * workers()
    results.close()


def test_an_error_reaches_the_caller_and_ends_the_threads():
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        list(parallel(lambda x: 1 // x, [1, 0, 1]))
    assert threading.active_count() == before
