"""Curves of a run."""

from __future__ import annotations

import pandas as pd

from core.charts.curves import curves

FRAME = pd.DataFrame(
    {"epoch": [1, 2, 3], "train_loss": [3, 2, 1], "loss": [3, 2, 2], "accuracy": [0.5, 0.6, 0.7], "f1": 0.5}
)


def test_loss_and_scores_are_drawn_over_the_epochs():
    figure = curves(FRAME, epochs=10)
    drawn = {t.name: list(t.y) for t in figure.data}
    assert drawn == {"training": [3, 2, 1], "held-out": [3, 2, 2], "accuracy": [0.5, 0.6, 0.7], "F1": [0.5, 0.5, 0.5]}
    assert tuple(figure.layout.xaxis.range) == (0.5, 10.5)


def test_ticks_stand_at_whole_epochs_and_are_few():
    assert [curves(FRAME, epochs=n).layout.xaxis.dtick for n in (1, 4, 10, 11, 300)] == [1, 1, 1, 2, 30]


def test_nothing_measured_yet_is_an_empty_chart():
    assert len(curves(pd.DataFrame(columns=["epoch"])).data) == 0
