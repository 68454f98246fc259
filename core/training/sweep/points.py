"""Sweeps over combinations that are written out, each with a name, instead of a grid's. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.errors import GapwiseError
from core.training.recipe import Recipe
from core.training.settings import applied
from core.training.sweep.plan import Plan, Point, Trial
from core.training.sweep.space import MAX_TRIALS, SEED

SEARCH = "points"


def points_plan(
    label: str,
    recipe_name: str,
    recipe: Recipe,
    points: Sequence[Point],
    seeds: Sequence[int],
    *,
    sources: Sequence[str],
    changes: Mapping[str, object] | None = None,
    objective: str = "accuracy",
) -> Plan:
    """Return a sweep that trains every point once with each seed, all points before the next seed.

    The best one does not predict: what it is good for is the comparison.

    Args:
        recipe: Of all points, with `changes`.
        points: At least two, names and values all different.
        seeds: At least one, all different.

    Raises:
        GapwiseError: If there are too few or too many of them, or the settings of one don't fit.
    """
    _check(points, seeds)
    plan = Plan(
        label, recipe_name, recipe.model_dump(mode="json"), dict(changes or {}), [], [], SEARCH, len(points),
        objective, predict=False, sources=list(sources), points=list(points),
    )  # fmt: skip
    for point in points:
        applied(recipe, point.values)
    add_seeds(plan, seeds)
    return plan


def add_seeds(plan: Plan, seeds: Sequence[int]) -> None:
    """Have every point of a plan trained with more seeds."""
    # Stopped half-way, all points have as many seeds but for one: what is there can be compared.
    for seed in seeds:
        plan.seeds.append(seed)
        for point in plan.points:
            values = {**point.values, SEED: seed}
            plan.trials.append(Trial(len(plan.trials) + 1, values, point=point.name))


def _check(points: Sequence[Point], seeds: Sequence[int]) -> None:
    if len(points) < 2:
        raise GapwiseError(f"There is nothing to compare: {len(points)} network was given, two are the least.")
    if not seeds:
        raise GapwiseError("No seed was given. Give at least one, better three: 0,1,2.")
    for kind, given in (("seed", list(seeds)), ("network", [p.name for p in points])):
        twice = next((g for i, g in enumerate(given) if g in given[:i]), None)
        if twice is not None:
            raise GapwiseError(f"The {kind} {twice} is given twice. Give it once.")
    if len(points) * len(seeds) > MAX_TRIALS:
        raise GapwiseError(
            f"{len(points)} networks with {len(seeds)} seeds are {len(points) * len(seeds):,} trainings; at most"
            f" {MAX_TRIALS} are done. Take fewer seeds, or fewer networks."
        )
