"""Who stands where, and who wears what: the numbers of a scene, from which its labels follow.

Lengths are in units: a landscape scene is 320 x 240 of them whatever its size in pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

HEADS = 3.6  # a figure is so many heads high
FOCAL = 320.0  # the camera's focal length, in units: turns apparent height into depth
# In body heights, about 0.7 m and 1.4 m: nothing lies between, so no scene's truth is a matter of opinion.
NEAR, APART = 0.40, 0.80
# In heads, between the middles of neighbours who stand side by side: shoulders are 1.3 heads wide.
_NEAR_GAP, _APART_GAP = (1.08, 1.32), 2.95
_SIZES = {1: (44, 70), 2: (40, 62), 3: (34, 43), 4: (28, 31)}  # head height by number of people
_NEAR_COUNTS = {2: 0.60, 3: 0.32, 4: 0.08}
_APART_COUNTS = {1: 0.18, 2: 0.50, 3: 0.25, 4: 0.07}
_BARE = {"bare": 0.78, "beard": 0.09, "chin": 0.07, "scarf": 0.06}


@dataclass(frozen=True)
class Person:
    """One figure.

    Attributes:
        x: The middle of the feet.
        foot: Where the feet stand, downwards from the top; may lie below the picture.
        head: The apparent height of the head; the figure is `HEADS` of them high.
        wears: `mask`, or how the face shows: `bare`, `beard`, `scarf` (below the chin), `chin` (a mask
            that hangs there and covers neither mouth nor nose).
    """

    x: float
    foot: float
    head: float
    wears: str

    @property
    def face(self) -> float:
        """The middle of the face, downwards from the top."""
        return self.foot - (HEADS - 0.5) * self.head


@dataclass(frozen=True)
class Layout:
    """Everybody in a scene, the farthest first; the horizon in units from the top."""

    width: int
    height: int
    horizon: float
    people: tuple[Person, ...]

    @property
    def mask(self) -> int:
        """1 when everybody wears a mask."""
        return int(all(p.wears == "mask" for p in self.people))

    @property
    def distancing(self) -> int:
        """1 when all stand apart; one person alone does."""
        return int(self.closest() >= APART)

    def closest(self) -> float:
        """Return the smallest distance between two people in body heights, infinite for one alone."""
        crowd = self.people
        return min((distance(a, b) for i, a in enumerate(crowd) for b in crowd[:i]), default=math.inf)


def distance(a: Person, b: Person) -> float:
    """Return how far apart two people stand on the ground, in body heights.

    Sideways it is the distance in the picture over their mean height; in depth it follows from their
    sizes, since what is twice as far away looks half as large.
    """
    tall_a, tall_b = a.head * HEADS, b.head * HEADS
    sideways = abs(a.x - b.x) / ((tall_a + tall_b) / 2)
    return math.hypot(sideways, FOCAL / tall_a - FOCAL / tall_b)


def draw_layout(mask: int, distancing: int, rng: np.random.Generator) -> Layout:
    """Return a random layout that has exactly these labels.

    Args:
        mask: 1 for everybody masked, 0 for at least one who is not.
        distancing: 1 for all apart, 0 for at least two who stand close.
        rng: Where the chances come from.
    """
    counts = _APART_COUNTS if distancing else _NEAR_COUNTS
    count = int(rng.choice(list(counts), p=list(counts.values())))
    portrait = count <= 2 and rng.random() < 0.05
    width, height = (240, 320) if portrait else (320, 240)
    head = rng.uniform(*_SIZES[count]) * (0.9 if portrait else 1)
    while True:
        heads = _depths(count, head, rng)
        xs = _sideways(heads, distancing, width, rng)
        if xs is not None:
            layout = _stand(heads, xs, _wardrobe(count, mask, rng), (width, height), rng)
            clear = layout.closest() >= APART if distancing else layout.closest() <= NEAR
            if clear:
                return layout
        head *= 0.985  # smaller people always fit in the end


def _depths(count: int, head: float, rng: np.random.Generator) -> np.ndarray:
    """Head heights from left to right; sometimes one person stands well behind the others, (count,)."""
    heads = head * rng.uniform(0.99, 1.01, count)
    if count >= 2 and head > 40 and rng.random() < 0.14:
        heads[rng.integers(count)] *= rng.uniform(0.6, 0.68)
    return heads


def _sideways(heads: np.ndarray, distancing: int, width: int, rng: np.random.Generator) -> np.ndarray | None:
    """Return x per person from left to right, (count,), or None when they don't fit."""
    count = len(heads)
    mean = (heads[1:] + heads[:-1]) / 2
    level = np.abs(np.diff(heads)) < 0.1 * mean  # neighbours at one depth, (count - 1,)
    gaps = np.where(level, _APART_GAP, 1.9) * mean
    close = np.zeros(count - 1, dtype=bool)
    if not distancing:
        if not level.any():
            return None
        close[rng.choice(np.flatnonzero(level))] = True
        close |= level & (rng.random(count - 1) < 0.3)
        gaps[close] = rng.uniform(*_NEAR_GAP, int(close.sum())) * mean[close]
    slack = width - gaps.sum() - 0.8 * (heads[0] + heads[-1])
    if slack < 0:
        return None
    # Slack goes to the sides and to the gaps that may grow.
    shares = rng.dirichlet(np.ones(count + 1)) * np.concatenate([[1], ~close, [1]])
    gaps = gaps + shares[1:-1] * slack
    left = rng.uniform(0, width - gaps.sum() - 0.8 * (heads[0] + heads[-1]))
    return left + 0.8 * heads[0] + np.concatenate([[0], np.cumsum(gaps)])


def _wardrobe(count: int, mask: int, rng: np.random.Generator) -> list[str]:
    """What everybody wears on the face."""
    wears = ["mask"] * count
    if not mask:
        # Most scenes without a mask have none at all; in the others some do wear one.
        bare = count if rng.random() < 0.7 else int(rng.integers(1, count + 1))
        for i in rng.choice(count, bare, replace=False):
            wears[i] = str(rng.choice(list(_BARE), p=list(_BARE.values())))
    return wears


def _stand(
    heads: np.ndarray, xs: np.ndarray, wears: list[str], size: tuple[int, int], rng: np.random.Generator
) -> Layout:
    """Put everybody on the ground: one camera height, so that feet sink with size."""
    width, height = size
    horizon = height * rng.uniform(0.34, 0.42)
    eye = rng.uniform(0.84, 0.93)  # the camera's height in body heights
    people = [
        Person(float(x), float(horizon + eye * head * HEADS), float(head), worn)
        for x, head, worn in zip(xs, heads, wears, strict=True)
    ]
    # Nobody's head leaves the picture.
    lift = max(0.0, max(p.head * HEADS - p.foot for p in people) + 0.25 * max(heads))
    people = [replace(p, foot=p.foot + lift) for p in people]
    return Layout(width, height, horizon + lift, tuple(sorted(people, key=lambda p: p.head)))
