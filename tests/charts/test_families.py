"""Accuracy against cost, drawn."""

import pandas as pd
import pytest

from core.charts.families import COLORS, families


def frame(*rows: tuple) -> pd.DataFrame:
    columns = ["name", "family", "px", "top1", "cost", "sure", "kept", "front", "told"]
    return pd.DataFrame([(*row, row[0]) for row in rows], columns=columns)


NETWORKS = frame(
    ("B0", "B", 224, 77.1, 0.4, True, True, True), ("B7", "B", 600, 84.3, 37.0, False, False, True),
    ("SENet", "by hand", 320, 82.7, 42.0, True, True, False),
)  # fmt: skip


def traces(**limits: float) -> dict:
    figure = families(NETWORKS, "B", limits)
    return {trace.name: trace for trace in figure.data} | {"figure": figure}


def test_bubbles_are_as_wide_as_pictures_and_have_one_colour_per_family():
    drawn = traces()["EfficientNet B0 to B7"]
    assert list(drawn.marker.size) == [14.0, 37.5]  # 224 and 600 px, 16 px to a point
    assert COLORS["B"] == "#0072B2" != COLORS["by hand"]
    assert drawn.marker.color[0].startswith("rgba(0,114,178,")
    assert list(drawn.customdata) == ["B0", "B7"]


def test_what_no_budget_keeps_is_faded_and_what_was_not_measured_hollow():
    marker = traces()["EfficientNet B0 to B7"].marker
    assert [color.rpartition(",")[2] for color in marker.color] == ["0.85)", "0.25)"]
    assert list(marker.symbol) == ["circle", "circle-open"]


def test_the_front_is_a_line_through_what_nothing_beats():
    line = traces()["Pareto front"]
    assert list(line.x) == [0.4, 37.0]
    assert list(line.y) == [77.1, 84.3]


def test_a_budget_is_a_line_with_its_name():
    figure = traces(**{"my memory": 5.0})["figure"]
    assert [shape.x0 for shape in figure.layout.shapes] == [5.0]
    (note,) = figure.layout.annotations
    assert note.text == "my memory"
    assert 10**note.x == pytest.approx(5.0)  # plotly's notes take exponents on a logarithmic axis


def test_the_axis_holds_every_network_and_every_budget():
    low, high = traces(**{"my memory": 1000.0})["figure"].layout.xaxis.range
    assert -0.7 < low < -0.39  # 0.4
    assert 3 < high < 3.5


def test_one_network_alone_is_drawn():
    figure = families(NETWORKS.head(1), "B", {})
    assert [trace.name for trace in figure.data] == ["EfficientNet B0 to B7"]
