"""What a sweep's settings did: trials as a table, means by value, and how much of the differences each explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.training.sweep.plan import Plan
from core.training.sweep.space import SEED, Setting
from core.training.sweep.spelling import short

if TYPE_CHECKING:
    import pandas as pd

METRICS = {"accuracy": "Accuracy", "f1": "F1"}
BINS = 4  # of a range; each needs three trials, or its mean says nothing
SHUFFLES = 1000
METHOD = (
    "Share of variance: of the squared differences between the trials' scores and their mean, the part that lies"
    " between the means of a setting's values (eta squared of a one-way analysis of variance). By chance is what that"
    " many groups show on average when the scores are dealt out at random; a share that random dealing reaches more"
    " often than once in twenty may be luck. Each setting is seen alone: what two do together is in the rest, and where"
    " not every combination was tried, settings can take credit from one another."
)


@dataclass(frozen=True)
class Effect:
    """How much a setting mattered.

    Attributes:
        share: Part of the variance between its values' means, 0..1; None where that can't be said.
        chance: What the share is on average when a setting has no effect, 0..1.
        luck: How often scores dealt out at random give as large a share, 0..1; None where there is no share.
        best: The value with the best mean, as text.
        gap: Between the best and the worst value's mean.
    """

    name: str
    share: float | None
    chance: float
    luck: float | None
    best: str
    gap: float


def dimensions(plan: Plan) -> list[Setting]:
    """Return what differs between trials, the seed at the end."""
    return [*plan.settings, *([Setting(SEED, tuple(plan.seeds))] if plan.seeds else [])]


def trials_frame(plan: Plan, live: Mapping[int, Mapping[str, float]] | None = None) -> pd.DataFrame:
    """Return a row per trial: trial, run, state, a column per setting, accuracy, f1, loss, epoch, seconds, reason.

    Args:
        live: Best metrics so far of trials that are not over, by their number.
    """
    import pandas as pd

    rows = []
    for trial in plan.trials:
        figures = trial.figures or (live or {}).get(trial.number) or {}
        shown = {k: figures.get(k) for k in ("accuracy", "f1", "loss", "epoch", "seconds")}
        settings = {d.name: trial.values.get(d.name) for d in dimensions(plan)}
        rows.append({"trial": trial.number, "run": trial.run, "state": trial.state, **settings, **shown,
                     "reason": trial.reason})  # fmt: skip
    return pd.DataFrame(rows)


def placed_frame(plan: Plan) -> pd.DataFrame:
    """Return the finished trials with places on axes: trial, accuracy, f1, a column per setting.

    A listed value's place is its number in the list, from 0; a range's is the value.
    """
    import pandas as pd

    rows = []
    for trial in (t for t in plan.trials if t.state == "finished"):
        places = {d.name: _place(d, trial.values[d.name]) for d in dimensions(plan)}
        rows.append({"trial": trial.number, **{m: trial.figures[m] for m in METRICS}, **places})
    return pd.DataFrame(rows, columns=["trial", *METRICS, *(d.name for d in dimensions(plan))])


def groups(plan: Plan, setting: Setting) -> list[tuple[str, list[int]]]:
    """Return the finished trials by value of a setting, as text and in order; a range is cut into parts.

    The parts of a range hold equally many trials; there are fewer of them where trials are few, at least one.
    """
    done = [t for t in plan.trials if t.state == "finished"]
    if setting.range is None:
        return [(short(v), [t.number for t in done if t.values[setting.name] == v]) for v in setting.values]
    ordered = sorted(done, key=lambda t: t.values[setting.name])
    parts = np.array_split(np.arange(len(ordered)), max(1, min(BINS, len(ordered) // 3)))
    found = []
    for part in parts:
        inside = [ordered[i] for i in part]
        if inside:
            ends = [short(inside[i].values[setting.name]) for i in (0, -1)]
            found.append((" to ".join(ends), [t.number for t in inside]))
    return found


def by_value(plan: Plan, setting: Setting) -> pd.DataFrame:
    """Return accuracy and F1 against a setting: value, at, trials, and for both the mean and the standard deviation.

    `at` is the value's place on an axis: its number in the list, the mean of a part of a range.
    The deviation is over the other settings (n - 1 below; no number for a single trial). Values without a
    finished trial are left out.
    """
    import pandas as pd

    rows = []
    for text, numbers in groups(plan, setting):
        row: dict[str, object] = {"value": text, "at": _middle(plan, setting, numbers), "trials": len(numbers)}
        for metric in METRICS:
            scores = _scores(plan, numbers, metric)
            row[metric] = float(np.mean(scores)) if scores else np.nan
            row[f"{metric}_spread"] = float(np.std(scores, ddof=1)) if len(scores) > 1 else np.nan
        if numbers:
            rows.append(row)
    return pd.DataFrame(rows, columns=["value", "at", "trials", *(f"{m}{s}" for m in METRICS for s in ("", "_spread"))])


def effects(plan: Plan, metric: str) -> list[Effect]:
    """Return how much each setting mattered, the one that explains most first; `METHOD` says how.

    Args:
        metric: accuracy or f1.
    """
    found = []
    for setting in dimensions(plan):
        parts = [(text, _scores(plan, numbers, metric)) for text, numbers in groups(plan, setting) if numbers]
        if len(parts) < 2:
            continue
        means = [float(np.mean(scores)) for _, scores in parts]
        share, chance = explained([scores for _, scores in parts])
        luck = None if share is None else by_luck([scores for _, scores in parts])
        best = parts[int(np.argmax(means))][0]
        found.append(Effect(setting.name, share, chance, luck, best, max(means) - min(means)))
    return sorted(found, key=lambda e: -1.0 if e.share is None else e.share, reverse=True)


def explained(parts: Sequence[Sequence[float]]) -> tuple[float | None, float]:
    """Return eta squared of grouped scores, and its mean when the groups don't differ, (k - 1) / (n - 1).

    Args:
        parts: k >= 2 groups of at least one score each, n in all.

    Returns:
        None for the first where each score is a group of its own, or all scores are equal.
    """
    scores = np.concatenate([np.asarray(part, dtype=float) for part in parts])  # (n,)
    chance = (len(parts) - 1) / (len(scores) - 1)
    total = float(((scores - scores.mean()) ** 2).sum())
    if len(scores) == len(parts) or total < 1e-18:
        return None, chance
    between = sum(len(part) * (float(np.mean(part)) - scores.mean()) ** 2 for part in parts)
    return float(between / total), chance


def by_luck(parts: Sequence[Sequence[float]], shuffles: int = SHUFFLES) -> float:
    """Return how often scores dealt out at random to groups of the same sizes lie as far apart, a permutation test.

    Args:
        parts: As `explained` takes them.
    """
    scores = np.concatenate([np.asarray(part, dtype=float) for part in parts])  # (n,)
    ends = np.cumsum([len(part) for part in parts])[:-1]
    dealt = np.random.default_rng(0).permuted(np.tile(scores, (shuffles, 1)), axis=1)  # (shuffles, n)

    def apart(rows: np.ndarray) -> np.ndarray:  # what lies between the means, up to what is the same for all rows
        groups = np.split(rows, ends, axis=1)
        return sum(group.sum(axis=1) ** 2 / group.shape[1] for group in groups)

    # Sums of the same numbers in another order differ in their last digits.
    return float((apart(dealt) >= apart(scores[None, :]) * (1 - 1e-12)).mean())


def _place(setting: Setting, value: object) -> float:
    return float(value) if setting.range else setting.values.index(value)


def _middle(plan: Plan, setting: Setting, numbers: Sequence[int]) -> float:
    places = [_place(setting, plan.trial(n).values[setting.name]) for n in numbers]
    if setting.range and setting.range.log:
        return float(np.exp(np.mean(np.log(places))))
    return float(np.mean(places)) if places else np.nan


def _scores(plan: Plan, numbers: Sequence[int], metric: str) -> list[float]:
    return [t.figures[metric] for t in plan.trials if t.number in set(numbers)]
