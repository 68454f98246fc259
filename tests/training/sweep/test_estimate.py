"""The time that a sweep may take, reckoned by hand."""

from __future__ import annotations

import pytest

from core.training.summary import Summary
from core.training.sweep.estimate import Estimate, estimate
from tests.training.sweep.test_plan import RECIPE, plan


def run(number: int, size: object = 32, epochs: int = 10, model: str = RECIPE.model) -> Summary:
    """A run of 20 images in 40 seconds."""
    settings = {"model": model, "width": RECIPE.width, "depth": RECIPE.depth, "size": size}
    return Summary(
        id=number, label="bright", recipe="tiny", data="", state="finished", accuracy=1.0, f1=1.0, f1_macro=1.0,
        loss=0.1, best_epoch=1, epochs=epochs, planned=10, seconds=40.0, images_per_second=5.0, device="CPU", train=20,
        heldout=5, created=0.0, job_id=None, settings=settings,
    )  # fmt: skip


def test_the_newest_run_with_the_same_network_tells_the_time_for_an_image():
    # 0.2 s for an image in an epoch; 2 trials, 3 epochs each, 100 images.
    made = plan("dropout=0,0.2", "epochs=3")
    assert estimate(made, 100, [run(9, model="other"), run(8), run(7, epochs=1)]) == Estimate(pytest.approx(120.0), 8)


def test_pixels_and_epochs_are_reckoned_in_proportion():
    made = plan("size=32,64", "epochs=1,3")  # areas 1 and 4, epochs 1 and 3: (1 + 3 + 4 + 12) times 0.2 s
    assert estimate(made, 1, [run(1)]).seconds == pytest.approx(4.0)
    assert estimate(made, 1, [run(1, size="32 x 64")]).seconds == pytest.approx(2.0)


def test_a_search_is_reckoned_with_the_recipes_own_epochs_and_size():
    made = plan("lr=1e-4..1e-2", "seed=0,1", "epochs=5", search="optuna", trials=7)
    assert estimate(made, 10, [run(1)]).seconds == pytest.approx(14 * 5 * 10 * 0.2)


def test_without_a_run_of_such_a_network_there_is_no_estimate():
    assert estimate(plan("dropout=0,0.2"), 100, [run(1, model="other"), run(2, epochs=0)]) is None
