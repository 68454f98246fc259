"""Ways to deal with gaps beside each other: how good the models became, and what was written into the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from core.charts.colors import CELL_COLORS, MUTED

COLORS = {"drop": "#7A8785", "cascade": "#E69F00", "ours": "#0072B2"}
_WRONG = CELL_COLORS["conflict"]


def scores(
    approaches: Mapping[str, Mapping], names: Mapping[str, str], labels: Sequence[str], metric: str
) -> go.Figure:
    """Draw a metric of each label's model, with 95% intervals, one colour for each approach.

    Args:
        approaches: As `core.approaches.score.summary` returns them.
        names: What people read for their keys.
        labels: In the cascade's order.
        metric: accuracy or f1.
    """
    figure = go.Figure()
    for n, (key, found) in enumerate(approaches.items()):
        values = [found["labels"][label][metric] for label in labels]
        shift = (n - (len(approaches) - 1) / 2) * 0.2
        figure.add_scatter(
            y=[i + shift for i in range(len(labels))], x=[v[0] for v in values], mode="markers", name=names[key],
            marker={"size": 10, "color": COLORS[key]},
            error_x={"array": [v[2] - v[0] for v in values], "arrayminus": [v[0] - v[1] for v in values],
                     "color": COLORS[key], "thickness": 1.5, "width": 4},
            customdata=[[label, names[key], v[1], v[2]] for label, v in zip(labels, values, strict=True)],
            hovertemplate="%{customdata[0]}: %{x:.1%} (%{customdata[2]:.1%} to %{customdata[3]:.1%})"
            "<br>%{customdata[1]}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(tickformat=".0%", title_text={"accuracy": "Accuracy", "f1": "F1"}[metric])
    # By place, not by name: a label called 5 is no number.
    figure.update_yaxes(tickvals=list(range(len(labels))), ticktext=list(labels), automargin=True,
                        range=[len(labels) - 0.5, -0.5], showgrid=False)  # fmt: skip
    figure.update_layout(height=150 + 70 * len(labels), **_FRAME)
    return figure


def gaps(approaches: Mapping[str, Mapping], names: Mapping[str, str]) -> go.Figure:
    """Draw what became of the table's gaps: filled by logic, filled by a model (right and wrong, reckoned), left."""
    keys = list(approaches)
    parts = {kind: [] for kind in ("by logic", "by a model, right", "by a model, wrong", "left open")}
    for key in keys:
        found = approaches[key]["gaps"]
        logic, wrong = found["by_origin"]["derived"], (found["wrong"] or [0.0])[0]
        guesses = found["filled"] - logic
        amounts = (logic, guesses - wrong, wrong, found["cells"] - found["filled"])
        for kind, amount in zip(parts, amounts, strict=True):
            parts[kind].append(amount)
    colors = (CELL_COLORS["derived"], CELL_COLORS["pseudo"], _WRONG, MUTED)
    figure = go.Figure()
    for (kind, amounts), color in zip(parts.items(), colors, strict=True):
        if any(round(a) for a in amounts):
            figure.add_bar(
                y=list(range(len(keys))), x=amounts, name=kind, orientation="h", marker_color=color,
                text=[f"{a:,.0f}" if round(a) else "" for a in amounts], textposition="inside", textangle=0,
                insidetextanchor="middle", customdata=[names[k] for k in keys],
                hovertemplate="%{customdata}: %{x:,.0f} gaps filled " + kind + "<extra></extra>"
                if kind != "left open" else "%{customdata}: %{x:,.0f} gaps left open<extra></extra>",
            )  # fmt: skip
    figure.update_xaxes(title_text="gaps of the table")
    figure.update_yaxes(tickvals=list(range(len(keys))), ticktext=[names[k] for k in keys], automargin=True,
                        autorange="reversed")  # fmt: skip
    figure.update_layout(height=130 + 50 * len(keys), barmode="stack", **_FRAME)
    return figure


_FRAME = {
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"},
    "showlegend": True,
}
