"""The surface α·β²·γ² = 2 in three dimensions, with the networks of the search around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from core.charts.colors import MUTED

_PAPER = "#D55E00"


@dataclass(frozen=True)
class Mark:
    """One network.

    Attributes:
        value: What its colour says; None for a grey one.
        told: Lines to read at the pointer.
        paper: Whether it has the paper's coefficients.
    """

    alpha: float
    beta: float
    gamma: float
    value: float | None
    told: Sequence[str]
    paper: bool = False


def constraint(
    surface: tuple[np.ndarray, np.ndarray, np.ndarray], marks: Sequence[Mark], title: str, spelled: str
) -> go.Figure:
    """Draw the surface and the networks on or beside it, coloured by a figure of theirs.

    Args:
        surface: α, β and γ, each (N, N), on which α·β²·γ² is the product.
        title: Of the colours.
        spelled: How their values are written, as ".2f" or ".1%".
    """
    alpha, beta, gamma = surface
    quiet = {"colorscale": [[0, MUTED], [1, MUTED]], "showscale": False, "opacity": 0.35, "hoverinfo": "skip"}
    figure = go.Figure(go.Surface(x=alpha, y=beta, z=gamma, name="α·β²·γ² = 2", **quiet))
    colored, grey = [m for m in marks if m.value is not None], [m for m in marks if m.value is None]
    if grey:
        _points(figure, grey, {"color": MUTED, "size": 3})
    if colored:
        bar = {"title": title, "tickformat": spelled, "thickness": 14, "len": 0.7}
        marker = {"color": [m.value for m in colored], "colorscale": "Viridis", "size": 4, "colorbar": bar}
        _points(figure, colored, {**marker, "line": {"width": 1, "color": "rgba(60,60,60,0.5)"}})
    for paper in (m for m in marks if m.paper):
        figure.add_scatter3d(
            x=[paper.alpha], y=[paper.beta], z=[paper.gamma], mode="markers+text", text=["the paper's"],
            textposition="top center", marker={"symbol": "diamond-open", "size": 9, "color": _PAPER},
            textfont={"color": _PAPER}, hoverinfo="skip",
        )  # fmt: skip
    figure.update_layout(
        height=520, margin={"l": 0, "r": 0, "t": 0, "b": 0}, showlegend=False, uirevision="keep",
        scene={"xaxis": {"title": "α (depth)"}, "yaxis": {"title": "β (width)"}, "zaxis": {"title": "γ (resolution)"},
               "camera": {"eye": {"x": 1.5, "y": 1.5, "z": 0.9}}, "aspectmode": "cube"},
    )  # fmt: skip
    return figure


def _points(figure: go.Figure, marks: Sequence[Mark], marker: dict[str, object]) -> None:
    figure.add_scatter3d(
        x=[m.alpha for m in marks], y=[m.beta for m in marks], z=[m.gamma for m in marks], mode="markers",
        marker=marker, text=["<br>".join(m.told) for m in marks], hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
