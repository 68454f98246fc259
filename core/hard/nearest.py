"""The nearest known images of a hundred thousand, by what a network makes of them. Imports torch."""

from __future__ import annotations

import numpy as np
import torch

from core.jobs.reporter import Reporter

_CELLS = 25_000_000  # similarities held at once: 100 MB


def nearest_known(
    points: np.ndarray, known: np.ndarray, k: int, reporter: Reporter, device: torch.device | None = None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the known images that point most alike to each image, itself left out, nearest first.

    Args:
        points: (N, D) float32, centred.
        known: (K,) row numbers, ascending.
        k: At least 1.

    Returns:
        (N, k) int64 row numbers, -1 where fewer are known, and (N, k) float32 cosines, 0 there; None when it was
        asked to stop.
    """
    device = device or torch.device("cpu")
    table = torch.from_numpy(np.ascontiguousarray(points, np.float32)).to(device)
    table = table / table.norm(dim=1, keepdim=True).clamp_min(1e-12)
    rows = torch.from_numpy(np.asarray(known, np.int64)).to(device)
    there = table[rows].T.contiguous()  # (D, K)
    found = np.full((len(points), k), -1, np.int64)
    cosine = np.zeros((len(points), k), np.float32)
    own = np.full(len(points), -1, np.int64)
    own[known] = np.arange(len(known))
    kept = min(k, len(known))
    block = max(1, _CELLS // max(1, len(known)))
    for start in range(0, len(points) if kept else 0, block):
        if reporter.should_stop():
            return None
        here = slice(start, min(start + block, len(points)))
        alike = table[here] @ there  # (B, K)
        mine = np.flatnonzero(own[here] >= 0)
        alike[mine, own[here][mine]] = -2.0
        value, at = alike.topk(kept, dim=1)
        cosine[here, :kept], found[here, :kept] = value.cpu().numpy(), rows[at].cpu().numpy()
        reporter.progress(here.stop, len(points), "Looking for pictures that are alike")
    itself = cosine < -1.5  # where only the image itself is known
    found[itself], cosine[itself] = -1, 0.0
    return found, cosine.clip(-1, 1)
