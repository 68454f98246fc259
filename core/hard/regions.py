"""Places of a picture that a map can sit on, whatever its resolution."""

from __future__ import annotations

import numpy as np

SITS = 2 / 3  # a map sits where two thirds of its weight or more lie

# Boxes (top, bottom, left, right) in parts of the picture; "border" is what its box leaves. Each covers 25 to 44% of
# the picture, so that no map sits anywhere just because the place is large.
_BOXES = {
    "border": ((1 / 8, 7 / 8, 1 / 8, 7 / 8),),
    "corners": tuple((t, t + 1 / 4, s, s + 1 / 4) for t in (0.0, 3 / 4) for s in (0.0, 3 / 4)),
    "centre": ((1 / 4, 3 / 4, 1 / 4, 3 / 4),),
    "top": ((0.0, 1 / 3, 0.0, 1.0),),
    "bottom": ((2 / 3, 1.0, 0.0, 1.0),),
    "left": ((0.0, 1.0, 0.0, 1 / 3),),
    "right": ((0.0, 1.0, 2 / 3, 1.0),),
}
REGIONS = {
    "border": "on the border",
    "corners": "in the corners",
    "centre": "in the centre",
    "top": "in the top third",
    "bottom": "in the bottom third",
    "left": "in the left third",
    "right": "in the right third",
}


def region(name: str, height: int, width: int) -> np.ndarray:
    """Return how much of each cell a region covers, (height, width) floats in 0..1."""
    covered = sum(np.outer(_along(height, *box[:2]), _along(width, *box[2:])) for box in _BOXES[name])
    return 1 - covered if name == "border" else covered


def weights(maps: np.ndarray) -> np.ndarray:
    """Return maps as shares of their weight.

    Args:
        maps: (N, h, w), at least 0.

    Returns:
        (N, h, w) float32; each sums to 1, all of it 0 for a map without any weight.
    """
    total = maps.sum(axis=(1, 2), dtype=np.float64)
    return (maps / np.where(total > 0, total, 1)[:, None, None]).astype(np.float32)


def sitting(shares: np.ndarray) -> dict[str, np.ndarray]:
    """Return by region (N,) bool, which maps sit there; `shares` as `weights` returns them."""
    flat = shares.reshape(len(shares), -1)  # (N, h*w)
    # Float sums of a map that lies wholly inside may fall a hair short.
    return {name: flat @ region(name, *shares.shape[1:]).ravel() >= SITS - 1e-6 for name in REGIONS}


def _along(cells: int, start: float, end: float) -> np.ndarray:
    """Return how much of each of some cells in a row lies between two parts of the row, (cells,) in 0..1."""
    edges = np.arange(cells + 1) / cells
    return (np.minimum(edges[1:], end) - np.maximum(edges[:-1], start)).clip(min=0) * cells
