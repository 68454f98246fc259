"""Pictures of what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.charts.colors import ACCENT, CELL_COLORS, CELL_MEANINGS, MUTED
from core.labels.missing import Pattern

MAX_PATTERNS = 24  # columns that stay readable; the rest is summed up by the page


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
