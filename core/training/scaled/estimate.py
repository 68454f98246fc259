"""How long scaled networks may take to train, from what an earlier run took for its multiply-adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import GapwiseError
from core.models.equal import Network
from core.training.summary import Summary
from core.training.sweep.plan import Plan


@dataclass(frozen=True)
class Estimate:
    """Seconds for all trainings together, the run that they were reckoned from, and whether it had this very model."""

    seconds: float
    run: int
    same_model: bool


def estimate(plan: Plan, images: int, classes: int, past: Sequence[Summary]) -> Estimate | None:
    """Return how long a plan's trainings may take together; None when no earlier run's network can be counted.

    Seconds go with multiply-adds, images and epochs; of earlier runs the newest with the same model tells how many,
    else the newest that can be counted. Deep networks of small layers take longer than that, wide ones less.

    Args:
        images: The label's training images.
        past: Earlier runs, newest first.
    """
    model = plan.base().model.split(".")[0]
    known = [(run, each) for run in past if (each := _seconds_for_each(run, classes)) is not None]
    if not known:
        return None
    run, each = next((k for k in known if _model(k[0]) == model), known[0])
    total = sum(int(p.about["multiply_adds"]) for p in plan.points) * len(plan.seeds)
    return Estimate(each * total * images * plan.base().epochs, run.id, _model(run) == model)


def _seconds_for_each(run: Summary, classes: int) -> float | None:
    """Return a run's seconds for one multiply-add of one image in one epoch; None where it can't be counted."""
    sides = str(run.settings.get("size", "")).split(" x ")
    if not (run.epochs and run.train and run.seconds) or len(set(sides)) != 1 or "progressive.size" in run.settings:
        return None
    try:
        width, depth = float(run.settings["width"]), float(run.settings["depth"])
        counted = Network(_model(run), width, depth, int(sides[0]), classes).multiply_adds
    except (GapwiseError, KeyError, ValueError):
        return None
    return run.seconds / (run.epochs * run.train * counted)


def _model(run: Summary) -> str:
    return str(run.settings.get("model", "")).split(".")[0]
