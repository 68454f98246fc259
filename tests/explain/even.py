"""Pictures whose class shows everywhere alike, so that no place of them means more than another."""

from __future__ import annotations

import numpy as np
import torch

from tests.explain.patches import COLORS, Drawn

KINDS = ("tint", "contrast", "texture")
_CONTRASTS = (0.15, 0.3, 0.6, 1.2)  # standard deviations
_WAYS = ((0, 1), (1, 0), (1, 1), (1, -1))  # (down, right): along what neighbours are alike


def draw_even(n: int, size: int = 64, seed: int = 0, kind: str = "tint", **_: object) -> Drawn:
    """Return n pictures of noise whose class is its colour, its strength, or the way its stripes run.

    The boxes are whole pictures.

    Args:
        kind: One of KINDS.
    """
    random = np.random.default_rng(seed)
    classes = random.integers(0, len(COLORS), n)
    pixels = random.normal(0, 0.5, (n, 3, size, size)).astype(np.float32)
    for i, code in enumerate(classes):
        if kind == "tint":
            pixels[i] += 0.2 * COLORS[code][:, None, None]
        elif kind == "contrast":
            pixels[i] *= 2 * _CONTRASTS[code]
        else:
            pixels[i] = sum(np.roll(pixels[i], (k * _WAYS[code][0], k * _WAYS[code][1]), (1, 2)) for k in range(4)) / 2
    boxes = np.tile([0, 0, size, size], (n, 1))
    return Drawn(torch.from_numpy(pixels), torch.from_numpy(classes), boxes)
