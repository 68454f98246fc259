"""A map held against itself at all other places."""

from __future__ import annotations

import numpy as np
import pytest

from core.explain.places import as_good, halves, importance, moves


@pytest.mark.parametrize("size", [(64, 64), (57, 90)])
def test_a_half_is_a_half_and_no_place_is_likelier_than_another(size):
    found = halves(400, size, np.random.default_rng(0))
    assert found.shape == (400, *size)
    assert np.abs(found.mean((1, 2)) - 0.5).max() < 0.001
    assert np.abs(found.mean(0) - 0.5).max() < 0.125  # five standard errors of a coin thrown 400 times


def test_halves_have_holes_as_large_as_an_object():
    found = halves(200, (64, 64), np.random.default_rng(0))
    near = (found[:, :, 4:] == found[:, :, :-4]).mean()
    far = (found[:, :, 32:] == found[:, :, :-32]).mean()
    assert near > 0.75
    assert far < 0.6


def test_importance_is_the_covariance_of_each_cell_with_the_fall():
    taken = np.array([[[0.0, 1.0]], [[1.0, 1.0]]])  # the first cell is taken out the second time, the other always
    assert importance(taken, np.array([0.0, 4.0])).tolist() == [[1.0, 0.0]]


def test_a_square_map_can_be_turned_and_mirrored_in_eight_ways_and_an_oblong_one_in_four():
    assert len({way.tobytes() for way in moves(np.arange(9.0).reshape(3, 3))}) == 8
    found = moves(np.arange(6.0).reshape(2, 3))
    assert found.tolist() == [
        [[0, 1, 2], [3, 4, 5]],
        [[5, 4, 3], [2, 1, 0]],
        [[2, 1, 0], [5, 4, 3]],
        [[3, 4, 5], [0, 1, 2]],
    ]


def test_a_map_at_the_right_place_is_beaten_by_no_other_move():
    worth = np.arange(12.0).reshape(3, 4)
    assert as_good(worth, worth) == (0, 4 * 12 - 1)
    assert as_good(worth, worth[::-1, ::-1]) == (4 * 12 - 1, 4 * 12 - 1)  # what it marks is worth least


def test_moves_that_look_the_same_count_as_as_good():
    worth, spot = np.zeros((4, 4)), np.zeros((4, 4))
    worth[1, 2] = spot[1, 2] = 1.0
    assert as_good(worth, spot) == (7, 127)  # turned and mirrored, it can be brought back to its place


def test_where_nothing_matters_all_moves_are_as_good():
    assert as_good(np.zeros((3, 3)), np.eye(3)) == (71, 71)


def test_five_in_a_hundred_places_are_among_the_best_five_in_a_hundred():
    random = np.random.default_rng(0)
    worth, cells = random.normal(size=(2, 7, 7))
    shares = [
        (1 + better) / (1 + count)
        for way in moves(cells)
        for y in range(7)
        for x in range(7)
        for better, count in [as_good(worth, np.roll(way, (y, x), (0, 1)))]
    ]
    assert np.sort(shares) == pytest.approx((1 + np.arange(8 * 49)) / (8 * 49))
