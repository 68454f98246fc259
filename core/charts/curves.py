"""Curves of runs over their epochs."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.charts.colors import ACCENT, LINE_COLORS, MUTED

# Okabe and Ito's orange beside the accent: they differ in lightness too, and the dashes tell without colour.
_LINES = {
    "train_loss": ("training", MUTED, "dot", 1),
    "loss": ("held-out", ACCENT, "solid", 1),
    "accuracy": ("accuracy", ACCENT, "solid", 2),
    "f1": ("F1", "#E69F00", "dash", 2),
}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
COLORED = 12  # lines that eyes can tell apart; of more, the best ones are coloured
POINTS = 1200  # a line: more than there are pixels to draw them on


@dataclass(frozen=True)
class Measure:
    """What can be drawn over time.

    Attributes:
        better: 1 where more is better, -1 where less is, 0 where neither.
    """

    title: str
    better: int = 0
    format: str = ".4~g"


MEASURES = {
    "loss": Measure("Loss on held-out images", -1),
    "train_loss": Measure("Loss in training", -1),
    "accuracy": Measure("Accuracy", 1, ".1%"),
    "f1": Measure("F1", 1, ".1%"),
    "f1_macro": Measure("Macro F1", 1, ".1%"),
    "lr": Measure("Learning rate"),
    "images_per_second": Measure("Images a second"),
}
AXES = {"epoch": "epoch", "step": "step", "seconds": "seconds of training"}


@dataclass(frozen=True)
class Curve:
    """A run to draw: what its line is called, and its metrics as `core.store.runs.metrics_frame` returns them."""

    name: str
    frame: pd.DataFrame


def overlay(
    runs: Sequence[Curve],
    measure: str,
    x: str = "epoch",
    smoothing: float = 0.0,
    log_x: bool = False,
    log_y: bool = False,
) -> go.Figure:
    """Draw one measure of many runs over one another.

    The first 12 have a colour and a dash of their own; of more than 12 the best have, and the others are grey.

    Args:
        measure: One of MEASURES. Runs without it are left out.
        x: One of AXES.
        smoothing: As in `smoothed`; the unsmoothed lines are drawn faintly behind.
    """
    lines = [(i, run.name, *points(run.frame, measure, x)) for i, run in enumerate(runs)]
    lines = [line for line in lines if len(line[2])]
    shown = _outstanding(lines, MEASURES[measure].better)
    traces: list[dict] = []  # handed to plotly at once: adding them one by one takes three times as long
    for place, name, xs, ys in sorted(lines, key=lambda line: line[0] in shown):  # grey ones below
        style = _style(shown.get(place), len(lines))
        if smoothing and place in shown and len(xs) > 1:
            traces.append(_line(name, *thinned(xs, ys), {**style, "width": 1}, faint=True))
        traces.append(_line(name, *thinned(xs, smoothed(ys, smoothing)), style, legend=place in shown))
    figure = go.Figure(traces)
    _axes(figure, lines, measure, x, log_x, log_y)
    figure.update_layout(
        height=400 + 22 * -(-len(shown) // 4),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": -0.18, "yanchor": "top", "traceorder": "normal"},
        hoverlabel={"namelength": -1},
    )
    return figure


def points(frame: pd.DataFrame, measure: str, x: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a line's x and y, (P,) each, without epochs that lack the measure; empty when no epoch has it.

    `seconds` in the frame are those of each epoch; as an axis they add up.
    """
    if measure not in frame or x not in frame:
        return np.zeros(0), np.zeros(0)
    xs = frame[x].to_numpy(float)
    ys = frame[measure].to_numpy(float)
    kept = np.isfinite(ys)
    return (xs.cumsum() if x == "seconds" else xs)[kept], ys[kept]


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """Return the exponential running mean, without the pull towards zero at its start (Kingma and Ba 2015, section 3).

    Args:
        values: (P,) finite floats.
        weight: Of what came before, 0..1; 0 leaves the values as they are, and 1 is their plain running mean.
    """
    if not weight:
        return np.asarray(values, dtype=float)
    result, total, norm = np.empty(len(values)), 0.0, 0.0
    for i, value in enumerate(values):
        total, norm = weight * total + value, weight * norm + 1
        result[i] = total / norm
    return result


def thinned(xs: np.ndarray, ys: np.ndarray, most: int = POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Return at most `most` points of a line, its ends and the extremes of every stretch among them; most >= 4."""
    if len(xs) <= most:
        return xs, ys
    kept = {0, len(xs) - 1}
    for part in np.array_split(np.arange(len(xs)), (most - 2) // 2):
        kept |= {int(part[ys[part].argmin()]), int(part[ys[part].argmax()])}
    at = sorted(kept)
    return xs[at], ys[at]


def curves(frame: pd.DataFrame, epochs: int | None = None) -> go.Figure:
    """Draw one run: loss on the left, accuracy and F1 on the right.

    Args:
        frame: As `core.store.runs.metrics_frame` returns it; empty is fine.
        epochs: How many there will be, so that the axis stands still while a run goes on.
    """
    figure = make_subplots(1, 2, subplot_titles=("Loss", "On held-out images"), horizontal_spacing=0.08)
    for column, (name, color, dash, place) in _LINES.items():
        if column not in frame:
            continue
        figure.add_scatter(
            x=frame["epoch"],
            y=frame[column],
            name=name,
            mode="lines+markers" if len(frame) < 3 else "lines",
            line={"color": color, "dash": dash, "width": 2},
            hovertemplate=f"epoch %{{x}}: %{{y:.3f}} {name}<extra></extra>",
            row=1,
            col=place,
        )
    figure.update_xaxes(
        title_text="epoch", dtick=_tick(epochs or len(frame)), range=[0.5, max(2, epochs) + 0.5] if epochs else None
    )
    figure.update_yaxes(rangemode="tozero", row=1, col=1)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", row=1, col=2)
    figure.update_layout(
        height=300,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        legend={"orientation": "h", "y": -0.3},
        uirevision="keep",
    )
    return figure


def _outstanding(lines: Sequence[tuple], better: int) -> dict[int, int]:
    """Return the places of the runs that have a colour of their own, each with its number."""
    if len(lines) > COLORED:
        # Where neither more nor less is better, the first ones: the newest runs.
        best = sorted(lines, key=lambda line: -better * (line[3].max() if better > 0 else line[3].min()))
        lines = sorted(best[:COLORED])
    return {line[0]: number for number, line in enumerate(lines)}


def _style(number: int | None, count: int) -> dict[str, object]:
    if number is None:
        return {"color": MUTED, "dash": "solid", "width": 1}
    # Dashes from the start: a line is told by them alone where colours look alike.
    color = LINE_COLORS[number % len(LINE_COLORS)]
    return {"color": color, "dash": DASHES[number % len(DASHES)], "width": 2.2 if count <= COLORED else 1.8}


def _line(
    name: str, xs: np.ndarray, ys: np.ndarray, style: dict, *, faint: bool = False, legend: bool = False
) -> dict[str, object]:
    line = {"type": "scatter", "x": xs, "y": ys, "name": html.escape(name), "legendgroup": html.escape(name)}
    line |= {"line": style, "mode": "lines" if len(xs) > 2 else "lines+markers", "showlegend": legend}
    if faint:
        return {**line, "mode": "lines", "opacity": 0.25, "hoverinfo": "skip"}
    return {**line, "opacity": 1.0 if legend else 0.4}


def _axes(figure: go.Figure, lines: Sequence[tuple], measure: str, x: str, log_x: bool, log_y: bool) -> None:
    about = MEASURES[measure]
    longest = max((line[2][-1] for line in lines), default=1)
    ticks = {"dtick": _tick(int(longest))} if x == "epoch" and not log_x else {}
    if log_x:  # unasked, plotly writes 2 where 20 is meant
        ticks = {"tickvals": [d * 10**n for n in range(8) for d in (1, 2, 5)], "tickformat": "~s"}
    figure.update_xaxes(title_text=AXES[x], type="log" if log_x else "linear", hoverformat=".6~g", **ticks)
    figure.update_yaxes(
        title_text=about.title, type="log" if log_y else "linear", tickformat=about.format, hoverformat=about.format
    )


def _tick(epochs: int) -> int:
    """Return how many epochs lie between two ticks: 1, 2 or 5 times a power of ten, at most ten ticks."""
    steps = (digit * 10**power for power in range(6) for digit in (1, 2, 5))
    return next((step for step in steps if step * 10 >= epochs), 10**6)
