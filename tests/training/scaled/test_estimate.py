"""How long trained scaling may take, reckoned by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.models.equal import Network
from core.training.scaled.estimate import Estimate, estimate
from core.training.sweep.plan import Point
from core.training.sweep.points import points_plan
from tests import tiny
from tests.training.sweep.test_estimate import run

RECIPE = tiny.recipe(epochs=3)
COST = Network(RECIPE.model, RECIPE.width, RECIPE.depth, 32, 2).multiply_adds


def planned():
    """Two networks of one and three times the recipe's cost, two seeds, three epochs."""
    points = [Point(n, {"size": s}, {"multiply_adds": times * COST}) for n, s, times in (("a", 32, 1), ("b", 56, 3))]
    return points_plan("bright", "tiny", RECIPE, points, (0, 1), sources=["given"])


def test_seconds_go_with_multiply_adds_images_and_epochs():
    # The run took 40 s for 10 epochs of 20 images: 0.2 s an image. 100 images, 3 epochs, 2 seeds, costs 1 and 3.
    assert estimate(planned(), 100, 2, [run(4)]) == Estimate(pytest.approx(0.2 * 100 * 3 * 2 * 4), 4, True)


def test_a_run_with_the_same_model_goes_before_a_newer_one_with_another():
    assert estimate(planned(), 100, 2, [run(5, model="efficientnet_b0"), run(4)]).run == 4
    assert estimate(planned(), 100, 2, [run(5, model="efficientnet_b0")]).same_model is False


def test_where_no_run_can_be_counted_there_is_no_estimate():
    tall = run(4, size="32 x 64")
    other = run(3, model="resnet18")
    begun = replace(run(2), epochs=0)
    assert estimate(planned(), 100, 2, [tall, other, begun]) is None
