"""Above which confidence predictions keep a promised precision: thresholds with a guarantee, one for each class."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95  # how surely the promise is kept
STARTS = 2  # places where the search for a threshold begins


@dataclass(frozen=True)
class Threshold:
    """What it takes to accept predictions of one class unseen.

    Attributes:
        value: The predicted class.
        confidence: Predictions at least as sure are accepted; None when no threshold keeps the promise.
        images: Held-out images that are predicted so, as surely; of all that are predicted so where there is none.
        right: How many of them are.
        low: Lower bound of the precision; 0 for no images.
        needed: Held-out images predicted so, all of them right, that it would take to make the promise at all.
    """

    value: int
    confidence: float | None
    images: int
    right: int
    low: float
    needed: int


def thresholds(probs: np.ndarray, truth: np.ndarray, precision: float, level: float = LEVEL) -> tuple[Threshold, ...]:
    """Return a threshold for each class at which predictions are right with a precision, or None where none is.

    Held-out predictions of a class are gone through from the surest downwards, as long as the exact lower bound of
    their precision (Clopper and Pearson 1934) keeps the promise. Looking at many thresholds and taking the best would
    break it; testing in an order that is fixed beforehand, and stopping at the first that fails, does not (Angelopoulos
    et al. 2021, "Learn then Test", arXiv 2110.01052). An early error should not end it all, so the search begins at
    two places, the surest that can pass and the middle, each with half of the risk. On answers drawn from a calibrated
    model four places were too strict where images are few, and one ended too early where they are many.

    Args:
        probs: (N, C) of images that the model was not trained on.
        truth: (N,) their class codes.
        precision: Promised share of right ones, above 0 and below 1.
        level: How surely, for each class: the chance that a threshold breaks its promise is at most 1 - level.

    Raises:
        ValueError: If shapes don't fit, or a share is out of range.
    """
    probs, truth = np.asarray(probs, dtype=np.float64), np.asarray(truth)
    if probs.ndim != 2 or truth.shape != probs.shape[:1]:
        raise ValueError(f"probs has shape {probs.shape} and truth {truth.shape}; expected (N, C) and (N,)")
    if not (0 < precision < 1 and 0 < level < 1):
        raise ValueError(f"precision {precision} and level {level} must lie between 0 and 1")
    predicted = probs.argmax(axis=1)
    found = []
    for value in range(probs.shape[1]):
        rows = predicted == value
        found.append(_threshold(value, probs[rows, value], truth[rows] == value, precision, 1 - level))
    return tuple(found)


def lower_bound(right: int, images: int, risk: float) -> float:
    """Return the exact one-sided lower bound of a share (Clopper and Pearson 1934); 0 for no images."""
    if not right:
        return 0.0
    from scipy.special import betaincinv  # what only whoever asks has to wait for; beta.ppf takes thirty times as long

    return float(betaincinv(right, images - right + 1, risk))


def _threshold(value: int, confidence: np.ndarray, right: np.ndarray, precision: float, risk: float) -> Threshold:
    order = np.argsort(-confidence, kind="stable")
    confidence, right = confidence[order], np.cumsum(right[order])
    # Equal confidences are accepted together: only the last of each is a threshold.
    last = np.flatnonzero(np.append(confidence[1:] != confidence[:-1], True)) if len(confidence) else np.zeros(0, int)
    part = risk / STARTS
    needed = math.ceil(math.log(part) / math.log(precision))
    steps = [i for i in last.tolist() if i + 1 >= needed]
    passed: int | None = None
    for start in sorted({round(len(steps) * k / STARTS) for k in range(STARTS)}) if steps else ():
        for i in steps[start:]:
            if lower_bound(int(right[i]), i + 1, part) < precision:
                break
            passed = i if passed is None else max(passed, i)
    if passed is None:
        n = len(confidence)
        hits = int(right[-1]) if n else 0
        return Threshold(value, None, n, hits, lower_bound(hits, n, part), needed)
    hits = int(right[passed])
    return Threshold(value, float(confidence[passed]), passed + 1, hits, lower_bound(hits, passed + 1, part), needed)
