"""What trained networks gave, in words: for the command line and the page. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.training.compare import duration
from core.training.scaled.results import Mean, Outcome, difference, winner

if TYPE_CHECKING:
    import pandas as pd

NAMES = {
    "baseline": "Baseline",
    "depth": "Deeper",
    "width": "Wider",
    "resolution": "Larger pictures",
    "compound": "Compound",
}


def name(outcome: str) -> str:
    """Return what people read for a network's name; a search's are its coefficients."""
    return NAMES.get(outcome, f"α, β, γ {outcome}")


def percent(value: Mean | None) -> str:
    """Return a share with its interval: 88.1% (87.5 to 88.7)."""
    if value is None:
        return "–"
    ends = "" if value.low is None else f" ({100 * value.low:.1f} to {100 * value.high:.1f})"
    return f"{value.mean:.1%}{ends}"


def points(value: Mean | None) -> str:
    """Return a difference of shares in points with its interval: +0.4 (−0.1 to +0.9)."""
    if value is None:
        return "–"
    ends = "" if value.low is None else f" ({_signed(value.low)} to {_signed(value.high)})"
    return f"{_signed(value.mean)}{ends}"


def table(found: Sequence[Outcome], against: str) -> pd.DataFrame:
    """Return a row per network, as text and numbers.

    Columns: network, depth, width, px, multiply_adds, parameters, seeds (their number), accuracy, over_baseline,
    over (against another network, in points), time (a training's mean).

    Args:
        against: Name of the network that the others are held against beside the baseline.
    """
    import pandas as pd

    named = {o.name: o for o in found}
    rows = []
    for one in found:
        over = {key: "–" if one.name == other or other not in named else points(difference(one, named[other]))
                for key, other in (("over_baseline", "baseline"), ("over", against))}  # fmt: skip
        rows.append({
            "network": name(one.name), "depth": one.settings["depth"], "width": one.settings["width"],
            "px": one.about["px"], "multiply_adds": one.about["multiply_adds"], "parameters": one.about["parameters"],
            "seeds": len(one.runs), "accuracy": percent(one.accuracy), **over,
            "time": "–" if one.seconds is None else duration(one.seconds),
        })  # fmt: skip
    return pd.DataFrame(rows)


def verdict(found: Sequence[Outcome], of: str) -> str:
    """Return in a sentence or two which network came out best, and whether a given one's lead or lag may be luck.

    Args:
        of: The network that is asked about: compound, or the paper's coefficients.
    """
    named = {o.name: o for o in found}
    best, asked = winner(found), named.get(of)
    if best is None or asked is None or not asked.runs:
        return "Not all networks have been trained yet."
    rest = [o for o in found if o.name not in ("baseline", of) and o.runs]
    gaps = {o.name: difference(asked, o) for o in rest}
    ahead = [n for n, g in gaps.items() if g is not None and g.beyond and g.mean > 0]
    behind = [n for n, g in gaps.items() if g is not None and g.beyond and g.mean < 0]
    unclear = [n for n in gaps if n not in (*ahead, *behind)]
    equal = [o.name for o in found if o.name != "baseline" and o.accuracy == best.accuracy]
    if len(equal) > 1:
        told = [
            f"{name(equal[0])}{_and([_lower(n) for n in equal[1:]])} share the best mean, {percent(best.accuracy)}."
        ]
    else:
        told = [f"{name(best.name)} has the best mean, {percent(best.accuracy)}."]
    for names, says in ((ahead, "is ahead of"), (behind, "is behind"), (unclear, "can't be told from")):
        if names:
            told.append(f"{name(of)} {says} {_listed([_lower(n) for n in names])}.")
    if any(len(o.runs) < 2 for o in (asked, *rest)):
        told.append("One seed says nothing about chance: train with more.")
    return " ".join(told)


def _lower(outcome: str) -> str:
    text = name(outcome)
    return text if text.startswith("α") else text[0].lower() + text[1:]


def _and(names: Sequence[str]) -> str:
    return "".join(f", {n}" for n in names[:-1]) + f" and {names[-1]}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _signed(value: float) -> str:
    text = f"{100 * value:+.1f}"
    return text.replace("-", "−") if text not in ("-0.0", "+0.0") else "0.0"
