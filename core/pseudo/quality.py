"""How good a run is, class by class, and whether its confidence can be believed: all from its held-out images.

Computed where the network is at hand and stored in the run's folder, so that a page only reads it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.files import write_atomic
from core.pseudo.calibrate import probabilities
from core.store.runs import QUALITY
from core.training.measure import measure

BINS = 15  # Guo et al. 2017, section 2


def quality(logits: np.ndarray, truth: np.ndarray, temperature: float) -> dict[str, object]:
    """Return what there is to know about predictions on held-out images.

    Args:
        logits: (N, C) finite floats, N >= 1, C >= 2.
        truth: (N,) class codes in 0..C-1.
        temperature: What the logits are divided by, see `fit_temperature`.

    Returns:
        JSON values by name:
        images: N. accuracy, f1, f1_macro: as `measure` returns them.
        confusion: [truth, predicted, count] of every pair that occurs, so that 300 classes stay small.
        precision, recall, f1_by_class: C numbers in 0..1 each, 0 where there is nothing to divide by.
        support: C counts, images of the class.
        calibrated, raw: With and without the temperature: ece and brier (both 0..1, 0 is perfect), loss in nats,
            and bins, [lower edge, images, share right, mean confidence] of each bin with images.

    Raises:
        ValueError: If the shapes don't fit or a code is no class.
    """
    logits, truth = np.asarray(logits, dtype=np.float64), np.asarray(truth)
    if logits.ndim != 2 or truth.shape != logits.shape[:1] or not len(truth):
        raise ValueError(f"logits have shape {logits.shape} and truth {truth.shape}; expected (N, C) and (N,), N >= 1")
    if truth.min() < 0 or truth.max() >= logits.shape[1]:
        raise ValueError(f"truth has codes {truth.min()}..{truth.max()}; expected 0..{logits.shape[1] - 1}")
    measured = measure(logits, truth)
    return {
        "images": len(truth),
        **{name: measured[name] for name in ("accuracy", "f1", "f1_macro")},
        **_by_class(truth, logits.argmax(axis=1), logits.shape[1]),
        "temperature": float(temperature),
        "calibrated": _trust(logits, truth, temperature),
        "raw": _trust(logits, truth, 1.0),
    }


def reliability(probs: np.ndarray, truth: np.ndarray, bins: int = BINS) -> tuple[float, list[list[float]]]:
    """Return the expected calibration error of the likeliest class, and the bins that it is made of.

    Guo et al. 2017, arXiv 1706.04599, equation 3: bins of equal width, closed above.

    Args:
        probs: (N, C) rows that sum to 1, N >= 1.
        truth: (N,) class codes.

    Returns:
        The error in 0..1, and [lower edge, images, share right, mean confidence] of each bin with images.
    """
    confidence = probs.max(axis=1)  # (N,)
    right = probs.argmax(axis=1) == truth  # (N,)
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.searchsorted(edges[1:-1], confidence)  # (N,)
    count = np.bincount(place, minlength=bins)
    used = count > 0
    share, mean = (
        np.bincount(place, weights=values, minlength=bins)[used] / count[used] for values in (right, confidence)
    )
    error = float((count[used] / len(truth) * np.abs(share - mean)).sum())
    table = zip(edges[:-1][used], count[used], share, mean, strict=True)
    return error, [[round(float(low), 6), int(n), float(s), float(m)] for low, n, s, m in table]


def write_quality(folder: Path, found: dict[str, object]) -> None:
    """Store what `quality` returned, with what the caller adds to it, in a run's folder."""
    write_atomic(folder / QUALITY, json.dumps(found).encode())


def _by_class(truth: np.ndarray, predicted: np.ndarray, classes: int) -> dict[str, Sequence]:
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    codes = np.arange(classes)
    matrix = confusion_matrix(truth, predicted, labels=codes)  # (C, C)
    pairs = zip(*np.nonzero(matrix), matrix[matrix > 0], strict=True)
    precision, recall, f1, support = precision_recall_fscore_support(truth, predicted, labels=codes, zero_division=0.0)
    return {
        "confusion": [[int(t), int(p), int(n)] for t, p, n in pairs],
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1_by_class": f1.tolist(),
        "support": support.tolist(),
    }


def _trust(logits: np.ndarray, truth: np.ndarray, temperature: float) -> dict[str, object]:
    from sklearn.metrics import brier_score_loss

    probs = probabilities(logits, temperature)  # (N, C)
    ece, bins = reliability(probs, truth)
    # Halved also for many classes, so that it lies in 0..1 and means the same for two.
    brier = brier_score_loss(truth, probs, labels=np.arange(probs.shape[1]), scale_by_half=True)
    return {"ece": ece, "brier": float(brier), "loss": measure(logits / temperature, truth)["loss"], "bins": bins}
