"""An order in which pictures that look alike do not follow each other."""

from __future__ import annotations

import numpy as np

ALIKE = 0.97  # cosine: above it two pictures are nearly the same to the network
_BITS = 5  # up to 32 groups of pictures
WINDOW = 100  # pictures among which groups take turns
_AHEAD = 60  # how far to look for one that is unlike the last


def varied(worth: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return an order, the worthiest first as far as neighbours stay unlike.

    Pictures are put into groups by the signs of their main components. Of each WINDOW of the worthiest the groups take
    turns, so that little worth is given away; then whatever is nearly the same as the one before changes places with
    the next that isn't.

    Args:
        worth: (N,) larger first.
        directions: (N, D) of length 1; see `core.pseudo.embedding`.

    Returns:
        (N,) indices.
    """
    if not len(worth):
        return np.zeros(0, np.int64)
    centred = directions - directions.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    signs = centred @ axes[:, ::-1][:, :_BITS] > 0  # (N, _BITS)
    group = signs @ (1 << np.arange(signs.shape[1]))
    by_worth = np.argsort(-worth, kind="stable")
    parts = (by_worth[start : start + WINDOW] for start in range(0, len(by_worth), WINDOW))
    return _apart(np.concatenate([part[np.argsort(_turns(group[part]), kind="stable")] for part in parts]), directions)


def _turns(groups: np.ndarray) -> np.ndarray:
    """Return (N,) how many of its group come before each."""
    seen: dict[int, int] = {}
    found = np.empty(len(groups), np.int64)
    for i, group in enumerate(groups.tolist()):
        found[i] = seen[group] = seen.get(group, -1) + 1
    return found


def _apart(order: np.ndarray, directions: np.ndarray) -> np.ndarray:
    found = order.copy()
    for i in range(1, len(found)):
        last = directions[found[i - 1]]
        ahead = found[i : i + _AHEAD]
        unlike = np.flatnonzero(directions[ahead] @ last < ALIKE)
        if len(unlike) and unlike[0]:
            at = i + unlike[0]
            found[i : at + 1] = np.roll(found[i : at + 1], 1)  # the others keep their order
    return found
