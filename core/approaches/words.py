"""A comparison's figures with their intervals, as people read them: [mean, low, high] each."""

from __future__ import annotations

from collections.abc import Sequence


def percent(found: Sequence[float] | None) -> str:
    return "–" if found is None else _spelled(found, "{:.1%}")


def score(found: Sequence[float]) -> str:
    return _spelled(found, "{:.3f}")


def number(found: Sequence[float] | None) -> str:
    return "–" if found is None else _spelled(found, "{:,.0f}")


def points(found: Sequence[float]) -> str:
    """Return a difference of shares in percentage points."""
    return _spelled([100 * value for value in found], "{:+.1f}")


def _spelled(found: Sequence[float], form: str) -> str:
    mean, low, high = map(form.format, found)
    return f"{mean} ({low} to {high})"
