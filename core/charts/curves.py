"""A run's curves over its epochs."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.charts.colors import ACCENT, MUTED

# Okabe and Ito's orange beside the accent: they differ in lightness too, and the dashes tell without colour.
_LINES = {
    "train_loss": ("training", MUTED, "dot", 1),
    "loss": ("held-out", ACCENT, "solid", 1),
    "accuracy": ("accuracy", ACCENT, "solid", 2),
    "f1": ("F1", "#E69F00", "dash", 2),
}


def curves(frame: pd.DataFrame, epochs: int | None = None) -> go.Figure:
    """Draw loss on the left, accuracy and F1 on the right.

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


def _tick(epochs: int) -> int:
    """Return how many epochs lie between two ticks: whole ones, at most ten ticks."""
    return max(1, -(-epochs // 10))
