"""The grid of the search, and the surface that it lies around."""

import numpy as np
import pytest

from core.errors import GapwiseError
from core.models.constraint import grid, spread, surface
from core.models.scaling import PAPER, Factors
from core.models.stages import multiply_adds


def test_a_coarse_grid_by_hand():
    # In steps of a half from 1: only 2·1²·1² is 2; 1·1²·1.5² and 1·1.5²·1² are 2.25, an eighth above.
    assert [(p.alpha, p.beta, p.gamma) for p in grid(0.5, 0.01)] == [(2.0, 1.0, 1.0)]
    assert [(p.alpha, p.beta, p.gamma) for p in grid(0.5, 0.125)] == [(1, 1, 1.5), (1, 1.5, 1), (2, 1, 1)]


def test_every_point_of_the_papers_grid_is_near_two_and_the_papers_own_is_among_them():
    points = grid()
    assert min(min(p.alpha, p.beta, p.gamma) for p in points) == 1
    assert max(abs(p.product / 2 - 1) for p in points) <= 0.05 + 1e-9
    assert [p.coefficients for p in points if p.paper] == [PAPER]
    assert len({(p.alpha, p.beta, p.gamma) for p in points}) == len(points)


@pytest.mark.parametrize("name", ["efficientnet_b0", "resnet50"])
def test_a_points_cost_is_the_counted_one(name):
    point = next(p for p in grid(0.1, 0.1, name) if p.beta > 1 and p.gamma > 1)
    wanted = multiply_adds(Factors(point.alpha, point.beta, point.gamma), name)
    assert point.multiply_adds == wanted
    assert point.counted == pytest.approx(wanted / multiply_adds(Factors(), name))


def test_few_points_to_train_lie_far_apart_and_hold_the_papers():
    few = spread(grid(), 4)
    corners = [(p.alpha, p.beta, p.gamma) for p in few if not p.paper]
    assert len(few) == 4
    assert sum(p.paper for p in few) == 1
    assert all(sorted((a, b, c)).count(1.0) == 2 for a, b, c in corners)  # one dimension each


def test_more_points_than_there_are_is_all_of_them():
    points = grid(0.5, 0.125)
    assert spread(points, 99) == points
    assert spread((), 3) == ()


def test_the_surface_holds_the_constraint_everywhere_and_ends_where_a_coefficient_is_one():
    alpha, beta, gamma = surface(9)
    np.testing.assert_allclose(alpha * beta**2 * gamma**2, 2)
    assert min(alpha.min(), beta.min(), gamma.min()) >= 1 - 1e-12
    np.testing.assert_allclose(gamma[:, -1], 1)
    np.testing.assert_allclose((alpha[-1], beta[-1], gamma[-1]), np.array([[2.0], [1.0], [1.0]]).repeat(9, 1))


@pytest.mark.parametrize(
    ("hostile", "told"),
    [(lambda: grid(0.001), "step is 0.001; it must be from 0.02"), (lambda: grid(0), "step"),
     (lambda: grid(float("nan")), "step is nan"), (lambda: grid(tolerance=2), "tolerance is 2"),
     (lambda: grid(0.3, 0.0), "finer step or a larger tolerance"), (lambda: grid(0.02, 0.5), "coarser step"),
     (lambda: grid(product=1000), "α·β²·γ² is 1000"), (lambda: grid(baseline="vgg"), "no baseline"),
     (lambda: surface(1), "resolution"), (lambda: spread(grid(0.5), 0), "at least 1")],
)  # fmt: skip
def test_hostile_values_are_refused_at_once(hostile, told):
    with pytest.raises(GapwiseError, match=told):
        hostile()
