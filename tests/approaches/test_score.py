"""Intervals that mean what they say, from outcomes that are made up."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from core.approaches.filling import CASCADE, DERIVED, DROP, FOLLOWED, KNOWN, OURS, PSEUDO
from core.approaches.layout import Layout
from core.approaches.plan import Outcome, Plan
from core.approaches.score import ALL, _scores, summary
from core.approaches.words import seeds, short_names
from core.labels.label import MISSING
from core.training.measure import measure

N = 200
LABELS = [{"name": name, "classes": ["0", "1"], "names": ["0", "1"]} for name in ("a", "b")]


@pytest.fixture
def layout() -> Layout:
    """100 held-out images, 50 with label a hidden, 50 with a real gap in label b."""
    truth = np.zeros((N, 2), np.int16)
    truth[::2, 0] = 1
    truth[150:, 1] = MISSING
    heldout, hidden = np.zeros(N, bool), np.zeros((N, 2), bool)
    heldout[:100], hidden[100:150, 0] = True, True
    seen = np.where(hidden | heldout[:, None], MISSING, truth)
    return Layout((0, 1), truth, seen, heldout, hidden, np.zeros(N, bool))


def plan(*outcomes: Outcome) -> Plan:
    return Plan(LABELS, [], ["a", "b"], "tiny", {}, [0, 1], 0.95, {}, list(outcomes))


def outcome(folder, layout: Layout, seed: int, approach: str, wrong: int, guesses_wrong: int = 0) -> Outcome:
    """An outcome that is wrong on the first `wrong` held-out images, and on so many of 40 guesses; 10 were derived."""
    predicted = layout.truth[:100].copy()
    predicted[:wrong] = 1 - predicted[:wrong]
    values, origins = layout.truth.copy(), np.full((N, 2), KNOWN, np.int8)
    if approach == DROP:
        values[layout.hidden], origins[layout.hidden] = MISSING, MISSING
    else:
        origins[100:140, 0], origins[140:150, 0] = PSEUDO, DERIVED
        origins[130:140, 0] = FOLLOWED
        values[100 : 100 + guesses_wrong, 0] = 1 - values[100 : 100 + guesses_wrong, 0]
    content = io.BytesIO()
    np.savez(content, predicted=predicted, values=values, origins=origins)
    made = Outcome(seed, approach, "finished", stages=[{"seconds": 2.0}])
    made.filled = dict.fromkeys(("known", "derived", "pseudo", "derived from pseudo"), 0)
    made.filled |= {} if approach == DROP else {"derived": 10, "pseudo": 20, "derived from pseudo": 10}
    (folder / made.file).write_bytes(content.getvalue())
    return made


def test_means_over_seeds_and_paired_differences(tmp_path, layout):
    made = [outcome(tmp_path, layout, seed, approach, wrong)
            for seed in (0, 1) for approach, wrong in ((DROP, 20 + seed * 10), (OURS, 10 + seed * 10))]  # fmt: skip
    found = summary(plan(*made), layout, tmp_path)
    mean, low, high = found["approaches"][OURS]["labels"]["a"]["accuracy"]
    assert mean == 0.85
    assert 0.72 < low < 0.85 < high < 0.95
    # Ten images more are right with each seed, the same ones: surely better, however unsure each figure is.
    mean, low, high = found["differences"][DROP]["a"]["accuracy"]
    assert mean == pytest.approx(0.10)
    assert 0 <= low < 0.10 < high
    assert CASCADE not in found["approaches"]
    assert found["approaches"][OURS]["seconds"] == 2.0


def test_approaches_with_other_seeds_are_not_compared(tmp_path, layout):
    made = [outcome(tmp_path, layout, 0, DROP, 5), outcome(tmp_path, layout, 1, OURS, 5)]
    found = summary(plan(*made), layout, tmp_path)
    assert found["differences"] == {}
    told = seeds(found["approaches"], [0, 1])
    assert "different seeds (Drop rows with a gap: 0; Derive first, take what keeps the promise: 1)" in told
    assert short_names(found["approaches"]) == {DROP: "Drop rows (seed 0)", OURS: "Derive first (seed 1)"}


def test_a_partial_comparison_rests_on_the_seeds_that_all_have(tmp_path, layout):
    """A stop in the middle of the second seed compared dropping rows with two seeds against the others with one."""
    whole = [outcome(tmp_path, layout, 0, DROP, 10), outcome(tmp_path, layout, 0, CASCADE, 20, 4),
             outcome(tmp_path, layout, 0, OURS, 30)]  # fmt: skip
    alone = summary(plan(*whole), layout, tmp_path)
    more = [outcome(tmp_path, layout, 1, DROP, 90), outcome(tmp_path, layout, 1, CASCADE, 80, 40)]
    more[1].filled = {**more[1].filled, "pseudo": 900}
    more[1].contradictions, more[1].stages = 50, [{"seconds": 99.0}]
    failed = Outcome(1, OURS, "failed", "Too dark.")
    found = summary(plan(*whole, *more, failed), layout, tmp_path)
    assert [found["approaches"][key]["seeds"] for key in (DROP, CASCADE, OURS)] == [[0]] * 3
    assert [found["approaches"][key].pop("left_out") for key in (DROP, CASCADE, OURS)] == [[1], [1], []]
    assert [alone["approaches"][key].pop("left_out") for key in (DROP, CASCADE, OURS)] == [[], [], []]
    assert found == alone
    found = summary(plan(*whole, *more, failed), layout, tmp_path)["approaches"]
    told = seeds(found, [0, 1])
    assert "All figures rest on seed 0, of 2 asked for" in told
    assert (
        "left out since the others lack it: Drop rows with a gap, seed 1; Cascade, every guess taken, seed 1." in told
    )
    assert set(short_names(found).values()) == {"Drop rows", "Cascade", "Derive first"}


def test_whole_comparisons_need_no_word_about_seeds(tmp_path, layout):
    made = [outcome(tmp_path, layout, seed, key, 5) for seed in (1, 0) for key in (DROP, CASCADE, OURS)]
    assert seeds(summary(plan(*made), layout, tmp_path)["approaches"], [0, 1]) == ""
    one = summary(plan(made[0]), layout, tmp_path)["approaches"]
    assert "Nothing is finished of: Cascade, every guess taken; Derive first" in seeds(one, [0, 1])
    assert seeds({}, [0, 1]) == ""


def test_wrong_labels_are_reckoned_from_what_a_model_had_a_hand_in(tmp_path, layout):
    made = [outcome(tmp_path, layout, seed, CASCADE, 0, guesses_wrong=wrong) for seed, wrong in ((0, 4), (1, 8))]
    found = summary(plan(*made), layout, tmp_path)["approaches"][CASCADE]
    hidden = found["hidden"][ALL]
    assert (hidden["cells"], hidden["filled"][0], hidden["guesses"]) == (50, 1.0, 40)
    assert hidden["wrong"][0] == pytest.approx(6 / 50)
    assert hidden["wrong_guesses"][0] == pytest.approx(6 / 40)
    assert hidden["wrong_guesses"][1:] == pytest.approx([0.0706, 0.2907], abs=5e-4)  # Wilson, 6 of 40 images
    assert hidden["wrong_taken"][0] == pytest.approx(6 / 30)  # the ten others followed from them
    assert found["gaps"]["wrong"][0] == pytest.approx(30 * 6 / 40)


def test_cells_of_an_image_that_are_wrong_together_count_once(tmp_path, layout):
    made = outcome(tmp_path, layout, 0, CASCADE, 0, guesses_wrong=6)
    alone = summary(plan(made), layout, tmp_path)["approaches"][CASCADE]["hidden"][ALL]["wrong_guesses"]
    both = replace(layout, hidden=layout.hidden | (layout.hidden[:, :1] & np.array([False, True])))
    content = dict(np.load(tmp_path / made.file))
    content["values"][100:150, 1] = np.where(content["values"][100:150, 0] == layout.truth[100:150, 0], 0, 1)
    content["origins"][100:140, 1] = FOLLOWED
    np.savez(tmp_path / made.file, **content)
    twice = summary(plan(made), both, tmp_path)["approaches"][CASCADE]["hidden"][ALL]
    assert twice["guesses"] == 80
    assert twice["wrong_guesses"] == alone


def test_nothing_filled_tells_nothing_about_wrong_ones(tmp_path, layout):
    found = summary(plan(outcome(tmp_path, layout, 0, DROP, 0)), layout, tmp_path)["approaches"][DROP]
    assert found["hidden"][ALL]["wrong"] is None
    assert found["gaps"]["wrong"] is None
    assert found["gaps"]["filled"] == 0


def test_nothing_finished_is_said(tmp_path, layout):
    assert summary(plan(), layout, tmp_path)["line"] == "Nothing is finished yet."


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_scores_are_those_of_trainings(classes):
    random = np.random.default_rng(classes)
    truth = random.integers(classes, size=60)
    predicted = np.where(random.random((4, 60)) < 0.6, truth, random.integers(classes, size=(4, 60)))
    found = _scores(truth, predicted, classes, np.ones((1, 60)))
    for seed in range(4):
        expected = measure(np.eye(classes)[predicted[seed]] * 5, truth)
        assert found["accuracy"][0, seed] == pytest.approx(expected["accuracy"])
        assert found["f1"][0, seed] == pytest.approx(expected["f1"])


def test_images_that_could_not_be_read_are_not_counted():
    truth, predicted = np.array([0, 1, 1, 0]), np.array([[0, 1, MISSING, MISSING]])
    found = _scores(truth, predicted, 2, np.ones((1, 4)))
    assert found["accuracy"][0, 0] == 1.0
    assert found["f1"][0, 0] == 1.0
