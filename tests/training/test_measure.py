"""Metrics against hand-sized tables."""

from __future__ import annotations

import numpy as np
import pytest

from core.training.measure import measure


def test_binary_metrics_of_a_hand_sized_table():
    # Truth 1 1 1 0 0, predicted 1 1 0 1 0: TP 2, FP 1, FN 1, TN 1.
    logits = np.array([[0, 2], [0, 2], [2, 0], [0, 2], [2, 0]], dtype=np.float32)
    found = measure(logits, np.array([1, 1, 1, 0, 0]))
    right, wrong = np.log1p(np.exp(-2)), np.log1p(np.exp(2))
    assert found == {
        "loss": pytest.approx((3 * right + 2 * wrong) / 5),
        "accuracy": pytest.approx(3 / 5),
        "f1": pytest.approx(2 * 2 / (2 * 2 + 1 + 1)),
        "f1_macro": pytest.approx((4 / 6 + 2 / 4) / 2),
    }


def test_more_classes_have_the_macro_f1():
    logits = np.eye(3)[[0, 1, 1, 2]]
    found = measure(logits, np.array([0, 1, 2, 2]))
    assert found["f1"] == found["f1_macro"] == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)


def test_no_positive_at_all_is_an_f1_of_zero():
    assert measure(np.array([[2.0, 0.0]]), np.array([0]))["f1"] == 0.0
