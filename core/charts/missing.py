"""Pictures of what is missing: cells by label and class, patterns, and what answers settle.

What can be clicked carries plain numbers in its `customdata`, by which a page knows what was meant. What is chosen
stands out: everything else is faded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from core.charts.colors import ACCENT, CELL_COLORS, CELL_MEANINGS, MUTED
from core.charts.spec import Spec
from core.charts.text import IN_HOVER, shown, ticks
from core.labels.missing import SOURCE_NAMES, Pattern

MAX_PATTERNS = 24  # columns that stay readable; the rest is summed up by the page
MAX_CLASSES = 60  # bars of one label
MAX_LABELS = 40  # rows of dots below the patterns
FADED = 0.25  # opacity of what is not chosen
_UPRIGHT = 10  # patterns with numbers side by side and dots of full size; more columns are too narrow for them
_FADED_INK = "#7A8785"  # to be read on pale bars, on a light page and on a dark one
_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}
# A click chooses and nothing else: no bar is hidden, no axis dragged.
_LEGEND = {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal",
           "itemclick": False, "itemdoubleclick": False}  # fmt: skip


def cells_by_label(counts: Mapping[str, Mapping[str, int]], chosen: Collection[tuple[str, str]] = ()) -> Spec:
    """Bars of cells per label, split by source or kind of gap; `counts` as `MissingReport.by_label`.

    A bar's `customdata` is (place of the label, place of the kind in CELL_COLORS).

    Args:
        chosen: Label and kind of the bars that stand out; all do when there is none.
    """
    figure, names = Spec(), list(counts)
    for k, (kind, color) in enumerate(CELL_COLORS.items()):
        values = [counts[name][kind] for name in names]
        if not any(values):
            continue
        figure.trace(
            "bar",
            y=list(range(len(names))),
            x=values,
            name=kind,
            orientation="h",
            marker={"color": color, "opacity": [_opacity((name, kind), chosen) for name in names]},
            text=[f"{v:,}" if v else "" for v in values],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            insidetextfont={"color": [_ink(color, _opacity((name, kind), chosen)) for name in names]},
            customdata=[[j, k] for j in range(len(names))],
            hovertext=[shown(name, IN_HOVER) for name in names],
            hovertemplate=f"%{{hovertext}}: %{{x:,}} {kind}<br>{CELL_MEANINGS[kind]}<extra></extra>",
        )
    _stacked(figure, len(names), 46 if len(names) <= 8 else 26)
    figure.layout(uniformtext={"mode": "hide", "minsize": 11})  # a number that does not fit says nothing
    figure.axis("yaxis", **ticks(names), autorange="reversed", automargin=True)
    return figure


def cells_by_class(counts: np.ndarray, names: Sequence[str], chosen: Collection[tuple[int, str]] = ()) -> Spec:
    """Bars of one label's known cells per class, split by source; of the commonest where there are many.

    A bar's `customdata` is (place of the class, place of the source in SOURCE_NAMES).

    Args:
        counts: (C, 4) per class and source, as `crossfilter.by_class`.
        names: What people read for the classes, in the same order.
        chosen: Class and source of the bars that stand out; a source "" stands for all of them.
    """
    figure = Spec()
    kept = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:MAX_CLASSES]).tolist()
    for s, kind in enumerate(SOURCE_NAMES):
        if not counts[kept, s].any():
            continue
        faded = [max(_opacity((c, kind), chosen), _opacity((c, ""), chosen)) for c in kept]
        figure.trace(
            "bar",
            y=list(range(len(kept))), x=counts[kept, s], name=kind, orientation="h",
            marker={"color": CELL_COLORS[kind], "opacity": faded}, customdata=[[c, s] for c in kept],
            text=[f"{n:,}" if n else "" for n in counts[kept, s].tolist()], textposition="inside",
            insidetextanchor="middle", textangle=0,
            insidetextfont={"color": [_ink(CELL_COLORS[kind], opacity) for opacity in faded]},
            hovertext=[shown(names[c], IN_HOVER) for c in kept],
            hovertemplate="%{hovertext}: %{x:,} " + kind + "<extra></extra>",
        )  # fmt: skip
    _stacked(figure, len(kept), 46 if len(kept) <= 8 else 18)
    figure.layout(uniformtext={"mode": "hide", "minsize": 11})
    figure.axis("xaxis", title="known cells")
    figure.axis("yaxis", **ticks([names[c] for c in kept]), autorange="reversed", automargin=True)
    return figure


def settled(found: Sequence[tuple[str, float, int]], chosen: Mapping[str, float] | None = None) -> Spec:
    """Bars of open cells per label, the darker the more cells one answer settles.

    A bar's `customdata` is its place in `found`.

    Args:
        found: Label, how many cells an answer settles on average, and how many open cells are like that.
        chosen: Label to the least number, of the bars that stand out.
    """
    figure = Spec()
    names = list(dict.fromkeys(label for label, _, _ in found))
    most = max((settles for _, settles, _ in found), default=1.0)
    for n, (label, settles, cells) in enumerate(found):
        stands_out = not chosen or settles >= chosen.get(label, np.inf) - 1e-3
        depth = 0.35 + 0.65 * (settles - 1) / max(1e-9, most - 1) if most > 1 else 0.6
        ink = _FADED_INK if not stands_out or depth < 0.6 else "#FFFFFF"
        figure.trace(
            "bar",
            y=[names.index(label)], x=[cells], orientation="h", customdata=[[n]],
            marker={"color": f"rgba(15, 118, 110, {depth:.2f})", "opacity": 1 if stands_out else FADED},
            text=[f"{cells:,} × {settles:.3g}"], textposition="inside", insidetextanchor="middle", textangle=0,
            insidetextfont={"color": ink}, hovertext=[shown(label, IN_HOVER)],
            hovertemplate=f"%{{hovertext}}: {cells:,} open cells<br>one answer settles {settles:.3g} on average,"
            " itself included<extra></extra>",
        )  # fmt: skip
    _stacked(figure, len(names), 40 if len(names) <= 8 else 26)
    figure.layout(showlegend=False, uniformtext={"mode": "hide", "minsize": 11})
    figure.axis("xaxis", title="open cells")
    figure.axis("yaxis", **ticks(names), autorange="reversed", automargin=True)
    return figure


def patterns(found: Sequence[Pattern], names: Sequence[str], chosen: tuple[str, ...] | None = None) -> Spec:
    """An UpSet plot: how many rows lack exactly which labels (Lex et al. 2014).

    The `customdata` of a bar and of its column of dots is the pattern's place in `found`.

    Args:
        names: Labels that get a row of dots, at most MAX_LABELS of them.
        chosen: The pattern that stands out; all do when None.
    """
    drawn, names = list(found[:MAX_PATTERNS]), list(names[:MAX_LABELS])
    x, wide = list(range(len(drawn))), len(drawn) <= _UPRIGHT
    opacity = [1 if chosen in (None, p.missing) else FADED for p in drawn]
    hover = [_lacking(p) for p in drawn]
    step = 34 if len(names) <= 8 else 20
    dots_height = step * max(len(names), 2)
    figure = Spec()
    figure.trace(
        "bar",
        x=x,
        y=[p.rows for p in drawn],
        marker={"color": [ACCENT if p.missing else MUTED for p in drawn], "opacity": opacity},
        text=[_short(p.rows, len(drawn)) for p in drawn],
        textposition="outside",
        textangle=0 if wide else -90,
        constraintext="none",
        cliponaxis=False,
        customdata=[[n] for n in x],
        hovertext=hover,
        hovertemplate="%{y:,} rows: %{hovertext}<extra></extra>",
    )
    for missing, color in ((False, MUTED), (True, ACCENT)):
        dots = [(n, j) for n, p in enumerate(drawn) for j, name in enumerate(names) if (name in p.missing) == missing]
        figure.trace(
            "scatter",
            second=True,
            x=[n for n, _ in dots],
            y=[j for _, j in dots],
            mode="markers",
            marker={
                "size": 15 if step > 20 and wide else 9, "color": color, "opacity": [opacity[n] for n, _ in dots],
                "symbol": "circle" if missing else "circle-open",
            },
            hoverinfo="skip",
        )  # fmt: skip
    # A column of dots is clicked as a whole: single dots are small, and all of them mean the same.
    figure.trace(
        "bar", second=True, x=x, y=[len(names) + 0.2] * len(x), base=-0.6, width=1, customdata=[[n] for n in x],
        marker={"color": "rgba(0, 0, 0, 0)", "line": {"width": 0}}, showlegend=False,
        hovertext=[f"{p.rows:,} rows: {text}" for p, text in zip(drawn, hover, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
    )  # fmt: skip
    figure.layout(
        showlegend=False,
        height=40 + 190 + dots_height,
        margin={**_MARGIN, "t": 28 if wide else 44},
        bargap=0.5,
    )
    below = dots_height / (190 + dots_height)  # the share of the height that the dots have
    columns = {
        "showticklabels": False, "showgrid": False, "zeroline": False, "range": [-0.6, max(len(drawn), 1) - 0.4],
        "fixedrange": True,
    }  # fmt: skip
    figure.axis("xaxis", **columns, anchor="y", matches="x2")
    figure.axis("xaxis2", **columns, anchor="y2")
    figure.axis("yaxis", title="rows", fixedrange=True, rangemode="tozero", domain=[below + 0.02, 1.0], anchor="x")
    figure.axis("yaxis2", **ticks(names), range=[len(names) - 0.4, -0.6], automargin=True, fixedrange=True,
                domain=[0.0, below - 0.01], anchor="x2")  # fmt: skip
    return figure


def _stacked(figure: Spec, bars: int, each: int) -> None:
    figure.layout(barmode="stack", height=90 + each * max(bars, 2), margin=_MARGIN, legend=_LEGEND, showlegend=True)
    figure.axis("xaxis", title="images", fixedrange=True, rangemode="tozero")
    figure.axis("yaxis", fixedrange=True)


def _ink(color: str, opacity: float) -> str:
    """Return the colour of a number in a bar: plotly chooses one for the full colour, which is lost on a faded bar."""
    if opacity < 1:
        return _FADED_INK
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return "#1F2933" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#FFFFFF"


def _opacity(one: tuple, chosen: Collection[tuple]) -> float:
    return 1 if not chosen or one in chosen else FADED


def _lacking(pattern: Pattern) -> str:
    """Return what a pattern lacks, in a few lines."""
    if not pattern.missing:
        return "nothing missing"
    some = [shown(name, 40) for name in pattern.missing[:8]]
    more = len(pattern.missing) - len(some)
    return ", ".join(some) + (f" and {more} more" if more else "") + " missing"


def _short(number: int, columns: int) -> str:
    """Return a number that fits above one of many narrow bars."""
    if columns <= 8 or number < 1000:
        return f"{number:,}"
    scale, unit = (1e6, "M") if number >= 999_500 else (1e3, "k")
    return f"{number / scale:.{1 if number < 9.95 * scale else 0}f}{unit}"
