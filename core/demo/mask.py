"""Draws a mask, worn well or hanging at the chin; coordinates as in `face.py`."""

from __future__ import annotations

import numpy as np

from core.demo.look import Look
from core.demo.pen import Pen, shade


def draw_mask(pen: Pen, look: Look, shift: float, side: bool) -> None:
    """Draw the mask where it is worn: over mouth and nose, or below both, at the chin."""
    low = look.wears == "chin"
    if side:
        knots = [(0.0, 0.09), (0.3, 0.02), (0.57, 0.09), (0.52, 0.38), (0.3, 0.56), (0.03, 0.45)]
    else:
        s = shift
        knots = [
            (-0.4 + s * 0.5, 0.09),
            (s - 0.12, 0.04),
            (s, 0.0),
            (s + 0.12, 0.04),
            (0.4 + s * 0.1, 0.09),
            (0.38 + s * 0.1, 0.38),
            (0.18 + s * 0.8, 0.56),
            (s * 0.8 - 0.18, 0.56),
            (-0.38 + s * 0.5, 0.38),
        ]
    if low:  # flattened, its upper edge below the lips
        knots = [(x * 0.82, 0.41 + (y - 0.02) * 0.42) for x, y in knots]
    else:
        for end in ((-0.12, 0.0),) if side else ((-0.43, -0.02), (0.43, -0.02)):
            near = min(knots, key=lambda k: abs(k[0] - end[0]))
            pen.line([end, near], 0.025, shade(look.mask, 0.85))
            pen.line([(end[0], 0.12), (near[0], near[1] + 0.2)], 0.025, shade(look.mask, 0.85))
    pen.curve(knots, look.mask)
    _cloth(pen, look, np.array(knots))


def _cloth(pen: Pen, look: Look, knots: np.ndarray) -> None:
    (left, top), (right, bottom) = knots.min(0), knots.max(0)
    middle, high = (left + right) / 2, bottom - top
    fold = shade(look.mask, 0.82 if sum(look.mask) > 300 else 1.6)
    if look.cut == "pleats":
        for share in (0.36, 0.56, 0.76):
            y, w = top + high * share, (right - left) * (0.46 - 0.2 * max(0, share - 0.4))
            pen.line([(middle - w, y), (middle, y + 0.02), (middle + w, y)], 0.022, fold)
    elif look.cut == "cone":
        pen.line([(middle, top + 0.05), (middle + 0.02, bottom - 0.03)], 0.026, fold)
    elif look.cut == "dots":
        for dx, dy in ((-0.16, 0.4), (0, 0.34), (0.16, 0.4), (-0.08, 0.66), (0.09, 0.66)):
            pen.blob(middle + dx, top + high * dy, 0.028, 0.028, fold)
    # The edge keeps a light mask apart from light skin.
    edge = np.concatenate([knots[-2:], knots[:1]])
    pen.line(edge, 0.02, fold)
