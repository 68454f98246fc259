"""How long a sweep may take, from what earlier runs took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from core.training.recipe import Recipe
from core.training.summary import Summary
from core.training.sweep.plan import Plan

_NETWORK = ("model", "width", "depth")  # what decides about the time for a pixel


@dataclass(frozen=True)
class Estimate:
    """Seconds for all trials, and the run that they were reckoned from."""

    seconds: float
    run: int


def estimate(plan: Plan, images: int, past: Sequence[Summary]) -> Estimate | None:
    """Return how long all trials may take together; None when no earlier run had a network like theirs.

    The newest run with the base recipe's model, width and depth tells the time for an image; pixels and epochs are
    reckoned in proportion. Loading, predicting, and what other settings cost is left out.

    Args:
        images: The label's training images.
        past: Earlier runs, newest first.
    """
    base = plan.base()
    known = (r for r in past if r.epochs and r.train and all(r.settings.get(n) == getattr(base, n) for n in _NETWORK))
    run = next(known, None)
    if run is None:
        return None
    pixel_seconds = run.seconds / (run.epochs * run.train * _pixels(run))
    values = [t.values for t in plan.trials] or [{}]  # Optuna's are not known before: as the recipe says
    recipes = [plan.recipe_of(each) for each in values]
    return Estimate(plan.total * images * pixel_seconds * fmean(map(_work, recipes)), run.id)


def _work(recipe: Recipe) -> float:
    """Return pixels times epochs."""
    phases = recipe.phases
    ends = [first for first, _ in phases[1:]] + [recipe.epochs]
    areas = (stage.pixels[0] * stage.pixels[1] for _, stage in phases)
    return sum(area * (end - first) for area, (first, _), end in zip(areas, phases, ends, strict=True))


def _pixels(run: Summary) -> float:
    """Return a run's pixels for an image; the sizes of its stages are left aside."""
    sides = [int(side) for side in str(run.settings["size"]).split(" x ")]
    return float(sides[0] * sides[-1])
