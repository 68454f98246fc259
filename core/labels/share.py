"""A share with its interval."""

from __future__ import annotations

from math import sqrt

Z = 1.959964  # two-sided 95%


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the 95% interval of a share (Wilson 1927, equation 2 of Brown, Cai and DasGupta 2001).

    Args:
        hits: From 0 to `of`.
        of: How many were looked at; with none of them the share can be anything.

    Raises:
        ValueError: If hits is not within 0 and `of`.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no share")
    if not of:
        return 0.0, 1.0
    share, spread = hits / of, Z * Z / of
    middle = (share + spread / 2) / (1 + spread)
    half = Z * sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
