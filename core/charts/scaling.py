"""Networks drawn to scale, and what each stage costs."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.models.stages import Stage

# Where a block goes to on the paper, per layer: units of channels to the right, pixels upwards.
SLANT_X, SLANT_Y = 9.0, 5.0
GAP = 26.0  # between blocks, in units of channels
MAX_SLABS = 40  # more layer lines than this run into one another
HEIGHT = 340
# Okabe and Ito 2008: front, top and side of a block share a hue.
HUES = {"Conv": (128, 137, 136), "k3": (0, 158, 115), "k5": (0, 114, 178)}
MEANINGS = {"Conv": "convolution", "k3": "MBConv, kernel 3", "k5": "MBConv, kernel 5"}
FACES = {"front": 0.95, "top": 0.45, "side": 0.65}  # opacity: light falls from above on any background


def extent(networks: Sequence[Sequence[Stage]]) -> tuple[float, float]:
    """Return the width and height that hold every network at one scale, in channels and pixels."""
    widths = [sum(s.channels + SLANT_X * s.layers + GAP for s in body(n)) for n in networks]
    heights = [max(s.resolution + SLANT_Y * s.layers for s in body(n)) for n in networks]
    return max(widths), max(heights)


def body(stages: Sequence[Stage]) -> Sequence[Stage]:
    """Return the stages that are drawn: all but the head, as in the paper's figure 2."""
    return stages[:-1]


def network(stages: Sequence[Stage], size: tuple[float, float]) -> go.Figure:
    """Draw a network's stages as blocks to scale, stem first.

    Args:
        stages: As `core.models.stages.scaled_stages` gives them. A block is as wide as its channels, as
            high as its input in pixels, and reaches back one step per layer.
        size: From `extent`; the same for all figures that are compared.
    """
    traces: list[dict] = []  # handed to plotly at once: adding them one by one takes three times as long
    x, named = 0.0, set()
    for stage in body(stages):
        kind = "Conv" if stage.operator.startswith("Conv") else stage.operator.split()[-1]
        traces += _block(stage, x, kind, first=kind not in named)
        named.add(kind)
        x += stage.channels + SLANT_X * stage.layers + GAP
    figure = go.Figure(traces)
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        legend={"orientation": "h", "yanchor": "top", "y": 1.0, "xanchor": "right", "x": 1.0},
        hovermode="closest",
        dragmode=False,
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(visible=False, range=[-10, size[0]], fixedrange=True)
    # Room below for the stage numbers and above for the legend.
    figure.update_yaxes(visible=False, range=[-0.09 * size[1], 1.14 * size[1]], fixedrange=True)
    return figure


def _block(stage: Stage, x: float, kind: str, first: bool) -> list[dict]:
    right, top = x + stage.channels, float(stage.resolution)
    far_x, far_y = SLANT_X * stage.layers, SLANT_Y * stage.layers
    corners = {
        "side": [(right, 0), (right + far_x, far_y), (right + far_x, top + far_y), (right, top)],
        "top": [(x, top), (x + far_x, top + far_y), (right + far_x, top + far_y), (right, top)],
        "front": [(x, 0), (right, 0), (right, top), (x, top)],
    }
    faces = [_face(stage, kind, face, points, first) for face, points in corners.items()]
    number = {"x": [(x + right) / 2], "y": [0], "mode": "text", "text": [str(stage.number)], "hoverinfo": "skip"}
    number |= {"textposition": "bottom center", "textfont": {"size": 11}, "showlegend": False, "type": "scatter"}
    return [*faces, *([_slabs(stage, x, kind)] if stage.layers <= MAX_SLABS else []), number]


def _face(stage: Stage, kind: str, face: str, points: list[tuple[float, float]], first: bool) -> dict:
    color = "{},{},{}".format(*HUES[kind])
    return {
        "type": "scatter",
        "x": [p[0] for p in [*points, points[0]]],
        "y": [p[1] for p in [*points, points[0]]],
        "mode": "lines",
        "line": {"width": 0.8, "color": f"rgb({color})"},
        "fill": "toself",
        "fillcolor": f"rgba({color},{FACES[face]})",
        "hoveron": "fills",
        "hoverinfo": "text",
        "text": _told(stage),
        "name": MEANINGS[kind],
        "legendgroup": kind,
        "showlegend": first and face == "front",
    }


def _slabs(stage: Stage, x: float, kind: str) -> dict:
    """Return the lines where one layer ends and the next begins, on the top and on the side."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    right, top = x + stage.channels, stage.resolution
    for layer in range(1, stage.layers):
        dx, dy = SLANT_X * layer, SLANT_Y * layer
        xs += [x + dx, right + dx, right + dx, None]
        ys += [top + dy, top + dy, dy, None]
    line = {"width": 0.8, "color": "rgb({},{},{})".format(*HUES[kind])}
    return {"type": "scatter", "x": xs, "y": ys, "mode": "lines", "line": line, "hoverinfo": "skip",
            "showlegend": False, "legendgroup": kind}  # fmt: skip


def _told(stage: Stage) -> str:
    return (
        f"Stage {stage.number}: {stage.operator}<br>{stage.resolution} px · {stage.channels} channels · "
        f"{stage.layers} layer{'s' * (stage.layers > 1)}<br>{stage.multiply_adds / 1e6:,.1f}M multiply-adds · "
        f"{stage.parameters / 1e6:,.2f}M parameters"
    )
