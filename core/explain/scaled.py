"""Which of some runs are one network scaled in different ways, as in figure 7 of Tan and Le 2019."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.models.families import shipped

KINDS = {
    "baseline": "Baseline",
    "depth": "Deeper",
    "width": "Wider",
    "resolution": "Higher resolution",
    "compound": "Compound scaling",
}
_PLAIN = re.compile(r"((?:tf_)?efficientnet)_b(\d)")
_SAME = 0.02  # factors this close are one: sizes are rounded to whole steps of the network


def scaled(runs: Sequence[tuple[int, Mapping[str, object]]]) -> dict[int, str]:
    """Return run id to its place among the scaled networks, in the order of KINDS; empty where there are none.

    The baseline is the smallest network; the others are larger in one dimension only, or in all three. Of several at
    the same place the first one given stays.

    Args:
        runs: Run id and its recipe's settings (model, width, depth, size), newest first. Networks of several
            families are told apart; the family with most places filled is returned.
    """
    families: dict[str, list[tuple[int, tuple[float, float, float]]]] = {}
    for run_id, settings in runs:
        family, factors = _factors(settings)
        families.setdefault(family, []).append((run_id, factors))
    found = [_placed(members) for members in families.values()]
    best = max(found, key=len, default={})
    return best if len(best) > 1 else {}


def compared(runs: Sequence[tuple[int, Mapping[str, object] | None]]) -> dict[int, str]:
    """Return run id to its place among the networks of the newest trained comparison, in the order of KINDS.

    All are of one seed, the first of which most networks are trained; empty where there is no comparison.

    Args:
        runs: Run id and what its `sweep` says (id, point, values), None where it is of none, newest first.
    """
    of = [(run_id, about) for run_id, about in runs if about and about.get("point") in KINDS]
    newest = max((int(about["id"]) for _, about in of), default=None)
    seeds: dict[object, dict[str, int]] = {}
    for run_id, about in reversed(of):  # oldest first: seeds in the order in which they were trained
        if about["id"] == newest:
            seeds.setdefault(about["values"].get("seed"), {}).setdefault(str(about["point"]), run_id)
    places = max(seeds.values(), key=len, default={})
    return {places[kind]: kind for kind in KINDS if kind in places} if len(places) > 1 else {}


def _placed(members: Sequence[tuple[int, tuple[float, float, float]]]) -> dict[int, str]:
    base = min((factors for _, factors in members), key=lambda f: f[0] * f[1] ** 2 * f[2] ** 2)  # the cheapest
    places: dict[str, int] = {}
    for run_id, factors in members:
        larger = [now > before * (1 + _SAME) for now, before in zip(factors, base, strict=True)]
        smaller = any(now < before * (1 - _SAME) for now, before in zip(factors, base, strict=True))
        kind = _kind(larger)
        if kind and not smaller:
            places.setdefault(kind, run_id)
    return {places[kind]: kind for kind in KINDS if kind in places}


def _kind(larger: Sequence[bool]) -> str | None:
    if not any(larger):
        return "baseline"
    if all(larger):
        return "compound"
    return ("depth", "width", "resolution")[larger.index(True)] if sum(larger) == 1 else None


def _factors(settings: Mapping[str, object]) -> tuple[str, tuple[float, float, float]]:
    """Return a network's family and its depth, width and picture side; B1 to B7 count as B0, scaled."""
    model, size = str(settings.get("model", "")), settings.get("size", 224)
    side = min(size) if isinstance(size, list | tuple) else size
    depth, width = float(settings.get("depth", 1.0)), float(settings.get("width", 1.0))
    if match := _PLAIN.fullmatch(model):
        known = {reported.name: reported.factors for reported in shipped()}.get(f"B{match[2]}")
        if known is not None:
            return match[1], (depth * known.depth, width * known.width, float(side))
    return model, (depth, width, float(side))
