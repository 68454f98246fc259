"""What is said about a map's trust, in plain words. No torch: the server tells stored verdicts anew."""

from __future__ import annotations

import math
from collections.abc import Mapping

from core.explain.odds import log_odds, probability

HOLDS, FAILS = "This map tells more than chance: ", "Don't trust this map: "
# Why a map is trusted or not; `chance` that others find as much, `idle` that the answer does without what it marks.
TELLS, SINGLE, EMPTY, UNLEARNED, CHANCE, IDLE = "tells", "single", "empty", "unlearned", "chance", "idle"
SHARE = 0.4  # of the picture, that is taken out for the probabilities that are told


def said(verdict: Mapping[str, object], target: str, temperature: float) -> str:
    """Return a verdict in one or two sentences.

    Args:
        verdict: Fields of `core.explain.trust.Trust`; its sentence plays no part.
        target: What the map explains, resolved: "2" or "2-0".
        temperature: What scores are divided by for the probabilities that are told, as for those beside the map.
    """
    why = verdict["why"]
    if why in _PLAIN:
        return FAILS + _PLAIN[why]
    return (HOLDS if why == TELLS else FAILS) + _measured(verdict, target, temperature) + _scores(verdict)


_PLAIN = {
    SINGLE: "it has a single cell, and one cell can't point at any place. Choose an earlier layer.",
    EMPTY: "nothing in the picture speaks for what was asked, so it shows nothing.",
    UNLEARNED: (
        "the answer follows what is in this picture no more than it would with the weights of the network's last layer"
        " shuffled, as if nothing had been learned."
    ),
}


def _measured(verdict: Mapping[str, object], target: str, temperature: float) -> str:
    others, better = f"{verdict['moves']:,}", verdict["better"]
    if verdict["why"] == CHANCE:
        finds = "one finds" if better == 1 else f"{better:,} find"
        return (
            f"of {others} maps that are the same one moved elsewhere, turned or mirrored, {finds} what the answer hangs"
            " on as well as it does."
        )
    without = f"without the {_percent(SHARE)} of the picture that it marks"
    if verdict["why"] == IDLE:
        kept = _both(verdict, target, temperature, falls=False)
        return f"{without} the answer is no weaker{kept}, so it does not hang on that part."
    only = "none finds" if better == 0 else "only one finds" if better == 1 else f"only {better:,} find"
    return (
        f"{_fall(verdict, target, temperature)} {without}, and of {others} maps that are the same one moved elsewhere,"
        f" turned or mirrored, {only} what the answer hangs on as well."
    )


def _fall(verdict: Mapping[str, object], target: str, temperature: float) -> str:
    """Say that the answer gets weaker, and by how much where that can be seen in percent."""
    if "-" in target:
        before, without = log_odds(verdict["logits"], target)
        return f"the odds between the two classes fall by a factor of {_factor(float(before - without))}"
    seen = _both(verdict, target, temperature, falls=True)
    return f"the probability falls{seen}" if seen else "the odds fall, though too little to show in percent,"


def _both(verdict: Mapping[str, object], target: str, temperature: float, falls: bool) -> str:
    """Return the probabilities before and without, where calibration and rounding leave them a fall, or none."""
    if "-" in target:
        return ""
    before, without = probability(verdict["logits"], target, temperature)
    a, b = _percent(before), _percent(without)
    if falls:
        return f" from {a} to {b}" if without < before and a != b else ""
    return f" ({a} with it, {b} without)" if without >= before else ""


def _scores(verdict: Mapping[str, object]) -> str:
    if verdict["random"] is None:
        return ""
    return f" ROAD: {verdict['score']:.1f}; of RandomCAM, its channels weighted at random: {verdict['random']:.1f}."


def _factor(odds: float) -> str:
    """Return exp(odds), of odds above 0, as people read it."""
    times = math.exp(min(odds, 7.0))
    return "more than 1,000" if odds > 7 else f"{times:.1f}" if times < 10 else f"{times:,.0f}"


def _percent(share: float) -> str:
    if 0 < share < 0.005 or 0.995 < share < 1:
        return f"{share:.1%}"
    return f"{share:.0%}"
