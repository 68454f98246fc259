"""How memory goes with the number of pictures, at every moment of a piece of work. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

# In the order in which they are shown.
PARTS = ("weights", "gradients", "optimizer", "ema", "activations", "temporary", "batch", "libraries")
AT = {name: i for i, name in enumerate(PARTS)}
MIB = 2**20
# What libraries take: bytes, and a share of activations and temporary tensors. CUDA: cuBLAS' and cuDNN's workspaces.
# CPU: oneDNN's compiled kernels, and the C library's heap, which tensors that come and go leave full of holes; from
# benchmarks/memory.py on two cores.
LIBRARIES = {"cuda": (100 * MIB, 0.0), "mps": (100 * MIB, 0.0), "cpu": (40 * MIB, 0.15)}


@dataclass(frozen=True)
class Course:
    """Memory over one piece of work for any number of pictures: at each moment it grows in a straight line with them.

    Attributes:
        fixed, each: (M, P) bytes by moment and part: without pictures, and for every picture. Moments are those at
            which something was made, so that the highest one is the peak.
    """

    fixed: np.ndarray
    each: np.ndarray

    @classmethod
    def between(cls, few: int, low: np.ndarray, many: int, high: np.ndarray) -> Course:
        """Draw the lines through the moments seen with two numbers of pictures, (M, P) bytes each."""
        if len(low) != len(high):  # other kernels for other sizes: only the peaks can be compared
            low, high = (rows[[rows.sum(1).argmax()]] for rows in (low, high))
        each = (high - low) / (many - few)
        return cls(low - few * each, each)

    def allowing(self, fixed: int, share: float) -> Course:
        """Return the same with what libraries take: so many bytes, and a share of activations and temporary ones."""
        rows, each = self.fixed.astype(float), self.each.astype(float)
        for table in (rows, each):
            table[:, AT["libraries"]] = share * (table[:, AT["activations"]] + table[:, AT["temporary"]])
        rows[:, AT["libraries"]] += fixed
        return Course(rows, each)

    def parts(self, pictures: int) -> dict[str, int]:
        """Return bytes by part at the peak."""
        rows = self.fixed + pictures * self.each
        return {name: round(x) for name, x in zip(PARTS, rows[rows.sum(1).argmax()].tolist(), strict=True)}

    def peak(self, pictures: int) -> int:
        return total(self.parts(pictures))

    def largest(self, room: float) -> int:
        """Return the most pictures whose peak is at most `room` bytes; 0 when not even one fits."""
        fixed, each = self.fixed.sum(1), self.each.sum(1)
        if (fixed + each > room).any():
            return 0
        grows = each > 0
        if not grows.any():
            raise ValueError("memory does not grow with pictures, so any number of them fits")
        most = int(((room - fixed[grows]) / each[grows]).min())
        while most > 0 and self.peak(most) > room:  # rounding
            most -= 1
        return most

    def peaks(self) -> Course:
        """Return only the moments that are the highest one for some number of pictures, from one upwards."""
        fixed, each = self.fixed.sum(1), self.each.sum(1)
        at = int(np.lexsort((each, fixed + each))[-1])  # with one picture
        kept = [at]
        while (steeper := np.flatnonzero(each > each[at])).size:
            crossing = (fixed[at] - fixed[steeper]) / (each[steeper] - each[at])
            at = int(steeper[np.lexsort((-each[steeper], crossing))[0]])
            kept.append(at)
        return Course(self.fixed[kept], self.each[kept])

    def as_json(self) -> dict[str, list[list[float]]]:
        return {"fixed": self.fixed.tolist(), "each": self.each.tolist()}

    @classmethod
    def from_json(cls, value: Mapping[str, list[list[float]]]) -> Course:
        return cls(np.array(value["fixed"]), np.array(value["each"]))


def total(parts: Mapping[str, int]) -> int:
    return sum(parts.values())
