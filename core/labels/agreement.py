"""How far two people agree, beyond what chance would make them agree."""

from __future__ import annotations

from collections.abc import Mapping


def kappa(pairs: Mapping[tuple[int, int], int]) -> float | None:
    """Return Cohen's kappa (Cohen 1960): 1 for full agreement, 0 for what chance gives, below that for less.

    Args:
        pairs: (first answer, second answer) to how often; answers are class codes.

    Returns:
        None where it says nothing: no pairs, or everybody always gave one and the same answer.
    """
    total = sum(pairs.values())
    if not total:
        return None
    codes = {code for pair in pairs for code in pair}
    observed = sum(n for (one, two), n in pairs.items() if one == two) / total
    first = {c: sum(n for (one, _), n in pairs.items() if one == c) / total for c in codes}
    second = {c: sum(n for (_, two), n in pairs.items() if two == c) / total for c in codes}
    chance = sum(first[c] * second[c] for c in codes)
    return None if chance >= 1 else (observed - chance) / (1 - chance)
