"""What to try next, by Optuna: tree-structured Parzen estimators (Bergstra et al. 2011, Watanabe 2023).

Optuna is an optional package, imported in the functions that need it.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from core.errors import GapwiseError
from core.training.sweep.plan import Plan
from core.training.sweep.space import Range, Setting, grid

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

RETRIES = 20  # other draws, where Optuna proposes what was tried already


def check_installed() -> None:
    """Raise a GapwiseError unless Optuna is installed."""
    if importlib.util.find_spec("optuna") is None:
        raise GapwiseError(
            "Optuna's search needs the package optuna, which is not installed. Run"
            " `.venv/bin/pip install -r requirements-extras.txt`, or try every combination (--search grid)."
        )


def propose(plan: Plan) -> dict[str, object]:
    """Return the next combination to try; it follows from the recipe's seed and the trials that are over.

    Nothing is kept between two calls, so a sweep that was killed proposes what it would have proposed.

    Raises:
        GapwiseError: If Optuna is not installed.
    """
    check_installed()
    tried = [_spelled(values) for values, _ in _outcomes(plan)]
    for attempt in range(RETRIES):
        values = _ask(plan, len(tried), attempt)
        if _spelled(values) not in tried:
            return values
    if any(s.range for s in plan.settings):
        return values
    return next(v for v in grid(plan.settings) if _spelled(v) not in tried)  # there are at most as many proposals


def _ask(plan: Plan, number: int, attempt: int) -> dict[str, object]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # A sampler of its own for every proposal: one that lived on would have another state after a kill.
    seed = int(np.random.SeedSequence((int(plan.recipe["seed"]), number, attempt)).generate_state(1)[0])
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    space = {s.name: _distribution(s) for s in plan.settings}
    for values, score in _outcomes(plan):
        study.add_trial(_past(plan, space, values, score))
    found = study.ask(space).params
    return {s.name: _rounded(s.range, found[s.name]) if s.range else json.loads(found[s.name]) for s in plan.settings}


def _past(
    plan: Plan, space: Mapping[str, BaseDistribution], values: Mapping[str, object], score: float | None
) -> optuna.trial.FrozenTrial:
    import optuna

    states = optuna.trial.TrialState
    params = {s.name: values[s.name] if s.range else json.dumps(values[s.name]) for s in plan.settings}
    return optuna.trial.create_trial(
        params=params, distributions=dict(space), value=score, state=states.FAIL if score is None else states.COMPLETE
    )


def _outcomes(plan: Plan) -> list[tuple[dict[str, object], float | None]]:
    """Return each combination in the order it was tried, with its mean objective over its seeds; None if all failed."""
    groups: dict[str, list[float]] = {}
    for trial in plan.trials:
        score = plan.score(trial) if trial.state == "finished" else None
        groups.setdefault(trial.setting, []).extend([] if score is None else [score])
    return [(json.loads(setting), fmean(scores) if scores else None) for setting, scores in groups.items()]


def _distribution(setting: Setting) -> BaseDistribution:
    import optuna

    span = setting.range
    if span is None:
        # As text: Optuna knows no lists, and a text says what the value was when the study is rebuilt.
        return optuna.distributions.CategoricalDistribution([json.dumps(value) for value in setting.values])
    kind = optuna.distributions.IntDistribution if span.whole else optuna.distributions.FloatDistribution
    return kind(span.low, span.high, log=span.log)


def _rounded(span: Range, value: float) -> float:
    """Return a number with four digits: nobody reads more, and no training feels more."""
    short = value if span.whole else float(f"{value:.4g}")
    return short if span.low <= short <= span.high else value


def _spelled(values: Mapping[str, object]) -> str:
    return json.dumps(values)
