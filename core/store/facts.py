"""Facts: something that every image has, in groups that missing cells can be counted in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BINS = 10  # groups of a number: tenths of the images
MOST_GROUPS = 40  # classes, folders or texts; with more, each has too few images to tell anything
_DAY = 86_400.0


@dataclass(frozen=True)
class Fact:
    """Something that every image has, or lacks.

    Attributes:
        name: What people read.
        groups: Names of the G groups; of numbers from low to high, then those that stand outside the order.
        at: (N,) int, each image's group, images in the order of `profiles.by_image`.
        numeric: Whether the groups have an order.
        words: Of numbers: what images with little and with much of it do ("are darker", "are brighter").
        outside: How many of the last groups stand outside the order: without a date, not measured.
        having: What the images of the first of those lack ("a date"), where that is worth asking about; else empty.
    """

    name: str
    groups: tuple[str, ...]
    at: np.ndarray
    numeric: bool
    words: tuple[str, str] = ("", "")
    outside: int = 0
    having: str = ""

    @property
    def ordered(self) -> int:
        """How many of the first groups have an order, or are plain classes."""
        return len(self.groups) - self.outside


def number_fact(
    name: str,
    values: np.ndarray,
    form: Callable[[float], str],
    words: tuple[str, str],
    unit: str = "",
    lacking: str = "",
    having: str = "",
    unseen: np.ndarray | None = None,
) -> Fact | None:
    """Return a number in tenths of the images, each value a group of its own where there are no more than ten.

    Args:
        values: (N,) float, NaN for images that have none.
        form: How people read a value.
        unit: What follows it, said once for a span.
        lacking: What images without a value are called.
        unseen: (N,) bool, images of which nobody knows whether they have a value: "not measured".

    Returns:
        None where all values are the same, or there are none.
    """
    known = ~np.isnan(values)
    ordered = np.sort(values if known.all() else values[known])
    if not len(ordered) or ordered[0] == ordered[-1]:
        return None
    edges = _edges(ordered)
    at = np.searchsorted(edges, values, side="right") - 1
    starts = np.searchsorted(ordered, edges)
    groups = [_span(form(low), form(high)) + unit for low, high in _ends(ordered, starts)]
    outside: list[str] = []
    for where, called in ((~known if unseen is None else ~known & ~unseen, lacking), (unseen, "not measured")):
        if where is not None and where.any():
            at[where] = len(groups) + len(outside)
            outside.append(called)
    asked = having if outside and outside[0] == lacking else ""
    return Fact(name, (*groups, *outside), at, True, words, len(outside), asked)


def class_fact(name: str, texts: tuple[str, ...], at: np.ndarray) -> Fact | None:
    """Return groups without an order; None where there is one, or too many to tell anything."""
    return Fact(name, texts, at, numeric=False) if 2 <= len(texts) <= MOST_GROUPS else None


def date_form(values: np.ndarray) -> Callable[[float], str]:
    """Return how people read times as far apart as these, (N,) seconds since the epoch: to the day, or the minute."""
    known = values[~np.isnan(values)]
    unit = "D" if not len(known) or np.ptp(known) > 3 * _DAY or not (known % _DAY).any() else "m"
    return lambda value: str(np.datetime64(int(value // 1), "s").astype(f"datetime64[{unit}]")).replace("T", " ")


def short(value: float) -> str:
    """Return a number in about four digits: years and counts stay whole."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _edges(ordered: np.ndarray) -> np.ndarray:
    """Return the lowest value of each group of sorted numbers, two at least."""
    few = _distinct(ordered)
    if few is not None:
        return few
    edges = np.unique(ordered[(np.arange(BINS) * len(ordered)) // BINS])
    if len(edges) == 1:  # more than nine tenths are the same: those, and the others
        return np.array([edges[0], ordered[np.searchsorted(ordered, edges[0], side="right")]])
    return edges


def _distinct(ordered: np.ndarray) -> np.ndarray | None:
    """Return the values of sorted numbers where they are few, else None."""
    changes = np.flatnonzero(np.diff(ordered))
    return ordered[np.concatenate([[0], changes + 1])] if len(changes) < BINS else None


def _ends(ordered: np.ndarray, starts: np.ndarray) -> list[tuple[float, float]]:
    ends = [*starts[1:], len(ordered)]
    return [(float(ordered[a]), float(ordered[b - 1])) for a, b in zip(starts, ends, strict=True)]


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"
