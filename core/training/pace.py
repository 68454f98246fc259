"""How long a training may take, from what earlier ones with the same network took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.training.recipe import Recipe
from core.training.summary import Summary

NETWORK = ("model", "width", "depth")  # what decides about the time for a pixel
TRAINED = 0.8  # of a label's known cells: one in five is held out


@dataclass(frozen=True)
class Pace:
    """Seconds for a pixel of one image in one epoch, and the run that they were reckoned from."""

    pixel_seconds: float
    run: int


def pace(recipe: Recipe, past: Sequence[Summary]) -> Pace | None:
    """Return the pace of the newest run with a recipe's model, width and depth; None when there is none.

    Args:
        past: Earlier runs, newest first.
    """
    known = (r for r in past if r.epochs and r.train and all(r.settings.get(n) == getattr(recipe, n) for n in NETWORK))
    run = next(known, None)
    return None if run is None else Pace(run.seconds / (run.epochs * run.train * _pixels(run)), run.id)


def work(recipe: Recipe) -> float:
    """Return what an image costs in a whole training: pixels times epochs."""
    phases = recipe.phases
    ends = [first for first, _ in phases[1:]] + [recipe.epochs]
    areas = (stage.pixels[0] * stage.pixels[1] for _, stage in phases)
    return sum(area * (end - first) for area, (first, _), end in zip(areas, phases, ends, strict=True))


def _pixels(run: Summary) -> float:
    """Return a run's pixels for an image; the sizes of its stages are left aside."""
    sides = [int(side) for side in str(run.settings["size"]).split(" x ")]
    return float(sides[0] * sides[-1])
