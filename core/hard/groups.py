"""Maps that look alike, put into a few groups. NumPy alone: a server draws them."""

from __future__ import annotations

import numpy as np

MOST = 5  # groups; people look at each
FEWEST = 8  # maps of a group on average
CLEAR = 0.25  # of the silhouette: below it there is no structure to speak of (Kaufman and Rousseeuw 1990, table 4)
_MORE = 0.02  # by which one more group must be clearer: below it, people look at more pictures and see the same
_LOOKED_AT = 2_000  # points, drawn at random from more: a page waits for it
_STARTS, _STEPS, _SEED = 4, 40, 0


def grouped(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put points into the number of groups that separates them most clearly; one group where none does.

    k-means (Lloyd 1982) from spread-out starts (Arthur and Vassilvitskii 2007), for 2 to MOST groups. How clear they
    are is the silhouette with centres in place of all pairs of points (Hruschka et al. 2004).

    Args:
        points: (N, D) finite floats, N >= 1.

    Returns:
        (N,) group of each point and (k, D) centres, the largest group first.
    """
    points = np.asarray(points, np.float32)
    some = points[np.random.default_rng(_SEED).permutation(len(points))[:_LOOKED_AT]]
    best, clearest = points.mean(axis=0, keepdims=True), CLEAR
    for k in range(2, min(MOST, len(points) // FEWEST) + 1):
        group, centres = _k_means(some, k)
        if len(centres) == k and (clear := _silhouette(some, group, centres)) > clearest:
            clearest, best = clear + _MORE, centres
    group, _ = nearest(points, best)
    centres = np.stack([points[group == g].mean(axis=0) for g in range(len(best)) if (group == g).any()])
    group, _ = nearest(points, centres)
    order = np.argsort(-np.bincount(group, minlength=len(centres)), kind="stable")
    return np.argsort(order)[group], centres[order]


def nearest(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (N,) the nearest centre of each point, and (N,) how far it is."""
    apart = _apart(points, centres)
    group = apart.argmin(axis=1)
    return group, np.sqrt(apart[np.arange(len(points)), group])


def _k_means(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    found = [_once(points, k, np.random.default_rng([_SEED, k, start])) for start in range(_STARTS)]
    return min(found, key=lambda one: one[2])[:2]


def _once(points: np.ndarray, k: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    centres = points[[random.integers(len(points))]]
    while len(centres) < k:
        far = _apart(points, centres).min(axis=1).astype(np.float64)
        if far.sum() <= 0:  # no more points that differ
            break
        centres = np.concatenate([centres, points[[random.choice(len(points), p=far / far.sum())]]])
    group = np.full(len(points), -1)
    for _ in range(_STEPS):
        apart = _apart(points, centres)
        now = apart.argmin(axis=1)
        if (now == group).all():
            break
        group = now
        centres = np.stack([points[group == g].mean(axis=0) for g in range(len(centres)) if (group == g).any()])
    group, far = nearest(points, centres)
    return group, centres, float((far**2).sum())


def _silhouette(points: np.ndarray, group: np.ndarray, centres: np.ndarray) -> float:
    apart = np.sqrt(_apart(points, centres))
    rows = np.arange(len(points))
    own = apart[rows, group]
    apart[rows, group] = np.inf
    other = apart.min(axis=1)
    larger = np.maximum(own, other)
    return float(((other - own) / np.where(larger > 0, larger, 1)).mean())


def _apart(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return (N, k) squared distances."""
    inner = points @ centres.T
    return ((points**2).sum(axis=1)[:, None] - 2 * inner + (centres**2).sum(axis=1)).clip(min=0)
