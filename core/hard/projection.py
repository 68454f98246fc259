"""Features brought to fewer dimensions: fifty to search and compare, two to look at. For worker processes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from core.errors import GapwiseError
from core.jobs.reporter import Reporter

KEPT = 50  # dimensions: of 1280 they hold nearly all of the spread, and neighbours are found twenty times as fast
_BLOCK = 4096
_SEED = 0
_EARLY, _LATER = 250, 500  # steps, openTSNE's own
_EVERY = 10
# With fewer points, threads wait for each other at each of the 750 steps longer than they work: on a busy machine a
# minute instead of a second.
_MANY = 5_000
_FEW = 30  # images: fewer have no neighbourhoods, and their two main directions show all there is


def main_directions(features: np.ndarray, kept: int = KEPT) -> np.ndarray:
    """Return the scores on the main directions (PCA), the widest first.

    Args:
        features: (N, D), any floats, N >= 1; may be mapped from a disk: it is read in blocks.

    Returns:
        (N, min(kept, D)) float32, centred.
    """
    mean = sum(part.sum(axis=0, dtype=np.float64) for _, part in _parts(features)) / len(features)
    spread = np.zeros((features.shape[1],) * 2)
    for _, part in _parts(features):
        centred = part.astype(np.float32) - mean.astype(np.float32)
        spread += centred.T @ centred
    _, directions = np.linalg.eigh(spread)
    wanted = directions[:, ::-1][:, :kept].astype(np.float32)  # (D, kept)
    # Of a direction and its opposite the one is taken whose largest part is positive: the same map every time.
    wanted *= np.sign(wanted[np.abs(wanted).argmax(axis=0), np.arange(wanted.shape[1])])
    found = np.empty((len(features), wanted.shape[1]), np.float32)
    for where, part in _parts(features):
        found[where] = (part.astype(np.float32) - mean.astype(np.float32)) @ wanted
    return found


def _parts(features: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    for start in range(0, len(features), _BLOCK):
        where = slice(start, min(start + _BLOCK, len(features)))
        yield where, features[where]


def two_dimensions(points: np.ndarray, reporter: Reporter) -> np.ndarray | None:
    """Return where points lie on a map that keeps neighbours together: t-SNE (van der Maaten and Hinton 2008).

    By openTSNE (Poličar et al. 2024), whose time grows with N alone (Linderman et al. 2019), begun at the two main
    directions, so that what lies far apart stays so (Kobak and Berens 2019). The same points give the same map.

    Args:
        points: (N, D) float32, main directions, the widest first.

    Returns:
        (N, 2) float32, centred, the farthest axis within -1..1; None when it was asked to stop.

    Raises:
        GapwiseError: If openTSNE is not installed.
    """
    if len(points) < _FEW or not np.ptp(points, axis=0).any():  # among pictures that are all alike nothing is near
        return scaled(np.pad(points[:, :2], ((0, 0), (0, max(0, 2 - points.shape[1])))))
    watch = _Watch(reporter)
    perplexity = min(30.0, (len(points) - 1) / 3)
    made = tsne()(
        perplexity=perplexity, initialization="pca", random_state=_SEED, n_jobs=cores() if len(points) >= _MANY else 1,
        early_exaggeration_iter=_EARLY, n_iter=_LATER, callbacks=watch, callbacks_every_iters=_EVERY,
    )  # fmt: skip
    found = made.fit(points)
    return None if watch.stopped else scaled(np.asarray(found))


class _Watch:
    """Tells how far the drawing is, and ends it when somebody asks for that."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter, self.stopped, self._calls = reporter, False, 0

    def __call__(self, _step: int, _error: float, _points: np.ndarray) -> bool:
        self._calls += 1  # steps are counted from 1 in each of the two parts
        self.reporter.progress(min(self._calls * _EVERY, _EARLY + _LATER), _EARLY + _LATER, "Drawing the map")
        self.stopped = self.reporter.should_stop()
        return self.stopped


def tsne() -> type:
    """Return what draws maps.

    Raises:
        GapwiseError: If it is not installed.
    """
    try:
        from openTSNE import TSNE
    except ImportError as error:
        raise GapwiseError(
            "The map of the set is drawn with openTSNE, which is not installed: pip install openTSNE"
        ) from error
    return TSNE


def scaled(points: np.ndarray) -> np.ndarray:
    """Return (N, 2) points centred, the farthest coordinate at 1."""
    centred = np.asarray(points, np.float64) - (points.max(axis=0) + points.min(axis=0)) / 2
    return (centred / max(float(np.abs(centred).max()), 1e-12)).astype(np.float32)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
