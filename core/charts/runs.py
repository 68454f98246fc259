"""Runs against their settings, and one run's mistakes and confidence."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts.colors import ACCENT, MUTED

SHOWN_CLASSES = 20  # of more, the heat map shows those with the most mistakes
NAME_LENGTH = 24
_SPREAD = 30  # from so many times the least value on, an axis is drawn by powers of ten


def parallel(frame: pd.DataFrame, by: str) -> go.Figure:
    """Draw one line per run through its settings and results.

    Args:
        frame: One row per run, at least one: settings, None where a run lacks one, then `accuracy` and `f1`.
        by: The column that colours the lines, `accuracy` or `f1`.
    """
    figure = go.Figure(
        go.Parcoords(
            dimensions=[_dimension(str(name), frame[name]) for name in frame.columns],
            line={
                "color": frame[by].astype(float),
                # Blue to orange over grey: told apart by colour-blind eyes, and seen on white and on black.
                "colorscale": [[0, "#0072B2"], [0.5, "#8C8C8C"], [1, "#E69F00"]],
                "showscale": True,
                "colorbar": {"title": _title(by), "tickformat": ".0%", "thickness": 12},
            },
            unselected={"line": {"opacity": 0.08}},
        )
    )
    figure.update_layout(height=430, margin={"l": 70, "r": 30, "t": 60, "b": 30})
    return figure


def confusion(quality: Mapping, names: Sequence[str]) -> tuple[go.Figure, int]:
    """Draw which class was taken for which, as shares of each true class.

    Args:
        quality: As `core.pseudo.quality.quality` returns it.
        names: (C,) what people read for the classes.

    Returns:
        The heat map, and how many classes it leaves out: of more than 20, those with the most mistakes are shown, and
        one more column holds all other predictions.
    """
    shown = worst_classes(quality, len(names))
    left_out = len(names) - len(shown)
    counts = _counts(quality, shown)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    rows = [_short(names[i]) for i in shown]
    columns = [*rows, "all others"] if left_out else rows
    told = [
        [f"{n:,} of {int(t[0]):,} {row} taken for {column}" for n, column in zip(line, columns, strict=True)]
        for row, line, t in zip(rows, counts, totals, strict=True)
    ]
    written = len(columns) <= 12
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(range(len(columns))),
            y=list(range(len(rows))),
            text=[[f"{n:,}" if n else "" for n in line] for line in counts] if written else None,
            texttemplate="%{text}" if written else None,
            hovertext=told,
            hovertemplate="%{hovertext}<extra></extra>",
            colorscale=[[0, "rgba(0,114,178,0.04)"], [1, "rgba(0,114,178,0.85)"]],
            zmin=0,
            zmax=1,
            xgap=1,
            ygap=1,
            showscale=False,
        )
    )
    # Places with names on them: two classes may read alike, and a class called 5 is no number.
    figure.update_xaxes(title_text="taken for", tickvals=list(range(len(columns))), ticktext=columns, automargin=True)
    figure.update_yaxes(
        title_text="is", tickvals=list(range(len(rows))), ticktext=rows, autorange="reversed", automargin=True
    )
    figure.update_layout(height=150 + max(24 * len(rows), 130), margin={"l": 8, "r": 8, "t": 8, "b": 8})
    figure.update_xaxes(showgrid=False, zeroline=False).update_yaxes(showgrid=False, zeroline=False)
    return figure, left_out


def worst_classes(quality: Mapping, classes: int, most: int = SHOWN_CLASSES) -> list[int]:
    """Return all class codes, or of more than `most` those with the most mistakes, in the classes' own order.

    A mistake counts for the class that the image has and for the one that it was taken for.
    """
    if classes <= most:
        return list(range(classes))
    mistakes = np.zeros(classes)
    for truth, predicted, count in quality["confusion"]:
        if truth != predicted:
            mistakes[[truth, predicted]] += count
    return sorted(np.argsort(-mistakes, kind="stable")[:most].tolist())


def reliability(quality: Mapping) -> go.Figure:
    """Draw how often the network is right against how sure it is, with the images of each bin below.

    Args:
        quality: As `core.pseudo.quality.quality` returns it.
    """
    figure = go.Figure()
    perfect = {"x": [0, 1], "y": [0, 1], "mode": "lines", "name": "as sure as right", "hoverinfo": "skip"}
    figure.add_scatter(**perfect, line={"color": MUTED, "dash": "dash", "width": 1.5})
    for key, name, color, symbol in (
        ("raw", "before calibration", "#E69F00", "circle-open"),
        ("calibrated", "calibrated", ACCENT, "circle"),
    ):
        table = np.array(quality[key]["bins"]).reshape(-1, 4)
        figure.add_scatter(
            x=table[:, 3],
            y=table[:, 2],
            customdata=table[:, 1],
            name=name,
            mode="lines+markers",
            line={"color": color, "width": 1 if key == "raw" else 2, "dash": "dot" if key == "raw" else "solid"},
            # As large as the bin is full: a bin of two images says little.
            marker={"symbol": symbol, "size": 6 + 14 * np.sqrt(table[:, 1] / table[:, 1].sum())},
            hovertemplate="%{customdata:,} images: %{x:.1%} sure, %{y:.1%} right<extra></extra>",
        )
    lowest = 1 / len(quality["support"])
    figure.update_xaxes(title_text="how sure it was", tickformat=".0%", range=[max(0.0, lowest - 0.05), 1.03])
    figure.update_yaxes(title_text="how often it was right", tickformat=".0%", range=[-0.03, 1.03])
    figure.update_layout(
        height=360, margin={"l": 8, "r": 8, "t": 8, "b": 8}, legend={"orientation": "h", "y": -0.2, "yanchor": "top"}
    )
    return figure


def _dimension(name: str, column: pd.Series) -> dict[str, object]:
    label = _title(name)
    if name in ("accuracy", "f1"):
        return {"label": label, "values": column.astype(float), "tickformat": ".1%"}
    numbers = pd.to_numeric(column, errors="coerce") if not _flags(column) else column * np.nan
    if numbers.isna().any() or numbers.nunique() < 2:
        texts = column.map(lambda v: "–" if v is None or v != v else _short(v))
        ticks = sorted(texts.unique())
        return {"label": label, "values": texts.map(ticks.index), "tickvals": list(range(len(ticks))),
                "ticktext": ticks, "range": [-0.3, max(len(ticks) - 0.7, 0.3)]}  # fmt: skip
    values = numbers.astype(float)
    wide = values.min() > 0 and values.max() / values.min() >= _SPREAD
    drawn = np.log10(values) if wide else values
    if values.nunique() > 8:  # too many to write each one down
        return {"label": label, "values": drawn, **(_decades(drawn) if wide else {})}
    ticks, texts = np.unique(drawn), [f"{v:.4g}" for v in np.unique(values)]
    return {"label": label, "values": drawn, "tickvals": list(ticks), "ticktext": texts}


def _decades(drawn: pd.Series) -> dict[str, object]:
    """Return ticks at the ends of a logarithmic axis and at 1, 2 and 5 times powers of ten, at powers where many."""
    low, high = float(drawn.min()), float(drawn.max())
    digits = (1, 2, 5) if high - low < 2.5 else (1,)
    found = [np.log10(d * 10.0**p) for p in range(int(np.floor(low)), int(np.ceil(high)) + 1) for d in digits]
    room = 0.05 * (high - low)  # beside the ends, which are written in any case
    ticks = [low, *(float(t) for t in found if low + room < t < high - room), high]
    return {"tickvals": ticks, "ticktext": [f"{10**t:.3g}" for t in ticks]}


def _flags(column: pd.Series) -> bool:
    return any(isinstance(v, bool) for v in column)


def _title(name: str) -> str:
    return {"f1": "F1", "train": "images learned from"}.get(name, html.escape(name.replace("_", " ")))


def _counts(quality: Mapping, shown: Sequence[int]) -> np.ndarray:
    """Return counts (rows shown, columns shown) and one more column for all other predictions where some are hidden."""
    place = {code: i for i, code in enumerate(shown)}
    hidden = len(quality["support"]) > len(shown)
    counts = np.zeros((len(shown), len(shown) + hidden), dtype=int)
    for truth, predicted, count in quality["confusion"]:
        if truth in place:
            counts[place[truth], place.get(predicted, -1)] += count
    return counts


def _short(name: object) -> str:
    text = str(name)
    return html.escape(text if len(text) <= NAME_LENGTH else text[: NAME_LENGTH - 1] + "…")
