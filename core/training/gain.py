"""What training again would bring: a learning curve through the runs that a label has had."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_RUNS = 3  # with different numbers of labels: two points lie on every curve
LEAST_SPAN = 1.25  # times more labels in the largest of them than in the smallest: else chance decides about the slope


@dataclass(frozen=True)
class Point:
    """One run: how many labels it learned from, and its accuracy on so many held-out images."""

    labels: int
    accuracy: float
    heldout: int


@dataclass(frozen=True)
class Gain:
    """What more labels are expected to bring.

    Attributes:
        points: Runs that the curve goes through.
        accuracy: Expected gain in accuracy, 0 or more.
        chance: By how much the accuracy of two runs differs by chance alone (one standard error), with the held-out
            images there are: a gain below that can't be seen.
    """

    points: int
    accuracy: float
    chance: float


def expected_gain(points: Sequence[Point], more: int) -> Gain | None:
    """Return what so many more labels would bring to a run like the newest.

    The error falls with a power of the number of labels (Cortes et al. 1993, "Learning curves"; Hestness et al. 2017,
    arXiv 1712.00409), a line in logarithms. A run without errors counts as having half of one.

    Args:
        points: Runs of one label and recipe on the same held-out images, newest first.
        more: Labels that came since the newest, at least 0.

    Returns:
        None where the runs can't say: fewer than three numbers of labels, or numbers too close to each other.
    """
    sizes = sorted({p.labels for p in points if p.labels > 0})
    if len(sizes) < LEAST_RUNS or sizes[-1] / sizes[0] < LEAST_SPAN:
        return None
    used = [p for p in points if p.labels > 0]
    error = np.array([((1 - p.accuracy) * p.heldout + 0.5) / (p.heldout + 1) for p in used])
    slope, height = np.polyfit(np.log([p.labels for p in used]), np.log(error), 1)
    newest = used[0]
    now, then = (math.exp(height + slope * math.log(n)) for n in (newest.labels, newest.labels + more))
    chance = math.sqrt(2 * now * (1 - now) / newest.heldout) if newest.heldout and now < 1 else 0.0
    return Gain(len(used), max(0.0, now - then), chance)
