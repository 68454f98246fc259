"""Plotly figures as plain data: what plotly.js reads, without plotly's objects, which take 20 to 50 ms for each figure.

`plotly.graph_objects.Figure(spec)` makes an object of one, and checks it.
"""

from __future__ import annotations

import base64
import math

import numpy as np


class Spec(dict):
    """A figure: `data`, a list of traces, and `layout`."""

    def __init__(self) -> None:
        super().__init__(data=[], layout={})

    def trace(self, kind: str, second: bool = False, **values: object) -> Spec:
        """Add a trace: bar, scatter, heatmap.

        Args:
            second: Whether it belongs to the second pair of axes.
        """
        axes = {"xaxis": "x2", "yaxis": "y2"} if second else {}
        self["data"].append({"type": kind, **values, **axes})
        return self

    def layout(self, **values: object) -> Spec:
        self["layout"].update(values)
        return self

    def axis(self, name: str, **values: object) -> Spec:
        """Set an axis: xaxis, yaxis, xaxis2, yaxis2. A `title` may be a plain text."""
        if isinstance(values.get("title"), str):
            values["title"] = {"text": values["title"]}
        self["layout"].setdefault(name, {}).update(values)
        return self

    def shape(self, **values: object) -> Spec:
        self["layout"].setdefault("shapes", []).append(values)
        return self

    @property
    def height(self) -> int:
        """Pixels."""
        return self["layout"]["height"]

    def plain(self) -> dict:
        """Return it as JSON values: arrays as lists, what is no number as None.

        A heat map of shares without texts has bytes, 0 to 255, in base64 instead of its numbers: `z` is then a table
        {"rows", "columns", "bytes"}.
        """
        return {"data": [_plain(_packed(trace)) for trace in self["data"]], "layout": _plain(self["layout"])}


def _packed(trace: dict) -> dict:
    z = trace.get("z")
    if not isinstance(z, np.ndarray) or "texttemplate" in trace or (trace.get("zmin"), trace.get("zmax")) != (0, 1):
        return trace
    levels = np.round(np.nan_to_num(z) * 255).astype(np.uint8)
    text = base64.b64encode(np.ascontiguousarray(levels).tobytes()).decode()
    kept = {name: value for name, value in trace.items() if name != "y"}  # evenly spaced, from the axis's one end on
    return {**kept, "z": {"rows": z.shape[0], "columns": z.shape[1], "bytes": text}}


_SIMPLE = (str, int, bool, type(None))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        if all(type(v) in _SIMPLE for v in value):
            return list(value)
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
