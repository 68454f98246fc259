"""Which gaps come together, and where they lie: what pictures of missing values are drawn from."""

from __future__ import annotations

import numpy as np

ORDERS = {"file": "file order", "pattern": "pattern", "label": "one label"}
MOST_LINES = 500  # of a matrix: a screen has no more to show


def correlation(gaps: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Return how the gaps of labels go together: Pearson's r of their being missing (the phi coefficient).

    Args:
        gaps: (N, L) bool, true where a cell is missing.
        images: (N,) how many images each row stands for.

    Returns:
        (L, L) float64 in -1..1: 1 missing always together, -1 never both and never neither, NaN for a label whose cells
        are all missing or all there, since it varies with nothing.
    """
    weights = images / max(1, images.sum())
    shares = weights @ gaps
    centred = gaps - shares  # (N, L)
    covariance = (centred * weights[:, None]).T @ centred
    spread = np.sqrt(shares * (1 - shares))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = covariance / np.outer(spread, spread)
    constant = (shares <= 0) | (shares >= 1)
    found[constant] = found[:, constant] = np.nan
    return np.clip(found, -1.0, 1.0)


def ordered(gaps: np.ndarray, at: np.ndarray, by: str, label: int = 0) -> np.ndarray:
    """Return the order of rows (N,) for a matrix.

    Args:
        gaps: (P, L) bool, what rows can lack; the same more than once is allowed.
        at: (N,) which of them each row has, in file order. A million rows have some hundred, hence the two.
        by: One of ORDERS. `pattern`: rows that lack the same labels together, the commonest pattern first; `label`:
            those that lack one label first. Each part is in file order.
        label: Its position, for `label`.
    """
    if by == "file":
        return np.arange(len(at))
    if by == "label":
        return np.argsort(~gaps[at, label], kind="stable")
    distinct, where = np.unique(gaps, axis=0, return_inverse=True)
    where = where.reshape(-1)
    counts = np.bincount(where[at], minlength=len(distinct))
    place = np.argsort(np.argsort(-counts, kind="stable"))
    # Small integers are sorted by counting, in a tenth of the time.
    return np.argsort(place[where][at].astype(np.min_scalar_type(len(distinct))), kind="stable")


def matrix(gaps: np.ndarray, lines: int = MOST_LINES) -> np.ndarray:
    """Return the share of missing cells, (H, L) float64 in 0..1, of rows taken together in H equal parts.

    Args:
        gaps: (N, L) bool, in the order in which they are drawn.
        lines: H is this, or N where that is less.
    """
    height = min(lines, len(gaps))
    if not height:
        return np.zeros((0, gaps.shape[1]))
    edges = np.linspace(0, len(gaps), height + 1).astype(np.int64)
    return np.add.reduceat(gaps, edges[:-1], axis=0, dtype=np.int64) / np.diff(edges)[:, None]
