"""Plans of networks that are written out."""

from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.training.sweep.plan import Point, read_plan, write_plan
from core.training.sweep.points import add_seeds, points_plan
from tests import tiny

RECIPE = tiny.recipe()
POINTS = [Point("plain", {"size": 32}), Point("large", {"size": 40}, {"px": 40})]


def planned(points=POINTS, seeds=(3, 5)):
    return points_plan("bright", "tiny", RECIPE, points, seeds, sources=["given"])


def test_every_point_is_trained_with_a_seed_before_the_next_seed_begins():
    made = planned()
    assert [(t.number, t.point, t.values) for t in made.trials] == [
        (1, "plain", {"size": 32, "seed": 3}),
        (2, "large", {"size": 40, "seed": 3}),
        (3, "plain", {"size": 32, "seed": 5}),
        (4, "large", {"size": 40, "seed": 5}),
    ]
    assert (made.total, made.predict) == (4, False)
    assert str(made.trials[3]) == "large, seed 5"
    assert made.recipe_of(made.trials[3].values).size == 40


def test_a_plan_is_read_back_as_it_was_written(tmp_path):
    write_plan(tmp_path, planned())
    assert read_plan(tmp_path) == planned()


def test_seeds_can_be_added_later():
    made = planned(seeds=(3,))
    add_seeds(made, [5])
    assert made == planned()


@pytest.mark.parametrize(
    ("points", "seeds", "said"),
    [
        (POINTS[:1], (0,), "two are the least"),
        (POINTS, (), "No seed"),
        (POINTS, (0, 0), "seed 0 is given twice"),
        ([POINTS[0], POINTS[0]], (0,), "network plain is given twice"),
        (POINTS, range(251), "are 502 trainings"),
        ([POINTS[0], Point("broken", {"size": -1})], (0,), "size"),
    ],
)
def test_what_does_not_fit_is_refused(points, seeds, said):
    with pytest.raises(GapwiseError, match=said):
        planned(points, seeds)
