"""Scores against settings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.charts.sweep import Axis, cloud, pair, panels

# Two lists with two values each, all four combinations: F1 is 0.5 + 0.1 * dropout's place + 0.2 * lr's.
TRIALS = pd.DataFrame(
    {"trial": [1, 2, 3, 4], "accuracy": [0.6, 0.6, 0.6, 0.8], "f1": [0.5, 0.7, 0.6, 0.8], "dropout": [0, 0, 1, 1],
     "lr": [0, 1, 0, 1]}
)  # fmt: skip
AXES = {"dropout": Axis(("0", "0.2")), "lr": Axis(("0.001", "0.01"))}


def means(score: tuple[float, float], spread: tuple[float, float], values: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {"value": values, "at": [0, 1], "trials": 2, "accuracy": 0.65, "accuracy_spread": 0.1, "f1": score,
         "f1_spread": spread}
    )  # fmt: skip


MEANS = {
    "dropout": means((0.6, 0.7), (0.1, np.nan), ("0", "0.2")),
    "lr": means((0.55, 0.75), (0.05, 0.05), ("0.001", "0.01")),
}


def traces(figure, name: str) -> list:
    return [t for t in figure.data if t.name == name]


def test_each_setting_has_a_panel_for_accuracy_and_one_for_f1_with_all_trials():
    figure = panels(TRIALS, MEANS, AXES)
    assert [list(t.y) for t in traces(figure, "trials")] == [list(TRIALS[s]) for s in ("accuracy", "f1")] * 2
    assert [list(t.y) for t in traces(figure, "mean")][1] == [0.6, 0.7]
    assert {figure.layout.xaxis3.title.text, figure.layout.xaxis4.title.text} == {"dropout", "lr"}
    assert tuple(figure.layout.xaxis3.ticktext) == ("0", "0.2")


def test_the_band_is_the_standard_deviation_around_the_mean_and_nothing_where_there_is_none():
    upper, lower = traces(panels(TRIALS, MEANS, AXES), "spread")[2:4]
    assert list(upper.y) == pytest.approx([0.7, 0.7])
    assert list(lower.y) == pytest.approx([0.5, 0.7])


def test_trials_with_one_value_stand_beside_each_other_around_its_place():
    x = np.array(traces(panels(TRIALS, MEANS, AXES), "trials")[0].x)
    assert len(set(x)) == 4
    assert x[:2].mean() == pytest.approx(0)
    assert x[2:].mean() == pytest.approx(1)
    assert np.abs(x - np.array([0, 0, 1, 1])).max() < 0.2


def test_a_range_stands_on_its_own_numbers():
    trials = TRIALS.assign(lr=[1e-4, 1e-3, 1e-3, 1e-2])
    lr = MEANS["lr"].assign(at=[3e-4, 3e-3])
    figure = panels(trials, {"lr": lr}, {"lr": Axis(log=True)})
    assert figure.layout.xaxis2.type == "log"
    assert list(traces(figure, "trials")[0].x) == [1e-4, 1e-3, 1e-3, 1e-2]


def test_the_table_of_two_settings_has_the_mean_of_each_combination_and_gaps():
    more = pd.concat([TRIALS.iloc[:3], TRIALS.iloc[:1].assign(trial=5, f1=0.7)])
    found = pair(more, ("dropout", "lr"), (AXES["dropout"], AXES["lr"]), "f1").data[0]
    assert np.array(found.z)[0] == pytest.approx([0.6, 0.6])  # lr 0.001: dropout 0 twice, 0.5 and 0.7; dropout 0.2
    assert np.array(found.z)[1, 0] == pytest.approx(0.7)
    assert np.isnan(np.array(found.z)[1, 1])
    assert [list(row) for row in found.text] == [["60.0%", "60.0%"], ["70.0%", ""]]
    assert (list(found.x), list(found.y)) == (["0", "0.2"], ["0.001", "0.01"])


def test_two_settings_with_a_range_are_points_coloured_by_their_score():
    figure = cloud(TRIALS, ("dropout", "lr"), (Axis(("0", "0.2")), Axis(log=True)), "accuracy")
    assert list(figure.data[0].marker.color) == [0.6, 0.6, 0.6, 0.8]
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("linear", "log")
    assert tuple(figure.layout.xaxis.ticktext) == ("0", "0.2")


def test_before_the_first_trial_is_over_the_panels_are_empty():
    empty = panels(TRIALS.iloc[:0], {"dropout": MEANS["dropout"].iloc[:0]}, AXES)
    assert all(len(t.x) == 0 for t in empty.data)
