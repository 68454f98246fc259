"""Settings against results, mistakes and confidence."""

from __future__ import annotations

import pandas as pd
import pytest

from core.charts.runs import confusion, parallel, reliability, worst_classes

NO_BINS = {"bins": [[0.5, 4, 0.5, 0.75]]}


def judged(pairs: list[list[int]], classes: int) -> dict:
    """As `core.pseudo.quality.quality`: [truth, predicted, count]."""
    support = [sum(n for t, _, n in pairs if t == c) for c in range(classes)]
    return {"confusion": pairs, "support": support, "calibrated": NO_BINS, "raw": NO_BINS}


def test_the_heat_map_shows_shares_of_each_true_class_with_counts_written_in():
    figure, hidden = confusion(judged([[0, 0, 3], [0, 1, 1], [1, 1, 2]], 2), ["cat", "dog"])
    [heat] = figure.data
    assert [list(row) for row in heat.z] == [[0.75, 0.25], [0, 1]]
    assert [list(row) for row in heat.text] == [["3", "1"], ["", "2"]]
    assert heat.hovertext[0][1] == "1 of 4 cat taken for dog"
    assert hidden == 0


def test_a_class_without_an_image_has_an_empty_row():
    figure, _ = confusion(judged([[0, 0, 3]], 2), ["a", "b"])
    assert list(figure.data[0].z[1]) == [0, 0]


def test_classes_with_one_name_numbers_and_markup_stay_apart_and_as_they_are():
    names = ["5", "5", "<b>x</b>", "a class with a name that is far too long to stand on an axis"]
    figure, _ = confusion(judged([[0, 1, 1], [2, 2, 1], [3, 3, 1]], 4), names)
    assert figure.layout.xaxis.tickvals == (0, 1, 2, 3)
    assert figure.layout.xaxis.ticktext[:3] == ("5", "5", "&lt;b&gt;x&lt;/b&gt;")
    assert len(figure.layout.xaxis.ticktext[3]) == 24


def test_of_three_hundred_classes_the_most_mistaken_are_shown_and_the_rest_summed_up():
    pairs = [[c, c, 10] for c in range(300)] + [[7, 250, 5], [9, 250, 3], [7, 100, 1]]
    assert worst_classes(judged(pairs, 300), 300, most=3) == [7, 9, 250]
    figure, hidden = confusion(judged(pairs, 300), [f"class {c}" for c in range(300)])
    [heat] = figure.data
    assert hidden == 280
    assert (len(heat.z), len(heat.z[0])) == (20, 21)
    assert heat.text is None
    assert figure.layout.xaxis.ticktext[-1] == "all others"
    shown = list(figure.layout.yaxis.ticktext)
    assert {"class 7", "class 9", "class 100", "class 250"} <= set(shown)
    row = heat.z[shown.index("class 7")]
    assert row[shown.index("class 250")] == pytest.approx(5 / 16)
    assert sum(row) == pytest.approx(1)


def test_a_mistake_for_a_hidden_class_is_one_for_all_others():
    pairs = [[c, c, 1] for c in range(30)] + [[c, c + 1, 50 - c] for c in range(0, 20, 2)] + [[0, 29, 1]]
    figure, _ = confusion(judged(pairs, 30), [str(c) for c in range(30)])
    assert figure.data[0].z[0][-1] == pytest.approx(1 / 52)


def test_confidence_is_drawn_against_the_share_of_right_answers():
    quality = {
        **judged([[0, 0, 1]], 2),
        "calibrated": {"bins": [[0.5, 1, 0.0, 0.6], [0.9, 3, 1.0, 0.95]]},
        "raw": {"bins": [[0.9, 4, 0.75, 0.99]]},
    }
    lines = {t.name: t for t in reliability(quality).data}
    assert list(lines["calibrated"].x) == [0.6, 0.95]
    assert list(lines["calibrated"].y) == [0.0, 1.0]
    assert list(lines["before calibration"].x) == [0.99]
    small, large = lines["calibrated"].marker.size
    assert small < large


def axes(frame: dict) -> dict:
    [lines] = parallel(pd.DataFrame({**frame, "accuracy": 0.5, "f1": 0.5}), "f1").data
    return {d.label: d for d in lines.dimensions}


def test_figures_stand_in_order_and_wide_ones_by_powers_of_ten():
    found = axes({"dropout": [0.0, 0.5], "lr": [1e-4, 1e-2]})
    assert list(found["dropout"]["values"]) == [0.0, 0.5]
    assert list(found["lr"]["values"]) == pytest.approx([-4, -2])
    assert found["lr"].ticktext == ("0.0001", "0.01")


def test_words_switches_and_what_is_missing_are_places_on_an_axis():
    found = axes({"optimizer": ["sgd", "adamw"], "grey": [True, False], "size": [None, 64.0]})
    assert found["optimizer"].ticktext == ("adamw", "sgd")
    assert list(found["optimizer"]["values"]) == [1, 0]
    assert found["grey"].ticktext == ("False", "True")
    assert found["size"].ticktext == ("64.0", "–")


def test_a_setting_with_one_value_is_one_place():
    assert axes({"lr": [0.1, 0.1]})["lr"].ticktext == ("0.1",)


def test_results_are_percent_and_colour_the_lines():
    frame = pd.DataFrame({"lr": [1, 2], "accuracy": [0.1, 0.9], "f1": [0.2, 0.8]})
    [lines] = parallel(frame, "accuracy").data
    assert list(lines.line.color) == [0.1, 0.9]
    assert [d.label for d in lines.dimensions] == ["lr", "accuracy", "F1"]


def test_many_values_have_round_ticks():
    wide = axes({"lr": [10 ** (-4 + i / 5) for i in range(16)]})
    assert wide["lr"].ticktext == ("0.0001", "0.001", "0.01", "0.1")
    narrow = axes({"lr": [0.01 * 1.5**i for i in range(10)]})
    assert narrow["lr"].ticktext == ("0.01", "0.02", "0.05", "0.1", "0.2", "0.384")
