"""How long stages may take, reckoned by hand."""

from __future__ import annotations

import pytest

from core.cascade import estimate
from core.cascade.command import Asked
from core.cascade.estimate import estimates, sentence
from core.training.library import load_recipe
from tests.training.sweep.test_estimate import run


def test_time_follows_the_images_that_each_stage_learns_from(ws, monkeypatch):
    recipe = load_recipe("quick-cpu")
    # 20 images of 32 x 32 pixels, 10 epochs, in 40 seconds.
    past = run(7, size="32 x 32")
    past.settings.update(model=recipe.model, width=recipe.width, depth=recipe.depth)
    monkeypatch.setattr(estimate, "summaries", lambda _: [past])
    plan = Asked("quick-cpu", {"epochs": 2, "size": 64}).plan(ws)
    one, two = estimates(ws, plan)
    assert one.images == (80, 80)  # four in five of 100
    assert two.images == (72, 102)  # of 90; and all 30 open ones, should rules settle them once `bright` is filled
    second = 40 / (10 * 20) * 4  # an image, an epoch, at four times the pixels
    assert one.seconds == pytest.approx((80 * 2 * second,) * 2)
    assert two.seconds == pytest.approx((72 * 2 * second, 102 * 2 * second))
    assert two.time == "1 min 55 s to 2 min 43 s"
    assert "may take 4 min 3 s to 4 min 51 s on this machine, reckoned from run 7;" in sentence([one, two])


def test_without_a_run_it_is_not_known(ws, monkeypatch):
    monkeypatch.setattr(estimate, "summaries", lambda _: [])
    found = estimates(ws, Asked("quick-cpu").plan(ws))
    assert [one.time for one in found] == ["not known"] * 2
    assert "not known" in sentence(found)
