"""What is said about a map's trust, in plain words. No torch."""

from __future__ import annotations

HOLDS, FAILS = "This map tells more than chance: ", "Don't trust this map: "


def empty() -> str:
    """Of a map that is 0 everywhere."""
    return f"{FAILS}nothing in the picture speaks for what was asked, so it shows nothing."


def unlearned() -> str:
    """Of a network whose answer reads its last layer no better than shuffled weights would."""
    return (
        f"{FAILS}the answer follows what is in this picture no more than it would with the weights of the network's"
        " last layer shuffled, as if nothing had been learned."
    )


def by_chance(better: int, shuffled: int) -> str:
    """Of a map that shuffled ones match."""
    those = "One" if better == 1 else str(better)
    find = "finds" if better == 1 else "find"
    return (
        f"{FAILS}{those} of {shuffled} maps with the same cells shuffled {find} what the answer hangs on as well as it"
        " does."
    )


def telling(before: float, without: float, share: float, shuffled: int, against: bool) -> str:
    """Of a map that beats all shuffled ones.

    Args:
        before, without: Probability of the target for the picture, and without what the map marks.
        share: How much of the picture that was, 0..1.
        against: The target is a difference of two classes.
    """
    what = "the odds between the two classes move" if against else f"the probability {_moves(before, without)}"
    how = "" if against else f" from {_percent(before)} to {_percent(without)}"
    return (
        f"{HOLDS}{what}{how} without the {_percent(share)} of the picture that it marks, and none of {shuffled} maps"
        " with the same cells shuffled finds what the answer hangs on as well."
    )


def _moves(before: float, without: float) -> str:
    if _percent(before) == _percent(without):
        return "goes"
    return "falls" if without < before else "rises"


def _percent(share: float) -> str:
    if 0 < share < 0.005 or 0.995 < share < 1:
        return f"{share:.1%}"
    return f"{share:.0%}"
