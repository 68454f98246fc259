"""Seconds of networks that were not measured, from those that were: a line over multiply-adds. Imports no torch.

Multiply-adds explain a good part of a network's time, not all of it: depthwise convolutions have few of them and wait
for memory instead. So a line never comes without how far it was off on networks that it did not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.models.measured import Measurement

REACH = 4
FEWEST = 3  # points that leave two others for a line when one is left out


@dataclass(frozen=True)
class Line:
    """seconds = fixed + each * multiply-adds of a step.

    Attributes:
        fixed: Seconds that any step takes; 0 or more.
        each: Seconds for a multiply-add; above 0.
        points: Networks that it goes through.
        low, high: Multiply-adds of their smallest and their largest step.
        error, worst: How far a line through the others was off at each network, as a share of its seconds: the median
            and the largest; None with fewer than three networks.
    """

    fixed: float
    each: float
    points: int
    low: float
    high: float
    error: float | None
    worst: float | None

    def seconds(self, multiply_adds: float) -> float:
        """Return the seconds of a step."""
        return self.fixed + self.each * multiply_adds

    def reaches(self, multiply_adds: float) -> bool:
        """Whether something near enough was measured: a step of a quarter to four times as many multiply-adds."""
        return self.low / REACH <= multiply_adds <= self.high * REACH

    @property
    def told(self) -> str:
        """How it came about and how good it is, in words."""
        ends = " to ".join(dict.fromkeys(f"{x / 1e9:.3g}B" for x in (self.low, self.high)))
        of = f"a line through {self.points} measured network{'s' * (self.points > 1)} ({ends} multiply-adds a step)"
        if self.error is None or self.worst is None:
            return f"{of}, too few to tell its error"
        return (
            f"{of}; on networks that it did not know it was off by {self.error:.0%} (median), {self.worst:.0%} at most"
        )


def through(found: Sequence[Measurement]) -> Line | None:
    """Return the line through measurements of one task on one machine; None when there are none.

    Args:
        found: Of several with one network and batch the first counts.
    """
    points = {(m.network, m.batch): (m.multiply_adds * m.batch, m.median) for m in reversed(found)}
    if not points:
        return None
    x, y = np.array(list(points.values()), dtype=float).T
    fixed, each = _fit(x, y)
    if len(x) < FEWEST:
        return Line(fixed, each, len(x), float(x.min()), float(x.max()), None, None)
    off = []
    for i in range(len(x)):
        rest = np.arange(len(x)) != i
        a, b = _fit(x[rest], y[rest])
        off.append(abs((a + b * x[i]) / y[i] - 1))
    return Line(fixed, each, len(x), float(x.min()), float(x.max()), float(np.median(off)), float(max(off)))


def _fit(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the fixed part and the slope with the least relative errors, neither below 0.

    Relative ones: of networks from 5 ms to 5 s, the largest would else decide alone.
    """
    ones, slopes = 1 / y, x / y
    if len(np.unique(x)) > 1:
        (fixed, each), *_ = np.linalg.lstsq(np.stack([ones, slopes], 1), np.ones(len(x)), rcond=None)
        if fixed >= 0 and each > 0:
            return float(fixed), float(each)
    return 0.0, float(slopes.sum() / (slopes**2).sum())  # through the origin
