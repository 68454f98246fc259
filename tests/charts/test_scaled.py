"""Trained networks and the surface of the search as figures."""

from __future__ import annotations

import numpy as np

from core.charts.scaled import Bar, Row, paid, scores
from core.charts.surface import Mark, constraint

ROWS = [
    Row("Baseline", Bar(0.80, 0.78, 0.82, [0.79, 0.81]), Bar(-2.0, -3.0, -1.0, [-2.5, -1.5]), 60.0, 1000),
    Row("Compound", Bar(0.82, None, None, [0.82]), None, 90.0, 2000),
]


def test_scores_show_every_seed_the_mean_and_its_interval_and_what_it_leads_by():
    figure = scores(ROWS, "compound")
    seeds, mean, behind, gap = figure.data[:4]
    assert list(seeds.x) == [0.79, 0.81]
    assert (mean.x[0], mean.y[0]) == (0.80, 0)
    np.testing.assert_allclose([mean.error_x.array[0], mean.error_x.arrayminus[0]], [0.02, 0.02])
    assert "78.0% to 82.0%" in mean.hovertemplate
    assert (list(behind.x), gap.x[0], gap.xaxis) == ([-2.5, -1.5], -2.0, "x2")
    assert len(figure.data) == 6  # compound is held against no one
    assert "one seed" in figure.data[5].hovertemplate
    assert list(figure.layout.yaxis.ticktext) == ["Baseline", "Compound"]


def test_without_anything_to_hold_against_there_is_one_panel():
    figure = scores([ROWS[1]], "compound")
    assert {trace.xaxis for trace in figure.data} == {"x"}


def test_accuracy_stands_against_seconds_or_multiply_adds():
    assert [trace.x[0] for trace in paid(ROWS).data] == [60.0, 90.0]
    assert [trace.x[0] for trace in paid(ROWS, "multiply_adds").data] == [1000, 2000]
    assert paid(ROWS[1:]).layout.yaxis.range[0] < 0.82 < paid(ROWS[1:]).layout.yaxis.range[1]


def test_networks_with_a_figure_are_coloured_and_the_papers_is_marked():
    flat = np.ones((2, 2))
    marks = [Mark(1.2, 1.1, 1.15, 1.9, ["a", "b"], paper=True), Mark(1.0, 1.4, 1.0, None, ["c"])]
    plane, grey, colored, paper = constraint((flat, flat, flat), marks, "times", ".2f").data
    assert (plane.type, list(grey.x), list(colored.x), list(colored.marker.color)) == ("surface", [1.0], [1.2], [1.9])
    assert list(colored.text) == ["a<br>b"]
    assert (list(paper.z), list(paper.text)) == ([1.15], ["the paper's"])
