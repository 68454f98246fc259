"""Pictures of what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.charts.colors import ACCENT, CELL_COLORS, CELL_MEANINGS, MUTED
from core.labels.missing import SOURCE_NAMES, Pattern
from core.labels.missingness import Finding

MAX_PATTERNS = 24  # columns that stay readable; the rest is summed up by the page
_NUMBERED = 20  # labels; the numbers of more would overlap


def cells_by_label(counts: Mapping[str, Mapping[str, int]]) -> go.Figure:
    """Bars of cells per label, split by source or kind of gap; `counts` as `MissingReport.by_label`."""
    figure = go.Figure()
    names = list(counts)
    for kind, color in CELL_COLORS.items():
        values = [counts[name][kind] for name in names]
        if not any(values):
            continue
        figure.add_bar(
            y=names,
            x=values,
            name=kind,
            orientation="h",
            marker_color=color,
            text=[v or "" for v in values],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            hovertemplate=f"%{{y}}: %{{x}} {kind}<br>{CELL_MEANINGS[kind]}<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        height=90 + 46 * max(len(names), 2),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"},
        xaxis_title="images",
    )
    # A label called 5 is a name, not a number.
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    return figure


def cells_by_class(counts: Mapping[str, Mapping[str, int]], names: Sequence[str]) -> go.Figure:
    """Bars of one label's known cells per class, split by source.

    Args:
        counts: One label's part of `MissingReport.by_class`.
        names: What people read for its classes, in the same order.
    """
    figure = go.Figure()
    for kind in SOURCE_NAMES:
        values = [of[kind] for of in counts.values()]
        if any(values):
            figure.add_bar(
                y=list(range(len(names))), x=values, name=kind, orientation="h", marker_color=CELL_COLORS[kind],
                customdata=list(names), hovertemplate="%{customdata}: %{x:,} " + kind + "<extra></extra>",
            )  # fmt: skip
    figure.update_layout(
        barmode="stack",
        height=max(160, 90 + (46 if len(names) <= 12 else 16) * len(names)),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"},
        xaxis_title="images",
        showlegend=True,
    )
    # By place, not by name: two classes may be called alike.
    figure.update_yaxes(autorange="reversed", tickvals=list(range(len(names))), ticktext=list(names), automargin=True)
    return figure


def gaps_together(found: np.ndarray, names: Sequence[str]) -> go.Figure:
    """How the gaps of labels go together: `core.labels.nullity.correlation` (L, L) as a map with its numbers."""
    shown = np.where(np.eye(len(names), dtype=bool), np.nan, found)
    blank = np.isnan(shown)
    numbers = {}
    if len(names) <= _NUMBERED:
        texts = np.where(blank, "", np.char.mod("%.2f", np.where(blank, 0.0, shown)))
        numbers = {"text": texts, "texttemplate": "%{text}"}
    figure = go.Figure(
        go.Heatmap(
            z=shown, x=list(range(len(names))), y=list(range(len(names))), zmin=-1, zmax=1, colorscale="RdBu_r",
            **numbers, customdata=[[f"{a} and {b}" for b in names] for a in names], xgap=2, ygap=2, hoverongaps=False,
            hovertemplate="%{customdata}: r = %{z:.3f}<extra></extra>", colorbar={"title": "r", "thickness": 12},
        )
    )  # fmt: skip
    places = {"tickvals": list(range(len(names))), "ticktext": list(names), "showgrid": False, "automargin": True}
    figure.update_xaxes(**places)
    figure.update_yaxes(**places, autorange="reversed")
    figure.update_layout(height=120 + max(120, 34 * len(names)), margin={"l": 8, "r": 8, "t": 8, "b": 8})
    return figure


def rates(finding: Finding) -> go.Figure:
    """The share of images that lack a label in each group, with 95% intervals, and over all groups."""
    shown = [group for group in finding.groups if group.images]
    places = list(range(len(shown)))
    figure = go.Figure(
        go.Scatter(
            x=places, y=[group.rate for group in shown], mode="markers",
            marker={"size": 9, "color": ACCENT}, customdata=[[g.name, g.missing, g.images] for g in shown],
            error_y={
                "array": [g.high - g.rate for g in shown], "arrayminus": [g.rate - g.low for g in shown],
                "color": ACCENT, "thickness": 1.5, "width": 4,
            },
            hovertemplate="%{customdata[0]}: %{y:.1%} missing<br>%{customdata[1]:,} of %{customdata[2]:,} images"
            "<extra></extra>",
        )
    )  # fmt: skip
    overall = sum(g.missing for g in shown) / max(1, sum(g.images for g in shown))
    figure.add_hline(overall, line_dash="dot", line_color=MUTED)
    figure.update_xaxes(tickvals=places, ticktext=[g.name for g in shown], title_text=finding.against, automargin=True)
    figure.update_yaxes(tickformat=".0%", title_text=f"{finding.label} missing", rangemode="tozero")
    figure.update_layout(height=320, margin={"l": 8, "r": 8, "t": 8, "b": 8}, showlegend=False)
    return figure


def gap_matrix(shares: np.ndarray, names: Sequence[str], rows: int) -> go.Figure:
    """Rows by labels as a picture: `core.labels.nullity.matrix` (H, L), the darker the more is missing.

    Args:
        rows: Images in all; each line of the picture stands for as many as the next.
    """
    height = len(shares)
    edges = np.linspace(0, rows, height + 1).astype(int)
    spans = [f"{a + 1:,}" if b - a == 1 else f"{a + 1:,} to {b:,}" for a, b in pairwise(edges.tolist())]
    figure = go.Figure(
        go.Heatmap(
            z=shares, x=list(range(len(names))), y=edges[:-1] + np.diff(edges) / 2, zmin=0, zmax=1,
            colorscale=[[0, "rgba(184, 192, 191, 0.25)"], [1, ACCENT]], xgap=2, showscale=False,
            # Arrays: plotly looks at every entry of a list, which took longer than all the rest of the picture.
            customdata=np.repeat(np.array(spans, object)[:, None], len(names), axis=1),
            text=np.repeat(np.array([names], object), height, axis=0),
            hovertemplate="rows %{customdata}<br>%{text}: %{z:.0%} missing<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(
        tickvals=list(range(len(names))), ticktext=list(names), side="top", showgrid=False, automargin=True
    )
    figure.update_yaxes(autorange="reversed", title_text="rows", showgrid=False, tickformat=",d")
    figure.update_layout(height=420, margin={"l": 8, "r": 8, "t": 8, "b": 8})
    return figure


def patterns(found: Sequence[Pattern], names: Sequence[str]) -> go.Figure:
    """An UpSet plot: how many rows lack exactly which labels (Lex et al. 2014)."""
    shown = list(found[:MAX_PATTERNS])
    x = list(range(len(shown)))
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.04, row_heights=[0.6, 0.4])
    figure.add_bar(
        x=x,
        y=[p.rows for p in shown],
        marker_color=[ACCENT if p.missing else MUTED for p in shown],
        text=[f"{p.rows:,}" for p in shown],
        textposition="outside",
        cliponaxis=False,
        hovertext=[", ".join(p.missing) + " missing" if p.missing else "nothing missing" for p in shown],
        hovertemplate="%{y:,} rows: %{hovertext}<extra></extra>",
        row=1,
        col=1,
    )
    for missing, color in ((False, MUTED), (True, ACCENT)):
        dots = [(i, name) for i, p in enumerate(shown) for name in names if (name in p.missing) == missing]
        figure.add_scatter(
            x=[i for i, _ in dots],
            y=[name for _, name in dots],
            mode="markers",
            marker={"size": 15, "color": color, "symbol": "circle" if missing else "circle-open"},
            hovertemplate=f"%{{y}} {'missing' if missing else 'known'}<extra></extra>",
            row=2,
            col=1,
        )
    figure.update_layout(
        showlegend=False,
        height=230 + 34 * max(len(names), 2),
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        bargap=0.5,
    )
    figure.update_xaxes(showticklabels=False, showgrid=False, zeroline=False, range=[-0.6, len(shown) - 0.4])
    figure.update_yaxes(title_text="rows", row=1, col=1)
    figure.update_yaxes(
        type="category", categoryorder="array", categoryarray=list(reversed(names)), automargin=True, row=2, col=1
    )
    return figure
