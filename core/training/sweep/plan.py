"""A sweep's plan and the state of its trials: jobs/<id>/sweep.json, written by its worker alone. Imports no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean

from core.errors import GapwiseError
from core.jobs import plan_file
from core.training.recipe import Recipe, parse_recipe
from core.training.settings import applied
from core.training.sweep.space import MAX_TRIALS, SEED, Range, Setting, count, grid
from core.training.sweep.spelling import short

FILE = "sweep.json"
SEARCHES = {"grid": "Every combination", "optuna": "Optuna's search"}
OBJECTIVES = {"f1": "F1", "accuracy": "accuracy"}
STATES = ("waiting", "running", "stopped", "finished", "failed")
OPTUNA_TRIALS = 20  # its first ten are drawn at random; fewer than that again would leave it nothing to learn from


@dataclass
class Trial:
    """One training of a sweep.

    Attributes:
        number: From 1.
        values: What was tried, by setting, the seed included where seeds were asked for.
        state: One of STATES.
        run: Its run, None before it began.
        reason: Why it failed.
        figures: Its best epoch's metrics (accuracy, f1, f1_macro, loss, epoch), `seconds` of all epochs.
        point: Name of the point that it is a training of, where the plan has points.
    """

    number: int
    values: dict[str, object]
    state: str = "waiting"
    run: int | None = None
    reason: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    point: str = ""

    @property
    def setting(self) -> str:
        """The values without the seed, as text: equal for trials that differ in nothing else."""
        return json.dumps({k: v for k, v in self.values.items() if k != SEED})

    def __str__(self) -> str:
        shown = {SEED: self.values[SEED]} if self.point and SEED in self.values else self.values
        told = [f"{name} {short(value)}" for name, value in shown.items()]
        return ", ".join([self.point, *told] if self.point else told)


@dataclass(frozen=True)
class Point:
    """One combination that was written out, instead of one of a grid's.

    Attributes:
        values: By setting, JSON values.
        about: What is known of it before it is trained, for those who read the plan.
    """

    name: str
    values: dict[str, object]
    about: dict[str, object] = field(default_factory=dict)


@dataclass
class Plan:
    """What is trained, and what came out so far.

    Attributes:
        recipe: The recipe in full, as it was when the sweep was asked for, with `changes`.
        changes: What holds for all trials instead of the recipe's own values.
        settings: What is tried: at least two values each, or a range.
        seeds: Every combination is trained once with each; empty: once, with the recipe's.
        search: grid, optuna or points.
        points: What is tried where it is no grid; `settings` is empty then.
        proposals: Combinations in all; times the seeds gives the trainings.
        objective: f1 or accuracy, of the held-out images.
        trials: In the order they are done. A grid's are all there from the start, Optuna's come one by one.
        best: Number of the best trial so far.
        predicted: The run whose predictions were stored at the end.
    """

    label: str
    recipe_name: str
    recipe: dict[str, object]
    changes: dict[str, object]
    settings: list[Setting]
    seeds: list[int] = field(default_factory=list)
    search: str = "grid"
    proposals: int = 0
    objective: str = "f1"
    predict: bool = True
    sources: list[str] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    best: int | None = None
    predicted: int | None = None
    points: list[Point] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many trainings there will be."""
        return self.proposals * max(1, len(self.seeds))

    def base(self) -> Recipe:
        return parse_recipe(self.recipe, "The sweep's recipe")

    def recipe_of(self, values: Mapping[str, object]) -> Recipe:
        """Return the recipe of a trial.

        Raises:
            GapwiseError: If its settings don't fit together.
        """
        return applied(self.base(), values)

    def extend(self, values: Mapping[str, object]) -> None:
        """Add a combination, once with each seed."""
        for seed in self.seeds or [None]:
            chosen = {**values} if seed is None else {**values, SEED: seed}
            self.trials.append(Trial(len(self.trials) + 1, chosen))

    def score(self, trial: Trial) -> float | None:
        """Return a trial's objective, 0..1; None before it has one."""
        return trial.figures.get(self.objective)

    def trial(self, number: int | None) -> Trial | None:
        return next((t for t in self.trials if t.number == number), None)

    def as_dict(self) -> dict[str, object]:
        return {**asdict(self), "total": self.total}


def make_plan(
    label: str,
    recipe_name: str,
    recipe: Recipe,
    settings: Sequence[Setting],
    *,
    search: str = "grid",
    trials: int | None = None,
    objective: str = "f1",
    predict: bool = True,
    sources: Sequence[str],
) -> Plan:
    """Return a sweep that can be started.

    Args:
        settings: What is tried. One with a single value holds for all trials; several seeds repeat every combination.
        trials: Combinations that Optuna tries; None for its default. A grid tries all there are.

    Raises:
        GapwiseError: If there is nothing to try, too much, or a combination of settings doesn't fit.
    """
    _check_settings(settings)
    changes = {s.name: s.values[0] for s in settings if not s.varies}
    base = applied(recipe, changes)
    seeds = [v for s in settings for v in s.values if s.name == SEED and s.varies]
    tried = [s for s in settings if s.name != SEED and s.varies]
    plan = Plan(label, recipe_name, base.model_dump(mode="json"), changes, tried, seeds, search, 0, objective, predict)
    plan.sources = list(sources)
    plan.proposals = _grid_size(plan, trials) if search == "grid" else _search_size(plan, trials)
    _check_size(plan)
    if search == "grid":
        for values in grid(tried):
            applied(base, values)
            plan.extend(values)
    return plan


def leaders(plan: Plan) -> list[Trial]:
    """Return the best finished trials, in order; several where they are equally good.

    With several seeds a combination is judged by its mean over them, and stands for itself with its best trial.
    """
    groups: dict[str, list[Trial]] = {}
    for trial in plan.trials:
        if trial.state == "finished":
            groups.setdefault(trial.setting, []).append(trial)
    means = {key: fmean(plan.score(t) for t in group) for key, group in groups.items()}
    top = max(means.values(), default=None)
    return [max(groups[key], key=plan.score) for key, mean in means.items() if mean == top]


def write_plan(folder: Path, plan: Plan) -> None:
    """Replace a job's plan in one step.

    Raises:
        OSError: If it can't be written; the one before stays.
    """
    plan_file.write(folder / FILE, plan)


def read_plan(folder: Path) -> Plan | None:
    """Return a job's plan, None when it has none yet.

    Raises:
        GapwiseError: If it can't be read.
    """
    return plan_file.read(folder / FILE, "sweep", _made)


def _made(stored: dict) -> Plan:
    settings = [_setting(s) for s in stored.pop("settings")]
    trials = [Trial(**t) for t in stored.pop("trials")]
    points = [Point(**p) for p in stored.pop("points", [])]
    return Plan(**stored, settings=settings, trials=trials, points=points)


def _check_settings(settings: Sequence[Setting]) -> None:
    given: set[str] = set()
    for setting in settings:
        if setting.name in given:
            raise GapwiseError(f"The setting {setting.name} is given twice. Put its values into one list.")
        if setting.name == SEED and setting.range:
            raise GapwiseError("A seed is no amount to search over: list the seeds, as seed=0,1,2.")
        given.add(setting.name)


def _check_size(plan: Plan) -> None:
    if plan.total > MAX_TRIALS:
        raise GapwiseError(
            f"This sweep has {plan.total:,} trials; at most {MAX_TRIALS} are done. Take fewer values, or let Optuna try"
            " some of them: --search optuna --trials 50."
        )
    if plan.total < 2:
        raise GapwiseError("There is nothing to compare: give at least one setting two values, as dropout=0,0.2.")


def _grid_size(plan: Plan, trials: int | None) -> int:
    ranges = [s.name for s in plan.settings if s.range]
    if ranges:
        raise GapwiseError(
            f"{', '.join(ranges)} is given as a range, which has no end of values: list some, or search with Optuna"
            " (--search optuna)."
        )
    if trials is not None:
        raise GapwiseError("A number of trials is for Optuna's search; a grid tries every combination.")
    return count(plan.settings)


def _search_size(plan: Plan, trials: int | None) -> int:
    if trials is not None and trials < 1:
        raise GapwiseError(f"{trials} trials were asked for: expected at least 1.")
    wanted = OPTUNA_TRIALS if trials is None else trials
    if not plan.settings:
        raise GapwiseError("There is nothing to search: give a setting several values, or a range as lr=1e-4..1e-2.")
    return wanted if any(s.range for s in plan.settings) else min(wanted, count(plan.settings))


def _setting(stored: Mapping[str, object]) -> Setting:
    span = stored["range"]
    return Setting(stored["name"], tuple(stored["values"]), Range(**span) if span else None)
