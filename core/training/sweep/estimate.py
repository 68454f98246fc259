"""How long a sweep may take, from what earlier runs took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from core.training.pace import pace, work
from core.training.summary import Summary
from core.training.sweep.plan import Plan


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
    known = pace(plan.base(), past)
    if known is None:
        return None
    values = [t.values for t in plan.trials] or [{}]  # Optuna's are not known before: as the recipe says
    recipes = [plan.recipe_of(each) for each in values]
    return Estimate(plan.total * images * known.pixel_seconds * fmean(map(work, recipes)), known.run)
