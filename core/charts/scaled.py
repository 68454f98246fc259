"""Networks scaled in different ways, trained: scores by seed with intervals, and accuracy against what it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.charts.colors import LINE_COLORS, MUTED

_SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "triangle-down")
_FRAME = {"margin": {"l": 8, "r": 8, "t": 30, "b": 8}, "showlegend": False}
SHARE, POINTS = ".1%", "+.1f"
_WIDE = 0.08  # of accuracy: on a wider axis tenths of a per cent would only be in the way


@dataclass(frozen=True)
class Bar:
    """A mean with its 95% interval and the single values that it is of; the ends are None for a single one."""

    mean: float
    low: float | None
    high: float | None
    each: Sequence[float]


@dataclass(frozen=True)
class Row:
    """One network to draw.

    Attributes:
        accuracy: 0..1.
        over: Its accuracy less another network's, in points; None for that one itself.
        seconds: Of one training, the mean.
        multiply_adds: For one picture.
    """

    name: str
    accuracy: Bar
    over: Bar | None
    seconds: float
    multiply_adds: int


def scores(rows: Sequence[Row], against: str) -> go.Figure:
    """Draw each network's accuracy by seed with its mean and interval; beside it, by how much it leads another one.

    Args:
        rows: In the order from above; each has its colour and its mark by its place.
        against: What the other network is called.
    """
    held = any(row.over is not None for row in rows)
    titles = ("Accuracy", *([f"less that of {against},<br>in points"] if held else []))
    figure = make_subplots(1, len(titles), shared_yaxes=True, horizontal_spacing=0.04, subplot_titles=titles)
    for place, row in enumerate(rows):
        _bar(figure, 1, place, row.name, row.accuracy, SHARE)
        if row.over is not None:
            _bar(figure, 2, place, row.name, row.over, POINTS)
    if held:
        figure.add_vline(x=0, line={"color": MUTED, "width": 1}, row=1, col=2)
    # On a phone two panels share the width: titles of two lines and few, upright figures don't run into each other.
    figure.update_annotations(font_size=13)
    figure.update_xaxes(zeroline=False, nticks=4, tickangle=0)
    values = [v for r in rows for v in (*r.accuracy.each, r.accuracy.low, r.accuracy.high) if v is not None]
    low, high = max(0.0, min(values)), min(1.0, max(values))  # an interval of two seeds may leave what can be
    room = max(0.005, 0.05 * (high - low))
    figure.update_xaxes(
        tickformat=".0%" if high - low > _WIDE else SHARE, range=[low - room, high + room], row=1, col=1
    )
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=[r.name for r in rows], automargin=True,
                        range=[len(rows) - 0.5, -0.5], showgrid=False, zeroline=False)  # fmt: skip
    figure.update_layout(height=126 + 46 * len(rows), **_FRAME).update_layout(margin_t=46)
    return figure


def paid(rows: Sequence[Row], by: str = "seconds") -> go.Figure:
    """Draw mean accuracy against what a training took.

    Args:
        by: seconds (of one training), or multiply_adds (for one picture).
    """
    figure = go.Figure()
    for place, row in enumerate(rows):
        figure.add_scatter(
            x=[getattr(row, by)], y=[row.accuracy.mean], mode="markers+text", text=[row.name], name=row.name,
            textposition="top center", cliponaxis=False, marker=_mark(place, 11),
            hovertemplate=f"{row.name}: %{{y:{SHARE}}}, {{x}}<extra></extra>".replace("{x}", _told(row, by)),
        )  # fmt: skip
    title = {"seconds": "seconds of one training", "multiply_adds": "multiply-adds for one picture"}[by]
    figure.update_xaxes(title_text=title, rangemode="tozero")
    low, high = min(r.accuracy.mean for r in rows), max(r.accuracy.mean for r in rows)
    room = 0.15 * (high - low) or 0.01
    figure.update_yaxes(title_text="Accuracy", tickformat=SHARE, range=[low - room, high + 2 * room])
    figure.update_layout(height=330, **_FRAME)
    return figure


def _bar(figure: go.Figure, column: int, place: int, name: str, bar: Bar, spelled: str) -> None:
    figure.add_scatter(
        x=list(bar.each), y=[place + 0.22] * len(bar.each), mode="markers", row=1, col=column,
        marker={"size": 6, "color": LINE_COLORS[place % len(LINE_COLORS)], "opacity": 0.55},
        hovertemplate=f"{name}, one seed: %{{x:{spelled}}}<extra></extra>",
    )  # fmt: skip
    known = bar.low is not None
    ends = f", 95% interval {_text(bar.low, spelled)} to {_text(bar.high, spelled)}" if known else ", one seed"
    figure.add_scatter(
        x=[bar.mean], y=[place], mode="markers", marker=_mark(place, 10), row=1, col=column,
        error_x={"array": [bar.high - bar.mean], "arrayminus": [bar.mean - bar.low], "thickness": 1.5, "width": 4,
                 "color": LINE_COLORS[place % len(LINE_COLORS)]} if known else None,
        hovertemplate=f"{name}: mean %{{x:{spelled}}}{ends}<extra></extra>",
    )  # fmt: skip


def _mark(place: int, size: int) -> dict[str, object]:
    # A mark of its own beside the colour: some eyes see two of the colours as one.
    return {"size": size, "color": LINE_COLORS[place % len(LINE_COLORS)], "symbol": _SYMBOLS[place % len(_SYMBOLS)]}


def _text(value: float, spelled: str) -> str:
    return f"{value:{spelled}}"


def _told(row: Row, by: str) -> str:
    return f"{row.seconds:,.0f} s" if by == "seconds" else f"{row.multiply_adds:,} multiply-adds"
