"""Temperature scaling: one number that makes a network's confidence mean what it says.

Guo et al. 2017, arXiv 1706.04599.
"""

from __future__ import annotations

import numpy as np

COLDEST, HOTTEST = 0.05, 100.0


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """Return the temperature T that makes softmax(logits / T) fit rows the network was not trained on.

    The targets are Platt's (1999, section 2.2), carried over to C classes: the true class has 1 - e, the others share
    e = 1 / (N + 2). Without that, N right answers in a row would ask for certainty, T = 0.

    Args:
        logits: (N, C) finite floats, N >= 1, C >= 1.
        truth: (N,) class codes.

    Returns:
        T in 0.05..100; 1 where the logits of every row are equal or there is one class, since T changes nothing then.

    Raises:
        ValueError: If the shapes don't fit or a logit is not finite.
    """
    logits = np.asarray(logits, dtype=np.float64)
    truth = np.asarray(truth)
    if logits.ndim != 2 or truth.shape != logits.shape[:1] or not len(truth):
        raise ValueError(f"logits have shape {logits.shape} and truth {truth.shape}; expected (N, C) and (N,), N >= 1")
    if not np.isfinite(logits).all():
        raise ValueError("logits must be finite")
    centred = logits - logits.max(axis=1, keepdims=True)
    if logits.shape[1] < 2 or not centred.any():
        return 1.0
    return _minimum(centred, _targets(truth, logits.shape[1]))


def probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Return (N, C) rows that sum to 1: softmax(logits / temperature)."""
    from scipy.special import softmax

    return softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1)


def _targets(truth: np.ndarray, classes: int) -> np.ndarray:
    spare = 1 / (len(truth) + 2)
    targets = np.full((len(truth), classes), spare / (classes - 1))
    targets[np.arange(len(truth)), truth] = 1 - spare
    return targets


def _minimum(logits: np.ndarray, targets: np.ndarray) -> float:
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    picked = (targets * logits).sum(axis=1)  # (N,)

    def cross_entropy(inverse: float) -> float:
        return float((logsumexp(inverse * logits, axis=1) - inverse * picked).mean())

    # Convex in 1/T, though not in T.
    found = minimize_scalar(cross_entropy, bounds=(1 / HOTTEST, 1 / COLDEST), method="bounded", options={"xatol": 1e-7})
    return float(1 / found.x)
