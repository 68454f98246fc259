"""Figures from held-out images, on tables that fit a hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.pseudo.quality import quality, reliability, write_quality


def logits_of(probs: list[list[float]]) -> np.ndarray:
    """Logits whose softmax is exactly these."""
    return np.log(np.array(probs))


FOUR = logits_of([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
TRUTH = np.array([0, 1, 1, 0])  # right, wrong, right, wrong


def test_the_confusion_of_two_classes():
    found = quality(FOUR, TRUTH, 1.0)
    assert found["confusion"] == [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]
    assert found["images"] == 4
    assert found["accuracy"] == 0.5


def test_precision_recall_f1_and_support_of_three_classes():
    # Truth 0 0 0 1 2, predicted 0 0 1 1 1: class 0 is found in two of three, class 2 never.
    probs = [[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]]
    found = quality(logits_of(probs), np.array([0, 0, 0, 1, 2]), 1.0)
    assert found["precision"] == pytest.approx([1, 1 / 3, 0])
    assert found["recall"] == pytest.approx([2 / 3, 1, 0])
    assert found["f1_by_class"] == pytest.approx([0.8, 0.5, 0])
    assert found["support"] == [3, 1, 1]
    assert found["confusion"] == [[0, 0, 2], [0, 1, 1], [1, 1, 1], [2, 1, 1]]
    assert found["f1_macro"] == pytest.approx((0.8 + 0.5 + 0) / 3)


def test_brier_is_the_mean_squared_distance_of_the_second_class():
    # ((0.1 - 0)² + (0.4 - 1)² + (0.8 - 1)² + (0.7 - 0)²) / 4
    assert quality(FOUR, TRUTH, 1.0)["raw"]["brier"] == pytest.approx((0.01 + 0.36 + 0.04 + 0.49) / 4)


def test_brier_of_three_classes_is_half_the_squared_distance_to_the_truth():
    found = quality(logits_of([[0.5, 0.3, 0.2]]), np.array([1]), 1.0)
    assert found["raw"]["brier"] == pytest.approx((0.25 + 0.49 + 0.04) / 2)


def test_the_calibration_error_weighs_bins_by_their_images():
    # Ten bins: 0.9 and 0.9 (right, wrong) in the ninth, 0.6 (wrong) in the sixth, 0.7 (right) in the seventh.
    probs = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.3, 0.7]])
    error, bins = reliability(probs, np.array([0, 1, 1, 1]), bins=10)
    assert error == pytest.approx(2 / 4 * abs(0.5 - 0.9) + 1 / 4 * 0.6 + 1 / 4 * 0.3)
    assert [b[:3] for b in bins] == [[0.5, 1, 0.0], [0.6, 1, 1.0], [0.8, 2, 0.5]]
    assert [b[3] for b in bins] == pytest.approx([0.6, 0.7, 0.9])


def test_certain_and_right_is_perfect_and_certain_and_wrong_the_worst():
    certain = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert reliability(certain, np.array([0, 0]))[0] == 0
    assert reliability(certain, np.array([1, 1]))[0] == 1


def test_the_temperature_changes_the_calibrated_figures_only():
    found = quality(FOUR, TRUTH, 2.0)
    warm = np.array([[3.0, 1.0], [np.sqrt(1.5), 1.0]])  # softmax(log p / 2) is sqrt(p) to scale
    first, second = warm[0, 0] / 4, warm[1, 0] / warm[1].sum()
    third, fourth = 2 / 3, np.sqrt(7 / 3) / (1 + np.sqrt(7 / 3))
    expected = ((1 - first) ** 2 + second**2 + (1 - third) ** 2 + fourth**2) / 4
    assert found["calibrated"]["brier"] == pytest.approx(expected)
    assert found["raw"] == quality(FOUR, TRUTH, 1.0)["raw"]
    assert found["temperature"] == 2.0


def test_three_hundred_classes_stay_small_and_classes_that_never_occur_count_nothing(tmp_path):
    logits = np.zeros((6, 300))
    logits[np.arange(6), [0, 1, 2, 299, 4, 5]] = 9.0
    found = quality(logits, np.array([0, 1, 2, 299, 4, 4]), 1.0)
    assert len(found["confusion"]) == 6
    assert sum(found["support"]) == 6
    assert found["f1_by_class"][7] == 0
    write_quality(tmp_path, found)
    stored = (tmp_path / "quality.json").read_text()
    assert json.loads(stored) == found
    assert len(stored) < 20_000


@pytest.mark.parametrize("truth", [np.array([0, 1]), np.array([0, 1, 1, 2]), np.array([0, 1, 1, -1])])
def test_what_does_not_fit_is_refused(truth):
    with pytest.raises(ValueError):
        quality(FOUR, truth, 1.0)
