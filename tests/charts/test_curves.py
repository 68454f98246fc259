"""Curves of a run."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from core.charts.colors import MUTED
from core.charts.curves import Curve, curves, overlay, smoothed, thinned

FRAME = pd.DataFrame(
    {"epoch": [1, 2, 3], "train_loss": [3, 2, 1], "loss": [3, 2, 2], "accuracy": [0.5, 0.6, 0.7], "f1": 0.5}
)


def test_loss_and_scores_are_drawn_over_the_epochs():
    figure = curves(FRAME, epochs=10)
    drawn = {t.name: list(t.y) for t in figure.data}
    assert drawn == {"training": [3, 2, 1], "held-out": [3, 2, 2], "accuracy": [0.5, 0.6, 0.7], "F1": [0.5, 0.5, 0.5]}
    assert tuple(figure.layout.xaxis.range) == (0.5, 10.5)


def test_ticks_stand_at_whole_epochs_and_are_few():
    assert [curves(FRAME, epochs=n).layout.xaxis.dtick for n in (1, 4, 10, 11, 30, 300)] == [1, 1, 1, 2, 5, 50]


def test_nothing_measured_yet_is_an_empty_chart():
    assert len(curves(pd.DataFrame(columns=["epoch"])).data) == 0


def run(values: list[float], name: str = "run", **columns: list[float]) -> Curve:
    epochs = range(1, len(values) + 1)
    frame = {"epoch": epochs, "step": [10 * e for e in epochs], "seconds": [2.0] * len(values), "loss": values}
    return Curve(name, pd.DataFrame({**frame, **columns}))


def test_runs_lie_over_one_another_with_colours_and_dashes_of_their_own():
    figure = overlay([run([3, 2], "a"), run([2, 1], "b")], "loss")
    assert [(t.name, list(t.x), list(t.y)) for t in figure.data] == [("a", [1, 2], [3, 2]), ("b", [1, 2], [2, 1])]
    assert len({(t.line.color, t.line.dash) for t in figure.data}) == 2
    assert figure.layout.xaxis.dtick == 1


def test_twelve_lines_differ_in_colour_or_dash_and_no_two_neighbours_in_one_alone():
    styles = [(t.line.color, t.line.dash) for t in overlay([run([1, 2], str(i)) for i in range(12)], "loss").data]
    assert len(set(styles)) == 12
    assert all(a[0] != b[0] and a[1] != b[1] for a, b in pairwise(styles))


def test_of_many_runs_the_best_are_coloured_and_the_others_grey_below_them():
    figure = overlay([run([5, n], str(n)) for n in range(20)], "loss")
    named = [t.name for t in figure.data if t.showlegend]
    assert named == [str(n) for n in range(12)]
    assert [t.line.color for t in figure.data[:8]] == [MUTED] * 8
    more_is_better = overlay([run([0, 0], str(n), f1=[0, n]) for n in range(20)], "f1")
    assert {t.name for t in more_is_better.data if t.showlegend} == {str(n) for n in range(8, 20)}


def test_steps_are_as_they_are_and_seconds_add_up():
    assert list(overlay([run([3, 2, 1])], "loss", "step").data[0].x) == [10, 20, 30]
    assert list(overlay([run([3, 2, 1])], "loss", "seconds").data[0].x) == [2, 4, 6]


def test_an_epoch_without_the_measure_is_left_out_and_so_is_a_run_without_any():
    assert list(overlay([run([3, None, 1])], "loss").data[0].x) == [1, 3]
    assert len(overlay([Curve("new", pd.DataFrame(columns=["epoch"]))], "loss").data) == 0
    assert len(overlay([run([1.0])], "f1").data) == 0


def test_axes_can_be_logarithmic():
    figure = overlay([run([3, 2])], "loss", log_x=True, log_y=True)
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")
    assert figure.layout.xaxis.dtick is None


def test_smoothing_is_a_running_mean_that_starts_at_the_first_value():
    # Weight 1/2: 4; (4/2 + 1) / (1/2 + 1) = 2; (4/4 + 1/2 + 3) / (1/4 + 1/2 + 1) = 4.5 / 1.75.
    assert smoothed(np.array([4.0, 1.0, 3.0]), 0.5).tolist() == pytest.approx([4, 2, 4.5 / 1.75])
    assert smoothed(np.array([4.0, 1.0, 3.0]), 0).tolist() == [4, 1, 3]
    assert smoothed(np.array([4.0, 2.0, 3.0]), 1).tolist() == pytest.approx([4, 3, 3])
    assert smoothed(np.full(50, 7.0), 0.9) == pytest.approx(np.full(50, 7.0))


def test_the_measured_line_stays_faintly_behind_the_smoothed_one():
    faint, smooth = overlay([run([4, 1, 3])], "loss", smoothing=0.5).data
    assert list(faint.y) == [4, 1, 3]
    assert faint.opacity < smooth.opacity
    assert list(smooth.y) == pytest.approx([4, 2, 4.5 / 1.75])
    assert not faint.showlegend


def test_a_long_line_keeps_its_ends_and_its_spikes():
    ys = np.zeros(10_000)
    ys[[4321, 8765]] = 5, -5
    xs, kept = thinned(np.arange(10_000.0), ys, most=100)
    assert len(xs) <= 100
    assert (xs[0], xs[-1]) == (0, 9999)
    assert {4321.0, 8765.0} <= set(xs)
    assert (kept.max(), kept.min()) == (5, -5)


def test_a_name_is_shown_as_it_is():
    assert overlay([run([1, 2], "<b>a</b>")], "loss").data[0].name == "&lt;b&gt;a&lt;/b&gt;"
