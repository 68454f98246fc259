"""A sweep's scores against its settings. Okabe and Ito's colours: accuracy and F1 look the same on every page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.charts.colors import ACCENT, MUTED

SCORES = {"accuracy": ("Accuracy", ACCENT, "15,118,110"), "f1": ("F1", "#E69F00", "230,159,0")}
WIDE = 3  # panels in a row; four would be too narrow to read on a laptop
_SHIFT = 0.07  # trials with the same value stand beside each other, so that equal scores are seen as several
_ROOM = 0.06  # above and below the scores


@dataclass(frozen=True)
class Axis:
    """A setting's axis.

    Attributes:
        values: A list's values as text, placed at 0, 1, ...; empty for a range, whose places are its numbers.
        log: Whether a range is drawn by its logarithm.
    """

    values: tuple[str, ...] = ()
    log: bool = False


def panels(trials: pd.DataFrame, means: Mapping[str, pd.DataFrame], axes: Mapping[str, Axis]) -> go.Figure:
    """Draw accuracy above F1, one column for each setting: every trial, the mean by value, and its spread.

    Args:
        trials: Columns trial, accuracy, f1 and for each setting its place on the axis.
        means: By setting, at most WIDE: value (text), at (place on the axis), trials (their number), and for both
            scores the mean (`accuracy`, `f1`) and the standard deviation (`accuracy_spread`, `f1_spread`).
        axes: By setting.
    """
    names = list(means)
    # A setting's name stands below its column; the upper panels need none.
    figure = make_subplots(2, len(names), shared_yaxes=True, horizontal_spacing=0.04, vertical_spacing=0.12)
    for column, name in enumerate(names, 1):
        for row, score in enumerate(SCORES, 1):
            for trace in _panel(trials, means[name], name, score, beside=bool(axes[name].values)):
                figure.add_trace(trace, row, column)
        _axis(figure, column, name, axes[name])
    for row, score in enumerate(SCORES, 1):
        scores = trials[score].dropna()
        figure.update_yaxes(title_text=SCORES[score][0], row=row, col=1)
        if len(scores):
            pad = max(0.01, _ROOM * (scores.max() - scores.min()))
            figure.update_yaxes(range=[scores.min() - pad, scores.max() + pad], tickformat=".1%", row=row)
    figure.update_layout(height=480, margin={"l": 10, "r": 10, "t": 10, "b": 10}, showlegend=False, uirevision="keep")
    return figure


def pair(trials: pd.DataFrame, names: tuple[str, str], axes: tuple[Axis, Axis], score: str) -> go.Figure:
    """Draw the mean score of every combination of two listed settings as a coloured table.

    Args:
        trials, names, axes: As `cloud` takes them; neither axis is a range's.
    """
    across, down = (axis.values for axis in axes)
    table = trials.pivot_table(index=names[1], columns=names[0], values=score)
    table = table.reindex(index=range(len(down)), columns=range(len(across)))
    shown = table.map(lambda v: "" if pd.isna(v) else f"{v:.1%}")
    figure = go.Figure(
        go.Heatmap(
            z=table.to_numpy(), x=list(across), y=list(down), text=shown.to_numpy(), texttemplate="%{text}",
            colorscale="Cividis", colorbar={"tickformat": ".0%", "title": SCORES[score][0]}, hoverongaps=False,
            hovertemplate=f"{names[0]} %{{x}}<br>{names[1]} %{{y}}<br>{SCORES[score][0]} %{{z:.2%}}<extra></extra>",
        )
    )  # fmt: skip
    # As categories: two values that are numbers would else get an axis with all numbers between them.
    figure.update_xaxes(title_text=names[0], type="category")
    figure.update_yaxes(title_text=names[1], type="category")
    figure.update_layout(height=120 + 60 * len(down), margin={"l": 10, "r": 10, "t": 10, "b": 10})
    return figure


def cloud(trials: pd.DataFrame, names: tuple[str, str], axes: tuple[Axis, Axis], score: str) -> go.Figure:
    """Draw trials over two settings of which one at least is a range, coloured by their score.

    Args:
        trials: Columns trial, the score's name, and for the two settings their places on the axes.
        axes: Of the setting along x and the one along y.
    """
    figure = go.Figure(
        go.Scatter(
            x=trials[names[0]], y=trials[names[1]], mode="markers", customdata=trials[["trial", score]],
            marker={"color": trials[score], "colorscale": "Cividis", "size": 13, "line": {"width": 1, "color": MUTED},
                    "colorbar": {"tickformat": ".0%", "title": SCORES[score][0]}},
            hovertemplate=f"trial %{{customdata[0]}}<br>{names[0]} %{{x}}<br>{names[1]} %{{y}}"
                          f"<br>{SCORES[score][0]} %{{customdata[1]:.2%}}<extra></extra>",
        )
    )  # fmt: skip
    for name, axis, update in zip(names, axes, (figure.update_xaxes, figure.update_yaxes), strict=True):
        update(title_text=name, **_scale(axis))
        if axis.values:
            update(tickvals=list(range(len(axis.values))), ticktext=axis.values)
    figure.update_layout(height=340, margin={"l": 10, "r": 10, "t": 10, "b": 10})
    return figure


def _panel(trials: pd.DataFrame, means: pd.DataFrame, name: str, score: str, beside: bool) -> list[go.Scatter]:
    title, color, rgb = SCORES[score]
    spread = means[f"{score}_spread"].fillna(0)
    upper, lower = ((means[score] + sign * spread).clip(0, 1) for sign in (1, -1))  # scores lie between 0 and 1
    quiet = {"hoverinfo": "skip", "mode": "lines", "line": {"width": 0}}
    done = trials.dropna(subset=[score])
    at = done[name] + (_beside(done[name]) if beside else 0)
    return [
        go.Scatter(x=means["at"], y=upper, name="spread", **quiet),
        go.Scatter(x=means["at"], y=lower, name="spread", fill="tonexty", fillcolor=f"rgba({rgb},0.15)", **quiet),
        go.Scatter(
            x=means["at"], y=means[score], name="mean", mode="lines+markers", line={"color": color, "width": 2},
            marker={"size": 7, "symbol": "diamond"}, customdata=means[["value", "trials"]],
            hovertemplate=f"{name} %{{customdata[0]}}: mean {title} %{{y:.2%}} of %{{customdata[1]}}<extra></extra>",
        ),
        go.Scatter(
            x=at, y=done[score], name="trials", mode="markers", customdata=done["trial"],
            marker={"color": color, "size": 8, "opacity": 0.55},
            hovertemplate=f"trial %{{customdata}}: {title} %{{y:.2%}}<extra></extra>",
        ),
    ]  # fmt: skip


def _scale(axis: Axis) -> dict[str, object]:
    # A label for each factor of ten, in plain numbers: plotly's own are 100µ, 2, 5.
    return {"type": "log", "dtick": 1, "tickformat": "~g"} if axis.log else {"type": "linear"}


def _beside(places: pd.Series) -> pd.Series:
    """Return how far each trial stands from its value's place, so that they stand around it in a row."""
    number = places.groupby(places).cumcount()
    count = places.groupby(places).transform("size")
    return (number - (count - 1) / 2) * (2 * _SHIFT / count.clip(lower=2))


def _axis(figure: go.Figure, column: int, name: str, axis: Axis) -> None:
    for row in (1, 2):
        if axis.values:
            # Evenly, in their order: most lists have a 0 in them, which no logarithmic axis can show.
            places, ends = list(range(len(axis.values))), [-0.4, max(len(axis.values), 2) - 0.6]
            figure.update_xaxes(tickvals=places, ticktext=axis.values, range=ends, row=row, col=column)
        else:
            figure.update_xaxes(**_scale(axis), row=row, col=column)
        figure.update_xaxes(showticklabels=row == 2, row=row, col=column)
    figure.update_xaxes(title_text=name, row=2, col=column)
