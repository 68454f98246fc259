"""What all seeds together say, as JSON and as people read it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.quality_parts.flow import CANT
from benchmarks.quality_parts.simulate import TARGETS
from benchmarks.quality_parts.table import SOURCES
from core.pseudo.words import share

HEADLINE = 0.99  # the target at which sources are printed; all are in the JSON
SHOWN = 3  # reasons why a label can't be accepted
_KEYS = [str(t) for t in TARGETS]


def interval(values: Sequence[float | None], most: float = math.inf) -> list[float] | None:
    """Return mean, low and high: 95% by Student's t, within what can be; None where a seed has none."""
    if not values or any(v is None for v in values):
        return None
    mean = float(np.mean(values))
    if len(values) < 2:
        return [round(mean, 4)] * 3
    from scipy.stats import t

    half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
    return [round(v, 4) for v in (mean, max(0.0, mean - half), min(most, mean + half))]


def summary(seeds: Sequence[Mapping], default: str) -> dict:
    """Return all seeds' figures together, each [mean, low, high].

    Args:
        seeds: As `label_quality` makes them, at least one.
        default: The queue's default order.
    """
    orders = list(seeds[0]["orders"])
    both = [(s["orders"].get(default), s["orders"].get("random")) for s in seeds]
    ratios = [d["decisions"]["0.99"] / r["decisions"]["0.99"] for d, r in both
              if d and r and d["decisions"]["0.99"] is not None and r["decisions"]["0.99"]]  # fmt: skip
    gaps = [s["gaps"] for s in seeds]
    references = [s["reference"] for s in seeds]
    return {
        "gaps": gaps[0],
        "start": interval([s["start"] for s in seeds], 1.0),
        "decisions": {order: reached([s["orders"][order] for s in seeds]) for order in orders},
        "seeds_that_reach": {order: how_many([s["orders"][order] for s in seeds]) for order in orders},
        "orders": {order: by_target([s["orders"][order] for s in seeds], gaps) for order in orders},
        "reference": {
            "right": interval([one["right"] for one in references], 1.0),
            "wrong": interval([one["wrong"] for one in references]),
            "decisions": {key: 0 if min(one["right"] for one in references) >= float(key) else None for key in _KEYS},
            "sources": shares([one["sources"] for one in references], gaps),
        },
        "default": default,
        "default_to_random_at_0.99": interval(ratios) if len(ratios) == len(seeds) else None,
        "flow": {
            "decisions": reached([s["flow"] for s in seeds]),
            "seeds_that_reach": how_many([s["flow"] for s in seeds]),
            **by_target([s["flow"] for s in seeds], gaps),
            "by_chance": interval([s["flow"]["by_chance"] for s in seeds]),
            "checks_after": interval([s["flow"]["checks_after"] for s in seeds]),
            "bulk": {name: bulk([s["flow"]["bulk"][name] for s in seeds if name in s["flow"]["bulk"]])
                     for name in dict.fromkeys(n for s in seeds for n in s["flow"]["bulk"])},
        },
    }  # fmt: skip


def reached(courses: Sequence[Mapping]) -> dict[str, list[float] | None]:
    """Return by target after how many decisions it was reached; None unless every seed reached it."""
    return {key: interval([one["decisions"][key] for one in courses]) for key in _KEYS}


def how_many(courses: Sequence[Mapping]) -> dict[str, int]:
    """Return by target how many seeds reached it."""
    return {key: sum(one["decisions"][key] is not None for one in courses) for key in _KEYS}


def by_target(courses: Sequence[Mapping], gaps: Sequence[int]) -> dict[str, dict]:
    """Return by target, and for the end, where the gap cells' values came from and how many cells were wrong."""
    found = {}
    for key in (*_KEYS, "end"):
        states = [one["end"] if key == "end" else one["at"].get(key) for one in courses]
        if all(states):
            found[key] = {
                "wrong": interval([one["wrong"] for one in states]),
                "sources": shares([one["sources"] for one in states], gaps),
            }
    return {"at": found}


def shares(sources: Sequence[Mapping], gaps: Sequence[int]) -> dict[str, dict]:
    """Return by source its share of the gap cells, and of them the share of right ones, where there are any."""
    found = {}
    for name in SOURCES:
        counts = [one[name] for one in sources]
        right = [1 - one["wrong"] / one["cells"] for one in counts if one["cells"]]
        found[name] = {
            "share": interval([one["cells"] / n for one, n in zip(counts, gaps, strict=True)], 1.0),
            "precision": interval(right, 1.0),
            "seeds": len(right),
        }
    return found


def bulk(found: Sequence[Mapping]) -> dict[str, object]:
    """Return what the seeds' bulk acceptances of one label come to."""
    taken = [one for one in found if one["accepted"]]
    audits = [one["audit"] for one in taken]
    cells, wrong = sum(one["accepted"] for one in taken), sum(one["wrong"] for one in taken)
    return {
        "verdicts": dict(Counter(one["verdict"] for one in found)),
        "accepted": interval([one["accepted"] for one in found]),
        "wrong": interval([one["wrong"] for one in found]),
        "by_chance": interval([one["by_chance"] for one in found]),
        "precision": interval([one["precision"][0] for one in taken], 1.0),
        "together": [cells, wrong],
        "audits": {
            "share": interval([one["share"] for one in audits if one["share"] is not None], 1.0),
            "checked": sum(one["checked"] for one in audits),
            "verdicts": dict(Counter(one["verdict"] for one in audits)),
            "withdrawn": sum(one["withdrawn"] for one in audits),
            "hold": [sum(one["holds"] for one in audits), len(audits)],
        },
    }


def lines(found: Mapping) -> list[str]:
    """Return the report as people read it."""
    told = [*_training_lines(found), "", "decisions until so many gap cells are right",
            f"{'order':>20}" + "".join(f"{t:>26.1%}" for t in TARGETS)]  # fmt: skip
    courses = {order: (by, found["seeds_that_reach"][order]) for order, by in found["decisions"].items()}
    courses["accept, then review"] = found["flow"]["decisions"], found["flow"]["seeds_that_reach"]
    for order, (by, reach) in courses.items():
        texts = (_reached(by[key], reach[key], len(found["seeds"])) for key in _KEYS)
        told.append(f"{order:>20}" + "".join(f"{text:>26}" for text in texts))
    reference = found["reference"]
    never = ("0" if reference["decisions"][key] == 0 else "never" for key in _KEYS)
    told.append(f"{'every argmax':>20}" + "".join(f"{text:>26}" for text in never))
    told += [f"  (the reference has {_share(reference['right'])} right and stays there)", ""]
    if {found["default"], "random"} <= set(found["orders"]):
        ratio = found["default_to_random_at_0.99"]
        told.append(f"{found['default']} against random at 99%: {_count(ratio, '{:.2f}')}")
    told += ["", f"where the gap cells' values come from when {HEADLINE:.0%} are right (at the end where that is not"
             " reached), and how many of them are right"]  # fmt: skip
    for order, one in (*found["orders"].items(), ("accept, then review", found["flow"])):
        told += _source_lines(order, one["at"])
    told += _sources("every argmax", reference)
    return [*told, "", *_flow_lines(found)]


def _training_lines(found: Mapping) -> list[str]:
    seeds = found["seeds"]
    told = [f"{found['gaps']:,} gap cells, {len(seeds)} {'seed' if len(seeds) == 1 else 'seeds'};"
            f" right before the first decision: {_share(found['start'])}"]  # fmt: skip
    for seed in seeds:
        one = seed["training"]
        epochs = ", ".join(f"{name} {n} epochs" for name, n in one["epochs"].items()) or "nothing"
        allowed = "" if one["allowed"] is None else f" of {one['allowed']:g}"
        told.append(f"  seed {seed['seed']}: trained {epochs} in {one['seconds']:.0f}{allowed} s")
        told += [f"    {name}: the budget ended its training early" for name in dict.fromkeys(one["stopped"])]
        told += [f"    {name} has no model: {why}" for name, why in one["without"].items()]
        if seed["broken"]:
            told.append(f"    the truth breaks the rules on {seed['broken']:,} images")
        told += [f"    {one['order']}: trained again {one['times']} times, {one['seconds']:.0f} s in all"
                 for one in seed.get("again", ())]  # fmt: skip
    told += [f"  seed {one['seed']} failed: {one['why']}" for one in found["failed"]]
    return told


def _source_lines(order: str, at: Mapping) -> list[str]:
    key = str(HEADLINE) if str(HEADLINE) in at else "end"
    return _sources(order if key != "end" else f"{order} (end)", at[key])


def _sources(order: str, one: Mapping) -> list[str]:
    told = [f"{order:>20}: {_count(one['wrong'])} wrong cells left"]
    for name, part in one["sources"].items():
        if part["seeds"]:
            told.append(f"{name:>24} {_share(part['share']):>28} of the gap cells, {_share(part['precision'])} right")
    return told


def _flow_lines(found: Mapping) -> list[str]:
    flow = found["flow"]
    told = [f"accept in bulk at {share(found['precision'])}, by label over the seeds ({_count(flow['by_chance'])} cells"
            f" reviewed by chance before, {_count(flow['checks_after'])} checks after the review's end)"]  # fmt: skip
    for name, one in flow["bulk"].items():
        verdicts = ", ".join(f"{text} {n}x" for text, n in one["verdicts"].items())
        told.append(f"  {name}: {verdicts}; {_count(one['accepted'])} cells accepted, {_count(one['wrong'])} wrong")
        if one["precision"]:
            audits = one["audits"]
            checked = f"{_share(audits['share'])} right" if audits["share"] else "nothing yet"
            told += [f"    precision {_share(one['precision'])}; {audits['checked']:,} checked, {checked}; the truth is"
                     f" within the checks' bounds in {audits['hold'][0]} of {audits['hold'][1]}"]  # fmt: skip
    for seed in found["seeds"]:
        for name, one in seed["flow"]["bulk"].items():
            told += [f"  seed {seed['seed']}, {name}: {line}" for line in _one_bulk(one)]
    return told


def _one_bulk(one: Mapping) -> list[str]:
    if not one["accepted"]:
        says, more = one["says"][1 : 1 + SHOWN], len(one["says"]) - 1 - SHOWN
        rest = [f"and {more} more classes or kinds of images; the JSON has all"] if more > 0 else []
        return [one["verdict"], *says, *rest] if one["verdict"] == CANT else [one["verdict"]]
    precision, low, high = one["precision"]
    told = (f"{one['verdict']}: {one['accepted']:,} of {one['waiting']:,} accepted, {one['wrong']:,} wrong,"
            f" {precision:.2%} right ({low:.2%} to {high:.2%}); {one['expected_wrong']:g} wrong expected,"
            f" at most {one['most_wrong']:g}")  # fmt: skip
    found = one["audit"]
    checks = (f"checks: {found['right']} of {found['checked']} right, {found['low']:.2%} to {found['high']:.2%} of all,"
              f" {found['verdict']}{', withdrawn' if found['withdrawn'] else ''}")  # fmt: skip
    return [told, checks]


def _share(found: Sequence[float] | None) -> str:
    if found is None:
        return "not known"
    mean, low, high = found
    return f"{mean:.2%}" if low == high else f"{mean:.2%} ({low:.2%} to {high:.2%})"


def _reached(found: Sequence[float] | None, seeds: int, of: int) -> str:
    return f"by {seeds} of {of} seeds" if found is None and seeds else _count(found)


def _count(found: Sequence[float] | None, form: str = "{:,.0f}") -> str:
    if found is None:
        return "not reached"
    mean, low, high = (form.format(v) for v in found)
    return mean if low == high else f"{mean} ({low} to {high})"
