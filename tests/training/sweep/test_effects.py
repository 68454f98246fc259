"""What settings did, on tables small enough to reckon by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.training.sweep.effects import by_luck, by_value, effects, explained, groups, trials_frame
from core.training.sweep.plan import Plan
from tests.training.sweep.test_plan import plan


def scored(made: Plan, scores: list[float | None]) -> Plan:
    for trial, score in zip(made.trials, scores, strict=True):
        trial.state = "failed" if score is None else "finished"
        trial.figures = {} if score is None else {"f1": score, "accuracy": score, "seconds": 1.0}
    return made


@pytest.mark.parametrize(
    ("parts", "share", "chance"),
    [
        ([[1, 1], [3, 3]], 1.0, 1 / 3),
        ([[1, 3], [1, 3]], 0.0, 1 / 3),
        ([[0, 2], [2, 4]], 0.5, 1 / 3),  # total 8 around 2; between 2 * 1 + 2 * 1 = 4
        ([[0, 2], [2, 4], [4, 6]], 16 / 22, 2 / 5),  # total 9+1+1+1+1+9 around 3; between 2 * (4 + 0 + 4)
    ],
)
def test_the_share_is_what_lies_between_the_means_of_the_groups(parts, share, chance):
    found = explained(parts)
    assert found == (pytest.approx(share), pytest.approx(chance))


def test_no_share_is_told_where_every_value_was_tried_once_or_nothing_differs():
    assert explained([[1], [2], [3]])[0] is None
    assert explained([[1, 1], [1, 1]])[0] is None


def test_by_chance_alone_the_share_is_what_is_said():
    random = np.random.default_rng(0)
    shares = [explained(random.normal(size=(3, 4)))[0] for _ in range(4000)]
    assert np.mean(shares) == pytest.approx(2 / 11, abs=0.01)


def test_luck_is_how_many_ways_of_dealing_the_scores_give_as_much():
    # Of the 6 ways to deal 1, 2, 3, 4 to two pairs, those of {1, 2} and {3, 4} lie farthest apart: 2 of 6.
    assert by_luck([[1, 2], [3, 4]], 20_000) == pytest.approx(1 / 3, abs=0.02)
    assert by_luck([[1, 4], [2, 3]]) == 1.0
    # 2 of the 70 ways to deal eight scores to two groups of four.
    assert by_luck([[0.1, 0.2, 0.15, 0.12], [0.8, 0.9, 0.85, 0.7]], 20_000) == pytest.approx(2 / 70, abs=0.01)


def test_the_setting_that_matters_comes_first_with_its_best_value():
    made = scored(plan("dropout=0,0.2", "lr=1e-3,1e-2"), [0.5, 0.9, 0.5, 0.8])
    first, second = effects(made, "f1")
    assert (first.name, first.best) == ("lr", "0.01")
    assert first.gap == pytest.approx(0.35)
    # Total 0.1275 around 0.675; lr 4 * 0.175^2 = 0.1225; dropout 4 * 0.025^2 = 0.0025.
    assert first.share == pytest.approx(0.1225 / 0.1275)
    assert second.share == pytest.approx(0.0025 / 0.1275)


def test_means_and_spread_by_value_are_over_the_finished_trials_of_that_value():
    made = scored(plan("dropout=0,0.2,0.4", "lr=1e-3,1e-2"), [0.4, 0.6, 0.7, None, None, None])
    found = by_value(made, made.settings[0]).set_index("value")
    assert list(found.index) == ["0", "0.2"]
    assert list(found["trials"]) == [2, 1]
    assert list(found["f1"]) == pytest.approx([0.5, 0.7])
    assert found.loc["0", "f1_spread"] == pytest.approx(np.sqrt(0.02))
    assert np.isnan(found.loc["0.2", "f1_spread"])


def test_a_range_is_cut_into_parts_with_equally_many_trials():
    made = plan("lr=1e-4..1e-2", search="optuna", trials=6)
    for lr in (0.006, 0.001, 0.005, 0.002, 0.004, 0.003):
        made.extend({"lr": lr})
    scored(made, [0.6, 0.1, 0.5, 0.2, 0.4, 0.3])
    assert groups(made, made.settings[0]) == [("0.001 to 0.003", [2, 4, 6]), ("0.004 to 0.006", [5, 3, 1])]
    assert list(by_value(made, made.settings[0])["f1"]) == pytest.approx([0.2, 0.5])
    assert effects(made, "f1")[0].best == "0.004 to 0.006"


def test_a_table_of_trials_has_all_of_them_with_live_figures_for_what_runs():
    made = scored(plan("dropout=0,0.2", "seed=0,1"), [0.4, None, 0.6, 0.7])
    made.trials[3].state, made.trials[3].figures = "running", {}
    frame = trials_frame(made, {4: {"f1": 0.3, "accuracy": 0.2}})
    assert list(frame["f1"].iloc[[0, 2, 3]]) == [0.4, 0.6, 0.3]
    assert np.isnan(frame["f1"].iloc[1])
    assert list(frame["seed"]) == [0, 1, 0, 1]
    assert list(frame["state"]) == ["finished", "failed", "finished", "running"]


def test_before_anything_is_finished_there_is_nothing_to_say():
    made = plan("dropout=0,0.2")
    assert effects(made, "accuracy") == []
    assert len(by_value(made, made.settings[0])) == 0
    assert len(trials_frame(made)) == 2
