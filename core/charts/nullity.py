"""Pictures of how gaps lie: row by row, together, and by groups of images.

What is clickable lies over a heat map, unseen: bars over the rows, points over the pairs of labels, with plain numbers
in their `customdata`. (In Streamlit plotly's own heat maps send no clicks.)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise

import numpy as np

from core.charts.colors import ACCENT, MUTED
from core.charts.missing import FADED
from core.charts.spec import Spec
from core.charts.text import IN_HOVER, shown, ticks
from core.labels.missingness import Finding

SPANS = 60  # parts of the row matrix that can be clicked: 7 of its 420 pixels each
CLICKABLE = 40  # labels whose pairs can be clicked; of more, a cell is too small to hit
_NUMBERED = 20  # labels; the numbers of more would overlap
# Brewer's (2003) RdBu, turned round: blue for what excludes each other, red for what goes together.
_BLUE_TO_RED = [[0, "#2166AC"], [0.25, "#92C5DE"], [0.5, "#F7F7F7"], [0.75, "#F4A582"], [1, "#B2182B"]]
_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}


def gaps_together(
    found: np.ndarray, names: Sequence[str], both: np.ndarray | None = None, chosen: Collection[tuple[int, int]] = ()
) -> Spec:
    """How the gaps of labels go together: `core.labels.nullity.correlation` (L, L) as a map with its numbers.

    Args:
        both: (L, L) how many images lack both. Cells can be clicked then, with the places of both labels as their
            `customdata`.
        chosen: Pairs of places that are framed.
    """
    count = len(names)
    blank = np.isnan(found) | np.eye(count, dtype=bool)
    values = np.where(blank, np.nan, found)
    numbers = {}
    if count <= _NUMBERED:
        texts = np.where(blank, "", np.char.mod("%.2f", np.where(blank, 0.0, values)))
        numbers = {"text": texts, "texttemplate": "%{text}"}
    figure = Spec().trace(
        "heatmap", z=values, x=list(range(count)), y=list(range(count)), zmin=-1, zmax=1, colorscale=_BLUE_TO_RED,
        **numbers, xgap=2, ygap=2, hoverinfo="skip", showscale=not numbers,
        colorbar={"title": {"text": "r"}, "thickness": 12},
    )  # fmt: skip
    step = max(14, min(64, 640 // max(1, count)))  # pixels of a cell; it is square, as what is clicked in it
    if both is not None and count <= CLICKABLE:
        pairs = [(i, j) for i in range(count) for j in range(count) if i != j]
        hover = [_pair(names[i], names[j], int(both[i, j]), float(values[i, j])) for i, j in pairs]
        figure.trace(
            "scatter", x=[j for _, j in pairs], y=[i for i, _ in pairs], mode="markers",
            customdata=[[i, j] for i, j in pairs],
            marker={"size": step - 2, "symbol": "square", "opacity": 0}, hovertext=hover, showlegend=False,
            hovertemplate="%{hovertext}<extra></extra>",
        )  # fmt: skip
    for i, j in chosen:
        frame = {"line": {"color": ACCENT, "width": 3}, "x0": j - 0.5, "x1": j + 0.5, "y0": i - 0.5, "y1": i + 0.5}
        figure.shape(type="rect", **frame)
    figure.axis("xaxis", **ticks(names), automargin=True, fixedrange=True, range=[-0.5, count - 0.5],
                        scaleanchor="y", constrain="domain", constraintoward="left")  # fmt: skip
    figure.axis("yaxis", **ticks(names), automargin=True, fixedrange=True, constrain="domain",
                range=[count - 0.5, -0.5])  # fmt: skip
    figure.layout(height=110 + step * max(3, count), margin=_MARGIN)
    return figure


def gap_matrix(
    shares: np.ndarray,
    names: Sequence[str],
    rows: int,
    chosen: tuple[float, float] | None = None,
    among: Callable[[int, int], tuple[int, int]] | None = None,
) -> Spec:
    """Rows by labels as a picture: `core.labels.nullity.matrix` (H, L), the darker the more is missing.

    Up to SPANS parts of it can be clicked; their `customdata` is the first row and the one after the last, from 0,
    among all rows of the table.

    Args:
        rows: Images in all; each line of the picture stands for as many as the next.
        chosen: First row and the one after the last of what stands out.
        among: Where some of them begin and end among all rows, when they are not all: a part is called by that, as in
            what is chosen with a click on it.
    """
    edges = np.linspace(0, rows, len(shares) + 1).astype(int)
    figure = Spec().trace(
        "heatmap", z=shares, x=list(range(len(names))), y=edges[:-1] + np.diff(edges) / 2, zmin=0, zmax=1,
        colorscale=[[0, "rgba(184, 192, 191, 0.25)"], [1, ACCENT]], xgap=2, showscale=False, hoverinfo="skip",
    )  # fmt: skip
    lines = np.linspace(0, len(shares), min(SPANS, len(shares)) + 1).astype(int)
    spans = [(int(edges[a]), int(edges[b])) for a, b in pairwise(lines.tolist())]
    called = spans if among is None else [among(*span) for span in spans]
    means = [shares[a:b].mean(axis=0) for a, b in pairwise(lines.tolist())]
    figure.trace(
        "bar", y=[(a + b) / 2 for a, b in spans], width=[b - a for a, b in spans], x=[len(names)] * len(spans),
        base=-0.5, orientation="h", marker={"color": "rgba(0, 0, 0, 0)", "line": {"width": 0}},
        customdata=[list(span) for span in called],
        hovertext=[_lines(span, mean, names) for span, mean in zip(called, means, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>", showlegend=False,
    )  # fmt: skip
    if chosen is not None:
        _frame(figure, chosen, rows, len(names))
    figure.axis("xaxis", **ticks(names), side="top", automargin=True, fixedrange=True, range=[-0.5, len(names) - 0.5])
    figure.axis(
        "yaxis",
        range=[rows, 0],
        title="rows" if among is None else "rows of those chosen",
        showgrid=False,
        zeroline=False,
        tickformat=",d",
        fixedrange=True,
    )
    figure.layout(height=420, margin=_MARGIN, bargap=0)
    return figure


def rates(finding: Finding, chosen: int | None = None) -> Spec:
    """The share of images that lack a label in each group, with 95% intervals, and over all groups.

    A point's `customdata` begins with its group's place.

    Args:
        chosen: The place of the group that stands out.
    """
    filled = [(n, group) for n, group in enumerate(finding.groups) if group.images]
    places = list(range(len(filled)))
    groups = [group for _, group in filled]
    # What has no place in the order, as images without a date, is hollow.
    ordered = len(finding.groups) - finding.outside
    symbols = ["circle" if n < ordered else "circle-open" for n, _ in filled]
    figure = Spec().trace(
        "scatter", x=places, y=[group.rate for group in groups], mode="markers",
        marker={"size": 13, "color": ACCENT, "symbol": symbols,
                "opacity": [1 if chosen in (None, n) else FADED for n, _ in filled]},
        customdata=[[n, g.missing, g.images] for n, g in filled],
        hovertext=[shown(g.name, IN_HOVER) for g in groups],
        error_y={
            "type": "data", "array": [g.high - g.rate for g in groups], "arrayminus": [g.rate - g.low for g in groups],
            "color": ACCENT, "thickness": 1.5, "width": 4,
        },
        hovertemplate="%{hovertext}: %{y:.1%} missing<br>%{customdata[1]:,} of %{customdata[2]:,} images"
        "<extra></extra>",
    )  # fmt: skip
    overall = sum(g.missing for g in groups) / max(1, sum(g.images for g in groups))
    figure.shape(type="line", xref="x domain", x0=0, x1=1, y0=overall, y1=overall, line={"dash": "dot", "color": MUTED})
    figure.axis(
        "xaxis", **ticks([g.name for g in groups]), title=shown(finding.against, IN_HOVER), automargin=True,
        fixedrange=True, range=[-0.6, max(1, len(groups)) - 0.4],
    )  # fmt: skip
    figure.axis(
        "yaxis", tickformat=".0%", title=f"{shown(finding.label, 30)} missing", rangemode="tozero", fixedrange=True
    )
    figure.layout(height=340, margin=_MARGIN, showlegend=False)
    return figure


def _pair(one: str, other: str, both: int, r: float) -> str:
    size = "" if np.isnan(r) else f"<br>r = {r:.3f}"
    return f"{shown(one, 40)} and {shown(other, 40)}: both missing in {both:,} images{size}"


def _lines(span: tuple[int, int], shares: np.ndarray, names: Sequence[str]) -> str:
    start, stop = span
    rows = f"row {stop:,}" if stop - start == 1 else f"rows {start + 1:,} to {stop:,}"
    most = np.argsort(-shares, kind="stable")[:8]
    each = [f"{shown(names[j], 40)}: {shares[j]:.0%} missing" for j in sorted(most.tolist())]
    return "<br>".join([rows, *each, *(["…"] if len(names) > len(each) else [])])


def _frame(figure: Spec, chosen: tuple[float, float], rows: int, labels: int) -> None:
    """Frame some rows and lay a veil over the others."""
    left, right = -0.5, labels - 0.5
    for start, stop in ((0, chosen[0]), (chosen[1], rows)):
        if stop > start:
            figure.shape(type="rect", x0=left, x1=right, y0=start, y1=stop, line={"width": 0},
                             fillcolor="rgba(127, 127, 127, 0.45)")  # fmt: skip
    figure.shape(type="rect", x0=left, x1=right, y0=chosen[0], y1=chosen[1], line={"color": ACCENT, "width": 2})
