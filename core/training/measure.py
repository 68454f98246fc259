"""What is measured on held-out images."""

from __future__ import annotations

import warnings

import numpy as np


def measure(logits: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return loss, accuracy and F1 of predictions.

    Args:
        logits: (N, C) floats, N >= 1.
        truth: (N,) class codes.

    Returns:
        loss (mean cross-entropy, nats), accuracy, f1 (class 1's when C is 2, else macro), f1_macro
        (mean over the classes that occur in truth or prediction); all but the loss lie in 0..1.
    """
    from scipy.special import log_softmax
    from sklearn.metrics import accuracy_score, f1_score

    predicted = logits.argmax(axis=1)  # (N,)
    loss = -log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(truth)), truth].mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class that never occurs is normal in a small held-out set
        macro = f1_score(truth, predicted, average="macro", zero_division=0.0)
        binary = f1_score(truth == 1, predicted == 1, zero_division=0.0) if logits.shape[1] == 2 else macro
    return {
        "loss": float(loss),
        "accuracy": float(accuracy_score(truth, predicted)),
        "f1": float(binary),
        "f1_macro": float(macro),
    }
