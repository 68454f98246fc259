"""Scores of a network turned into odds and probabilities. No torch: stored verdicts are told by the server."""

from __future__ import annotations

import numpy as np

from core.explain.targets import codes


def log_odds(logits: np.ndarray, target: str) -> np.ndarray:
    """Return how far logits (K, classes) speak for a resolved target, (K,): the log odds of its class.

    Log odds tell differences where probabilities are 1.000 already. For two classes against each other their logits'
    difference, for a network with one output the logit.
    """
    logits = np.asarray(logits, np.float64)
    code, other = codes(target)
    if other is not None:
        return logits[:, code] - logits[:, other]
    if logits.shape[1] == 1:
        return logits[:, 0]
    return logits[:, code] - np.logaddexp.reduce(np.delete(logits, code, 1), axis=1)


def probability(logits: np.ndarray, target: str, temperature: float) -> np.ndarray:
    """Return the calibrated probability of a resolved target for logits (K, classes), (K,)."""
    odds = log_odds(np.asarray(logits, np.float64) / temperature, target)
    return np.exp(-np.logaddexp(0.0, -odds))


def softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Return calibrated class probabilities (C,) of logits (C,)."""
    scaled = np.asarray(logits, np.float64) / temperature
    return np.exp(scaled - np.logaddexp.reduce(scaled))
