"""Thresholds keep what they promise, and say so when they can't."""

from __future__ import annotations

import numpy as np
import pytest

from core.pseudo.accept import STARTS, lower_bound, thresholds


def two_classes(confidence: np.ndarray) -> np.ndarray:
    """Probabilities of images that are all predicted as class 1."""
    return np.stack([1 - confidence, confidence], axis=1)


def test_the_bound_is_clopper_and_pearsons():
    assert lower_bound(59, 59, 0.05) == pytest.approx(0.05 ** (1 / 59))
    assert lower_bound(0, 10, 0.05) == 0
    assert lower_bound(8, 10, 0.05) == pytest.approx(0.4930987, abs=1e-6)  # published tables


def test_all_right_takes_everything():
    found = thresholds(two_classes(np.linspace(0.6, 0.99, 200)), np.ones(200, int), 0.95)
    assert found[1].confidence == pytest.approx(0.6)
    assert (found[1].images, found[1].right) == (200, 200)
    assert found[1].low >= 0.95
    assert (found[0].confidence, found[0].images, found[0].low) == (None, 0, 0.0)


def test_too_few_say_how_many_it_takes():
    found = thresholds(two_classes(np.full(41, 0.9)), np.ones(41, int), 0.99)[1]
    assert found.confidence is None
    assert (found.images, found.right) == (41, 41)
    enough = found.needed
    assert lower_bound(enough, enough, 0.05 / STARTS) >= 0.99 > lower_bound(enough - 1, enough - 1, 0.05 / STARTS)


def test_unsure_wrong_ones_are_left_out():
    confidence = np.concatenate([np.linspace(0.9, 0.99, 300), np.linspace(0.5, 0.7, 300)])
    truth = np.concatenate([np.ones(300, int), np.arange(300) % 2])
    found = thresholds(two_classes(confidence), truth, 0.95)[1]
    assert 0.6 < found.confidence <= 0.9
    assert found.low >= 0.95


def test_one_early_error_does_not_end_it_all():
    confidence = np.linspace(0.99, 0.6, 1000)
    truth = np.ones(1000, int)
    truth[3] = 0
    assert thresholds(two_classes(confidence), truth, 0.95)[1].images > 900


def test_equal_confidences_are_taken_together_or_not_at_all():
    truth = np.concatenate([np.ones(150, int), np.zeros(150, int)])
    assert thresholds(two_classes(np.full(300, 0.8)), truth, 0.9)[1].confidence is None


def test_the_promise_is_broken_in_at_most_one_of_twenty_cases():
    """Precision falls with confidence; what is truly right above the chosen threshold is known here."""
    random, precision, broken, chosen = np.random.default_rng(0), 0.9, 0, 0
    for _ in range(600):
        confidence = random.uniform(0.5, 1.0, 1000)
        truth = (random.random(1000) < confidence).astype(int)  # calibrated: right as often as it says
        found = thresholds(two_classes(confidence), truth, precision)[1]
        if found.confidence is not None:
            chosen += 1
            broken += (found.confidence + 1) / 2 < precision  # the mean of what lies above
    assert chosen > 300
    # At most 5% of all; three standard deviations of 600 draws above that would be 7.7%.
    assert broken / 600 <= 0.05


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="expected"):
        thresholds(np.ones((3, 2)), np.ones(2), 0.9)
    with pytest.raises(ValueError, match="between 0 and 1"):
        thresholds(np.ones((3, 2)), np.ones(3), 1.0)
