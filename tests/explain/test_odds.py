"""Odds and probabilities from scores."""

from __future__ import annotations

import numpy as np
import pytest

from core.explain.odds import log_odds, probability, softmax


def test_log_odds():
    logits = np.log([[0.5, 0.25, 0.25]])
    assert log_odds(logits, "0").item() == pytest.approx(0.0, abs=1e-12)
    assert log_odds(logits, "1").item() == pytest.approx(np.log(1 / 3))
    assert log_odds(logits, "0-1").item() == pytest.approx(np.log(2))
    assert log_odds(np.array([[1.5]]), "0").item() == 1.5


def test_scores_divided_by_two_are_square_roots_of_the_odds():
    logits = np.log([[0.9, 0.1]])
    assert probability(logits, "0", 1.0).item() == pytest.approx(0.9)
    assert probability(logits, "0", 2.0).item() == pytest.approx(0.75)  # odds of 9 become 3
    assert softmax(logits[0], 2.0) == pytest.approx([0.75, 0.25])


def test_scores_of_thousands_are_no_trouble():
    assert probability(np.array([[5000.0, -5000.0]]), "1", 1.0).item() == 0.0
    assert softmax(np.array([5000.0, -5000.0]), 1.0).tolist() == [1.0, 0.0]
