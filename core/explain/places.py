"""Where an answer hangs, and whether a map finds it better than the same map would at other places. No torch.

Random halves of the picture are taken out, as RISE does (Petsiuk et al. 2018), and how far the answer falls says of
each cell what hangs on it. How much of a map lies there is its worth: the covariance of what is taken out of the map
and of the fall, faithfulness after Bhatt et al. 2020 ("Evaluating and Aggregating Feature-based Model Explanations").
The same halves do for all maps, so the map can be held against itself at every other place without another look.
"""

from __future__ import annotations

import numpy as np

_WAVES = 16  # enough for a field that looks Gaussian
_COARSE = 1.0  # standard deviation of the waves' frequencies, cycles per short side: holes as large as an object


def halves(n: int, size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """Return n smooth random halves of a picture, (n, H, W) bool; no place is likelier than another."""
    frequency = random.normal(0, _COARSE, (2, n, _WAVES, 1))
    phase = random.uniform(0, 2 * np.pi, (n, _WAVES, 1))
    down, across = (2 * np.pi * f * np.arange(s) / min(size) for f, s in zip(frequency, size, strict=True))
    down = down + phase
    field = np.swapaxes(np.cos(down), 1, 2) @ np.cos(across) - np.swapaxes(np.sin(down), 1, 2) @ np.sin(across)
    return field > np.median(field, (1, 2), keepdims=True)


def importance(taken: np.ndarray, fall: np.ndarray) -> np.ndarray:
    """Return for each cell how far the answer falls with it, (h, w): its covariance with the fall.

    Args:
        taken: (n, h, w) what share of each cell was taken out.
        fall: (n,) how far the answer fell.
    """
    return np.tensordot(fall - fall.mean(), taken - taken.mean(0), 1) / len(fall)


def moves(cells: np.ndarray) -> np.ndarray:
    """Return a map (h, w) turned and mirrored in all ways that keep its shape, (8, h, w) or (4, h, w); itself first."""
    quarters = range(4) if cells.shape[0] == cells.shape[1] else (0, 2)
    turned = [np.rot90(cells, quarter) for quarter in quarters]
    return np.stack([*turned, *(t[:, ::-1] for t in turned)])


def as_good(worth: np.ndarray, cells: np.ndarray) -> tuple[int, int]:
    """Return how many other moves of a map lie as much where the answer hangs, and how many there are.

    Moved on the torus, by each number of cells down and across: what leaves on one side comes in on the other. With
    turning and mirroring 8 h w - 1 moves, 4 h w - 1 where the map is no square.

    Args:
        worth: (h, w) of each cell, see `importance`.
        cells: (h, w) the map.
    """
    ways = moves(cells.astype(np.float64))
    # All shifts at once: the correlation theorem.
    found = np.fft.irfft2(np.fft.rfft2(worth) * np.conj(np.fft.rfft2(ways)), s=cells.shape)
    near = 1e-9 * max(float(np.abs(worth).max() * ways[0].sum()), np.finfo(float).tiny)  # what rounding leaves
    return int((found >= found[0, 0, 0] - near).sum()) - 1, found.size - 1
