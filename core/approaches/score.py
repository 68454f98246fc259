"""What a comparison found, with 95% intervals: how good models became, how much was filled and how much of it wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.approaches.filling import APPROACHES, FOLLOWED, ORIGINS, OURS, PSEUDO
from core.approaches.layout import Layout
from core.approaches.plan import Outcome, Plan
from core.labels.label import MISSING
from core.labels.missingness import group

RESAMPLES = 2000
SEED = 0
_PART = 100  # resamples at once; keeps their weights out of memory
ALL = "all labels"


@dataclass(frozen=True)
class Result:
    """One outcome's arrays.

    Attributes:
        predicted: (T, K) class codes on the held-out images, labels in the cascade's order; -1 where a picture could
            not be read.
        values, origins: (N, L), the table at the end.
    """

    predicted: np.ndarray
    values: np.ndarray
    origins: np.ndarray


def summary(plan: Plan, layout: Layout, folder: Path) -> dict[str, object]:
    """Return what is known so far, as JSON values.

    All figures rest on the seeds that every approach with a result has finished: with others, what the seeds make of it
    would look like what the approaches do. Where there is no such seed, each rests on its own, and nothing is compared.

    Accuracy and F1 are means over the seeds; their intervals come from drawing held-out images and seeds again with
    replacement, the same ones for all approaches, so that differences are paired. Shares of filled and of wrong cells
    are means over the seeds with Wilson's interval for the images of one seed: seeds don't make the images more, and
    the cells of an image are right or wrong together.

    Returns:
        approaches: by key: seeds, left_out (seeds that it has finished and not all others have), labels (name to
            accuracy and f1, each [mean, low, high]), hidden (label name or "all labels" to cells; filled, of the cells;
            wrong, of those filled; wrong_taken, of the answers that were taken; wrong_guesses, of those and what rules
            concluded from them, each [share, low, high], None where there are none; guesses, how many those are), gaps
            (cells, filled, by_origin, wrong as [number, low, high] reckoned from wrong_guesses, None where nothing
            tells), contradictions, seconds.
        differences: ours minus the other: key to label name to accuracy and f1, each [mean, low, high].
        line: one sentence.
    """
    every = {key: _results(plan, folder, key) for key in APPROACHES}
    results, left_out = _paired({key: found for key, found in every.items() if found})
    truth = layout.truth[layout.heldout][:, list(layout.order)]
    drawn = {key: _resampled(plan, truth, found) for key, found in results.items()}
    hidden = {key: _hidden(plan, layout, list(found.values())) for key, found in results.items()}
    approaches = {
        key: {
            "seeds": sorted(found),
            "left_out": left_out[key],
            "labels": {name: {metric: _told(values) for metric, values in drawn[key][name].items()}
                       for name in plan.order},
            "hidden": hidden[key],
            **_gaps(_outcomes(plan, key, found), layout, hidden[key][ALL]["wrong_guesses"]),
        }
        for key, found in results.items()
    }  # fmt: skip
    differences = {
        key: {
            name: {m: _told(drawn[OURS][name][m] - drawn[key][name][m]) for m in ("accuracy", "f1")}
            for name in plan.order
        }
        for key in results
        if key != OURS and OURS in results and results[key].keys() == results[OURS].keys()
    }
    return {"approaches": approaches, "differences": differences, "line": _line(plan, approaches)}


def read_result(folder: Path, outcome: Outcome) -> Result:
    """Return an outcome's arrays.

    Raises:
        OSError, ValueError, KeyError: If they can't be read.
    """
    with np.load(folder / outcome.file, allow_pickle=False) as stored:
        return Result(stored["predicted"], stored["values"], stored["origins"])


def _results(plan: Plan, folder: Path, approach: str) -> dict[int, Result]:
    return {o.seed: read_result(folder, o) for o in plan.outcomes if o.approach == approach and o.state == "finished"}


def _outcomes(plan: Plan, approach: str, seeds: Collection[int]) -> list[Outcome]:
    return [o for o in plan.outcomes if o.approach == approach and o.state == "finished" and o.seed in seeds]


def _paired(results: Mapping[str, dict[int, Result]]) -> tuple[dict[str, dict[int, Result]], dict[str, list[int]]]:
    """Return approaches' results on the seeds that all have, on their own ones where there are none; and the others."""
    common = set.intersection(*(set(found) for found in results.values())) if results else set()
    kept = {key: {seed: r for seed, r in found.items() if not common or seed in common}
            for key, found in results.items()}  # fmt: skip
    return kept, {key: sorted(found.keys() - kept[key].keys()) for key, found in results.items()}


def _resampled(plan: Plan, truth: np.ndarray, results: Mapping[int, Result]) -> dict[str, dict[str, np.ndarray]]:
    """Return label name to accuracy and f1, (1 + RESAMPLES,) each; the first is that of the images as they are."""
    random = np.random.default_rng(SEED)
    found = {name: {"accuracy": [], "f1": []} for name in plan.order}
    predicted = np.stack([results[seed].predicted for seed in sorted(results)])  # (S, T, K)
    classes = [len(plan.all_labels[j].classes) for j in plan.positions()]
    seeds, images = predicted.shape[:2]
    for size in (0, *(_PART,) * (RESAMPLES // _PART)):
        weights = random.multinomial(images, np.full(images, 1 / images), size) if size else np.ones((1, images), int)
        chosen = random.integers(seeds, size=(size, seeds)) if size else np.arange(seeds)[None]
        for k, name in enumerate(plan.order):
            scores = _scores(truth[:, k], predicted[:, :, k], classes[k], weights.astype(np.float64))
            for metric, values in scores.items():  # (B, S)
                found[name][metric].append(np.take_along_axis(values, chosen, axis=1).mean(axis=1))
    return {name: {metric: np.concatenate(parts) for metric, parts in each.items()} for name, each in found.items()}


def _scores(truth: np.ndarray, predicted: np.ndarray, classes: int, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Return accuracy and F1, (B, S) each, as `core.training.measure` defines them.

    Args:
        truth: (T,) class codes.
        predicted: (S, T) class codes, -1 for images that can't be read: they are not counted.
        weights: (B, T) how often each image was drawn.
    """
    there = predicted != MISSING  # (S, T)
    total = np.maximum(weights @ there.T, 1)
    right = weights @ (there & (predicted == truth)).T
    codes = [1] if classes == 2 else range(classes)
    f1 = []
    for code in codes:
        is_it, said = there & (truth == code), there & (predicted == code)
        hits, either = weights @ (is_it & said).T, weights @ is_it.T.astype(float) + weights @ said.T.astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            f1.append(np.where(either > 0, 2 * hits / either, np.nan))
    every = np.stack(f1)
    # A class that is neither there nor predicted doesn't count; where there is none at all, F1 is 0.
    counted = np.isfinite(every).sum(axis=0)
    return {"accuracy": right / total, "f1": np.nansum(every, axis=0) / np.maximum(counted, 1)}


def _told(values: np.ndarray) -> list[float]:
    low, high = np.quantile(values[1:], (0.025, 0.975))
    return [round(float(v), 6) for v in (values[0], low, high)]


def _hidden(plan: Plan, layout: Layout, results: Sequence[Result]) -> dict[str, dict]:
    found = {}
    for name, columns in [(plan.labels[j]["name"], [j]) for j in layout.order] + [(ALL, list(layout.order))]:
        cells = layout.hidden[:, columns]
        filled = _share([_there(r, cells, columns) for r in results], [cells for _ in results])
        found[name] = {"cells": int(cells.sum()), "filled": filled}
        for kind, origins in (("wrong", None), ("wrong_taken", (PSEUDO,)), ("wrong_guesses", (PSEUDO, FOLLOWED))):
            of = [_there(r, cells, columns, origins) for r in results]
            wrong = [
                some & (r.values[:, columns] != layout.truth[:, columns]) for some, r in zip(of, results, strict=True)
            ]
            found[name][kind] = _share(wrong, of) if any(some.any() for some in of) else None
        found[name]["guesses"] = float(np.mean([some.sum() for some in of]))
    return found


def _there(result: Result, cells: np.ndarray, columns: list[int], origins: Sequence[int] | None = None) -> np.ndarray:
    """Return which of some cells (N, K) have a value, of some origins."""
    there = cells & (result.values[:, columns] != MISSING)
    return there if origins is None else there & np.isin(result.origins[:, columns], origins)


def _share(parts: Sequence[np.ndarray], wholes: Sequence[np.ndarray]) -> list[float]:
    """Return a share as the mean over seeds of cells (N, K), with Wilson's interval for the images of one seed.

    Images, not cells: a wrong guess makes what rules conclude from it wrong as well, so an image's cells fall together.
    """
    part, whole = (float(np.mean([each.sum() for each in many])) for many in (parts, wholes))
    images = round(float(np.mean([each.any(axis=1).sum() for each in wholes])))
    share = part / whole if whole else 0.0
    one = group("", round(share * images), images)
    return [round(v, 6) for v in (share, min(one.low, share), max(one.high, share))]


def _gaps(outcomes: Sequence[Outcome], layout: Layout, wrong: list[float] | None) -> dict[str, object]:
    """Return what became of the real gaps; `wrong` is the share of guesses that are, from the hidden cells."""
    by_origin = {name: float(np.mean([o.filled[name] for o in outcomes])) for name in outcomes[0].filled}
    filled = sum(by_origin.values())
    # What rules prove from known cells is as right as those: only where a model had a hand in can it be wrong.
    guesses = by_origin[ORIGINS[PSEUDO]] + by_origin[ORIGINS[FOLLOWED]]
    wrong = [0.0, 0.0, 0.0] if filled and not guesses else wrong
    return {
        "gaps": {
            "cells": int(layout.gaps.sum()),
            "filled": filled,
            "by_origin": by_origin,
            "wrong": None if wrong is None else [round(share * guesses, 2) for share in wrong],
        },
        "contradictions": float(np.mean([o.contradictions for o in outcomes])),
        "seconds": float(np.mean([sum(s["seconds"] for s in o.stages) for o in outcomes])),
    }


def _line(plan: Plan, approaches: Mapping[str, dict]) -> str:
    if not approaches:
        return "Nothing is finished yet."
    last = plan.order[-1]
    parts = []
    for key, found in approaches.items():
        mean, low, high = found["labels"][last]["accuracy"]
        gaps = found["gaps"]
        wrong = "" if gaps["wrong"] is None else f", about {gaps['wrong'][0]:,.0f} of them wrong"
        parts.append(
            f"{APPROACHES[key]}: {last} {mean:.1%} right ({low:.1%} to {high:.1%}),"
            f" {gaps['filled']:,.0f} of {gaps['cells']:,} gaps filled{wrong}"
        )
    return "; ".join(parts) + "."
