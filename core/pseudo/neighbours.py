"""The nearest known images of each image that waits: what the card shows beside a proposal.

Two images are alike where their descriptors point the same way (cosine). The descriptor here is a tiny picture, as in
"80 million tiny images" (Torralba, Fergus and Freeman 2008): cheap, without a network, and enough to find the same
scene. Whoever has better ones, such as a network's features, hands those to `nearest`.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.jobs.reporter import Reporter
from core.store import cells, near
from core.training.pictures import Pictures
from core.workspace import Workspace

SIDE = 12  # pixels of the tiny picture
KEPT = 3  # neighbours of an image
KNOWN = 20_000  # at most, drawn at random: with a million images all pairs would take hours
_BLOCK = 1024  # images compared with all known ones at once: 80 MB of similarities
_SEED = 0


def find_neighbours(ws: Workspace, label_id: int, size: tuple[int, int], reporter: Reporter) -> int:
    """Store the nearest known images of each open one, in place of what was stored; return for how many.

    Args:
        size: Height and width at which the pictures were decoded before, so that they need not be again.
    """
    with ws.read() as connection:
        waiting = {row.image_id: row.path for row in cells.open_cells(connection, label_id)}
        known = {row.image_id: row.path for row in cells.known(connection, label_id, cells.TRUSTED)}
    drawn = sorted(np.random.default_rng(_SEED).permutation(sorted(known))[:KNOWN].tolist())
    pictures = Pictures(ws, waiting | {i: known[i] for i in drawn}, size)
    pictures.prepare(reporter)
    known_ids = [i for i in drawn if i not in pictures.failed]
    ids = [i for i in waiting if i not in pictures.failed]
    if not known_ids or reporter.should_stop():
        return 0
    there = np.stack([descriptor(pictures[i]) for i in known_ids])  # (K, D)
    for start in range(0, len(ids), _BLOCK):
        if reporter.should_stop():
            return start
        part = ids[start : start + _BLOCK]
        found, similarity = nearest(np.stack([descriptor(pictures[i]) for i in part]), there, KEPT)
        rows = {
            image_id: [(known_ids[j], float(s)) for j, s in zip(line, alike, strict=True)]
            for image_id, line, alike in zip(part, found, similarity, strict=True)
        }
        with ws.write() as connection:
            near.put(connection, label_id, rows)
        reporter.progress(start + len(part), len(ids), "Looking for pictures that are alike")
    return len(ids)


def nearest(queries: np.ndarray, known: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k descriptors that point most alike, nearest first.

    Args:
        queries: (Q, D), rows of length 1.
        known: (K, D), rows of length 1, K at least 1.
        k: At least 1; K come back when k is larger.

    Returns:
        (Q, min(k, K)) row numbers of `known`, and their cosines, from -1 to 1. Ties keep the order of rows.

    Raises:
        ValueError: If k < 1, there is nothing known, or the two are not of one width.
    """
    if k < 1 or queries.ndim != 2 or known.ndim != 2 or queries.shape[1] != known.shape[1] or not len(known):
        raise ValueError(f"{k} nearest of {known.shape} to {queries.shape}: both must be (N, D) with one D, and k >= 1")
    similarity = queries @ known.T  # (Q, K)
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(similarity, order, axis=1)


def descriptor(picture: np.ndarray) -> np.ndarray:
    """Return a picture made tiny, its mean taken out, as (SIDE * SIDE * 3,) float32 of length 1.

    Args:
        picture: (H, W, 3) uint8. One of a single colour gives zeros: alike to nothing.
    """
    tiny = Image.fromarray(np.asarray(picture)).resize((SIDE, SIDE), Image.Resampling.BOX)
    flat = np.asarray(tiny, np.float32).ravel()
    flat = flat - flat.mean()
    length = float(np.linalg.norm(flat))
    return flat / length if length > 1e-3 else np.zeros_like(flat)
