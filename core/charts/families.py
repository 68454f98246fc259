"""Families of networks: accuracy against what they cost, one bubble for each network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from core.charts.colors import LINE_COLORS

HEIGHT = 460
PIXELS_PER_POINT = 16  # a network for 224 px gets a bubble of 14 points across
FULL, FADED = 0.85, 0.25  # faded: what a budget rules out
LIMIT = "#D55E00"
# Always the same colour for the same family, whatever else is shown.
ORDER = ("B", "V2", "V2, 21k first", "V2-B", "by hand", "searched")
TITLES = {
    "B": "EfficientNet B0 to B7", "V2": "EfficientNetV2 S to L", "V2, 21k first": "V2, ImageNet-21k first",
    "V2-B": "EfficientNetV2 B0 to B3", "by hand": "designed by hand", "searched": "found by a search",
}  # fmt: skip
ABOVE, BELOW = ("B", "V2, 21k first"), ("V2", "V2-B")  # of their bubbles stand names
COLORS = dict(zip(ORDER, LINE_COLORS, strict=False))


def families(frame: pd.DataFrame, title: str, limits: Mapping[str, float], front: str = "Pareto front") -> go.Figure:
    """Draw accuracy against a cost, on a logarithmic axis.

    Args:
        frame: One row per network: `name`, `family` (one of ORDER), `px`, `top1` in per cent, `cost` above 0, `sure`
            (False: not measured, by a line; drawn hollow), `kept` (False: a budget rules it out), `front` (whether
            nothing beats it) and `told`, what a look at it says.
        title: Of the cost's axis, with its unit.
        limits: Budgets on that axis, by what people read.
    """
    figure = go.Figure()
    line = frame[frame.front].sort_values("cost")
    if len(line) > 1:
        figure.add_scatter(
            x=line.cost, y=line.top1, mode="lines", name=front, hoverinfo="skip",
            line={"color": "rgba(128,128,128,0.7)", "dash": "dot", "width": 1.5},
        )  # fmt: skip
    for family in ORDER:
        rows = frame[frame.family == family]
        if len(rows):
            figure.add_trace(_bubbles(family, rows))
    for name, value in limits.items():
        figure.add_vline(x=value, line={"color": LIMIT, "dash": "dash"})
        # Of a logarithmic axis, shapes take values and notes take exponents.
        figure.add_annotation(
            x=math.log10(value), y=1, yref="paper", text=name, showarrow=False, xanchor="right", font={"color": LIMIT}
        )
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 50, "r": 10, "t": 30, "b": 50},
        legend={"orientation": "h", "yanchor": "top", "y": -0.16, "x": 0, "itemsizing": "constant"},
        hoverlabel={"align": "left"},
        clickmode="event+select",
        dragmode=False,
    )
    low, high = _ends([*frame.cost, *limits.values()])
    figure.update_xaxes(type="log", title=title, range=[low, high], dtick="D1" if high - low < 2 else None)
    figure.update_yaxes(title="ImageNet top-1, reported, %")
    return figure


def _bubbles(family: str, rows: pd.DataFrame) -> dict:
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": TITLES[family],
        "x": rows.cost.tolist(),
        "y": rows.top1.tolist(),
        "text": rows["name"].tolist(),
        "textposition": _places(family, rows),
        "textfont": {"size": 10},
        "customdata": rows["name"].tolist(),
        "hovertext": rows.told.tolist(),
        "hovertemplate": "%{hovertext}<extra></extra>",
        "marker": {
            "size": (rows.px / PIXELS_PER_POINT).tolist(),
            "color": [_with_alpha(COLORS[family], FULL if kept else FADED) for kept in rows.kept],
            "opacity": 1,
            "symbol": ["circle" if sure else "circle-open" for sure in rows.sure],
        },
        # What is faded is what a budget rules out, not what was not clicked.
        "unselected": {"marker": {"opacity": 0.7}, "textfont": {"color": "gray"}},
    }


def _places(family: str, rows: pd.DataFrame) -> list[str]:
    """Return where each name stands, so that neighbours' names don't lie on one another."""
    if family in ABOVE:
        return ["top center"] * len(rows)
    if family in BELOW:
        return ["bottom center"] * len(rows)
    order = rows.cost.rank(method="first").astype(int)  # crowded: by turns
    return ["top center" if place % 2 else "bottom center" for place in order]


def _with_alpha(color: str, alpha: float) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def _ends(costs: Sequence[float]) -> tuple[float, float]:
    """Return the exponents of ten that the axis goes from and to, with room for bubbles and names."""
    low, high = math.log10(min(costs, default=1.0)), math.log10(max(costs, default=1.0))
    room = max(0.1, 0.06 * (high - low))
    return low - room, high + room
