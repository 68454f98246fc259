"""What a network makes of a picture, kept small: enough to tell pictures that look alike to it.

A random projection of the features before the classifier keeps the angles between them roughly as they are (Johnson and
Lindenstrauss 1984); the direction alone is kept, one byte a number.
"""

from __future__ import annotations

import numpy as np

SIZE = 24  # numbers: angles are kept within some 0.2; at 24 bytes a picture
_SEED = 7  # the same for all runs of a network's width


def packed(features: np.ndarray) -> list[bytes]:
    """Return SIZE bytes for each picture.

    Args:
        features: (B, D) finite floats, D at least 1.
    """
    projection = np.random.default_rng(_SEED).standard_normal((features.shape[1], SIZE))
    small = np.asarray(features, dtype=np.float64) @ projection  # (B, SIZE)
    length = np.linalg.norm(small, axis=1, keepdims=True)
    return [row.tobytes() for row in np.rint(127 * small / np.where(length > 0, length, 1)).astype(np.int8)]


def unpacked(kept: list[bytes]) -> np.ndarray:
    """Return (N, SIZE) directions of length 1, 0 where there was none."""
    table = np.frombuffer(b"".join(kept), np.int8).reshape(len(kept), SIZE).astype(np.float32)
    length = np.linalg.norm(table, axis=1, keepdims=True)
    return table / np.where(length > 0, length, 1)
