"""Draws the place: houses with shops, a park, a skyline or a wall, and the ground that people stand on.

Coordinates are the scene's units, `layout.Layout`'s.
"""

from __future__ import annotations

import numpy as np

from core.demo.layout import Layout
from core.demo.light import Mood
from core.demo.palette import CLOTH, GROUND, LEAF, WALL, pick
from core.demo.pen import Colour, Pen, mix, shade

_LIT: Colour = (255, 226, 140)
_ASPHALT: Colour = (98, 100, 108)
_PANE: Colour = (150, 186, 206)


def draw_street(pen: Pen, layout: Layout, mood: Mood, rng: np.random.Generator) -> float:
    """Draw everything behind the people; return where the ground begins."""
    place = pick(rng, (_terrace, _terrace, _park, _skyline, _wall))
    if rng.random() < 0.6 and not (mood.lit and mood.tint[0] < 0.7):
        _clouds(pen, layout, rng)
    edge = layout.horizon + rng.uniform(22, 34)
    place(pen, layout, mood, edge, rng)
    return edge


def _clouds(pen: Pen, layout: Layout, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 4))):
        x, y, r = rng.uniform(0, layout.width), rng.uniform(4, layout.horizon * 0.6), rng.uniform(8, 16)
        for dx, dy, size in ((-1.1, 0.1, 0.7), (0, 0, 1), (1.1, 0.15, 0.75)):
            pen.blob(x + dx * r, y + dy * r, r * size * 1.2, r * size * 0.62, (255, 255, 255, 120))


def _ground(pen: Pen, layout: Layout, edge: float, rng: np.random.Generator) -> None:
    """Pavement with a kerb, and paving, road or crossing in perspective towards the horizon."""
    colour, w, h = shade(pick(rng, GROUND), rng.uniform(0.9, 1.05)), layout.width, layout.height
    pen.box(0, edge, w, h, colour)
    pen.box(0, edge, w, edge + 3, shade(colour, 0.86))
    kind, middle = pick(rng, ("slabs", "slabs", "road", "road", "crossing", "plain")), w * rng.uniform(0.3, 0.7)
    if kind == "slabs":
        joint = shade(colour, 0.9)
        for k in range(-14, 15):
            top = middle + k * 26
            pen.line([(top, edge + 3), (middle + (top - middle) * 4.5, h + 60)], 0.8, joint)
        for step in (0.1, 0.24, 0.44, 0.72):
            y = edge + (h - edge) * step
            pen.line([(0, y), (w, y)], 0.8, joint)
    elif kind == "crossing":
        top = edge + rng.uniform(12, 20)
        pen.box(0, top, w, h, _ASPHALT)
        pen.box(0, top, w, top + 2.5, shade(colour, 1.1))
        for k in range(-6, 7):
            a = middle + k * 44
            pen.poly(
                [
                    (a, top + 8),
                    (a + 20, top + 8),
                    (middle + (a + 20 - middle) * 2.2, h),
                    (middle + (a - middle) * 2.2, h),
                ],
                (214, 214, 210),
            )
    elif kind == "road":  # behind everybody: people stand on the pavement in front of it
        top, low = edge + 6, edge + rng.uniform(30, 40)
        pen.box(0, top, w, low, _ASPHALT)
        pen.box(0, low, w, low + 3, shade(colour, 1.1))
        y = (top + low) / 2
        for x in np.arange(rng.uniform(-30, 0), w, 50):
            pen.box(x, y - 1, x + 24, y + 1, (226, 220, 190))


def _terrace(pen: Pen, layout: Layout, mood: Mood, edge: float, rng: np.random.Generator) -> None:
    """A row of houses, most of them with a shop."""
    x = rng.uniform(-40, 0)
    while x < layout.width:
        wide = rng.uniform(62, 112)
        colour = shade(pick(rng, WALL), rng.uniform(0.82, 1.04))
        top = rng.uniform(-30, layout.horizon * 0.5)
        pen.box(x, top, x + wide, edge, colour)
        pen.box(x - 1, top, x + wide + 1, top + 4, shade(colour, 0.8))
        pen.box(x + wide - 3, top, x + wide, edge, (20, 20, 40, 40))
        shop = rng.random() < 0.65
        floor = edge - 58 if shop else edge
        _windows(pen, (x, top, x + wide, floor), colour, mood, rng)
        if shop:
            _shop(pen, x, edge, wide, mood, rng)
        else:
            _door(pen, x + wide * 0.5, edge, rng)
        x += wide
    _ground(pen, layout, edge, rng)


def _windows(
    pen: Pen, wall: tuple[float, float, float, float], colour: Colour, mood: Mood, rng: np.random.Generator
) -> None:
    left, top, right, floor = wall
    columns = max(2, int((right - left) // 26))
    step = (right - left) / columns
    for y in np.arange(floor - 34, top, -38):
        for column in range(columns):
            x = left + step * (column + 0.5)
            lit = mood.lit and rng.random() < 0.55
            pane = _LIT if lit else shade(_PANE, rng.uniform(0.7, 1.0))
            pen.box(x - 8, y - 1, x + 8, y + 22, shade(colour, 1.18))
            pen.box(x - 6, y + 1, x + 6, y + 20, pane)
            pen.poly([(x - 6, y + 12), (x - 6, y + 1), (x + 3, y + 1)], (255, 255, 255, 60))
            pen.line([(x, y + 1), (x, y + 20)], 1.2, shade(colour, 1.18))
            pen.box(x - 9, y + 21, x + 9, y + 24, shade(colour, 0.8))
            if lit:
                mood.lamps.append((x, y + 10, 11, (120, 84, 30)))


def _door(pen: Pen, x: float, edge: float, rng: np.random.Generator) -> None:
    colour = shade(pick(rng, CLOTH), 0.75)
    pen.box(x - 13, edge - 50, x + 13, edge, (232, 226, 214))
    pen.box(x - 10, edge - 47, x + 10, edge, colour)
    pen.box(x - 7, edge - 43, x + 7, edge - 28, shade(colour, 1.25))
    pen.blob(x + 6, edge - 20, 1.4, 1.4, (240, 210, 120))


def _shop(pen: Pen, x: float, edge: float, wide: float, mood: Mood, rng: np.random.Generator) -> None:
    """A display window with goods, an awning and a sign."""
    frame, cloth = shade(pick(rng, CLOTH), 0.62), pick(rng, CLOTH)
    glass = mix(_LIT, _PANE, 0.2) if mood.lit else shade(_PANE, rng.uniform(0.6, 0.95))
    pen.box(x + 3, edge - 56, x + wide - 4, edge, frame)
    pen.box(x + 8, edge - 40, x + wide - 9, edge - 7, glass)
    for _ in range(int(wide // 14)):  # goods
        gx, size = rng.uniform(x + 13, x + wide - 15), rng.uniform(3, 6)
        goods = shade(pick(rng, CLOTH), rng.uniform(0.7, 1.05))
        if rng.random() < 0.5:
            pen.box(gx - size, edge - 8 - 2 * size, gx + size, edge - 7, goods)
        else:
            pen.blob(gx, edge - 8 - size, size, size, goods)
    pen.poly([(x + 12, edge - 10), (x + 12, edge - 40), (x + wide * 0.4, edge - 40)], (255, 255, 255, 46))
    stripes = max(4, int(wide // 11))
    step = (wide - 4) / stripes
    for k in range(stripes):
        left = x + 1 + k * step
        pen.poly(
            [(left + 1, edge - 54), (left + step, edge - 54), (left + step + 1, edge - 38), (left - 1, edge - 38)],
            cloth if k % 2 else (246, 242, 234),
        )
        pen.blob(left + step / 2, edge - 38, step / 2, 3, cloth if k % 2 else (246, 242, 234))
    pen.box(x + wide * 0.22, edge - 67, x + wide * 0.78, edge - 56, shade(frame, 0.9))
    letters = np.arange(x + wide * 0.28, x + wide * 0.72, 5.5)
    for lx in letters:
        if rng.random() < 0.85:
            pen.box(lx, edge - 64, lx + 3, edge - 59, (250, 240, 210))
    if mood.lit:
        mood.lamps.append((x + wide / 2, edge - 22, wide * 0.36, (130, 96, 40)))


def _tree(pen: Pen, x: float, foot: float, tall: float, rng: np.random.Generator) -> None:
    leaf = shade(pick(rng, LEAF), rng.uniform(0.85, 1.08))
    pen.line([(x, foot), (x + rng.uniform(-2, 2), foot - tall * 0.6)], tall * 0.075, (104, 78, 62))
    for dx, dy, r in ((-0.18, -0.6, 0.2), (0.18, -0.62, 0.2), (0, -0.78, 0.24)):
        pen.blob(x + dx * tall, foot + dy * tall, r * tall, r * tall, leaf)
    pen.blob(x - 0.08 * tall, foot - 0.84 * tall, 0.11 * tall, 0.09 * tall, (*shade(leaf, 1.16), 150))


def _park(pen: Pen, layout: Layout, mood: Mood, edge: float, rng: np.random.Generator) -> None:
    """Hills, trees and a lawn, with a path to stand on."""
    w, h, lawn = layout.width, layout.height, shade(pick(rng, LEAF[:3]), 1.12)
    for k in range(3):
        pen.blob(
            w * (0.15 + 0.36 * k) + rng.uniform(-20, 20),
            edge,
            rng.uniform(70, 120),
            rng.uniform(24, 52),
            mix(lawn, mood.sky[1], 0.55 - 0.1 * k),
        )
    pen.box(0, edge - 4, w, h, lawn)
    for x in np.arange(rng.uniform(-10, 30), w + 20, rng.uniform(48, 84)):
        _tree(pen, x, edge + rng.uniform(-2, 10), rng.uniform(70, 118), rng)
    path = pick(rng, GROUND)
    pen.curve([(-30, edge + 34), (w * 0.5, edge + 22), (w + 30, edge + 30), (w + 30, h + 20), (-30, h + 20)], path)
    for _ in range(26):
        x, y = rng.uniform(0, w), rng.uniform(edge + 2, edge + 24)
        pen.blob(x, y, 1.4, 1.1, pick(rng, ((250, 240, 150), (250, 250, 250), (240, 150, 170))))


def _skyline(pen: Pen, layout: Layout, mood: Mood, edge: float, rng: np.random.Generator) -> None:
    """Towers far away, a square with a hedge in front of them."""
    for depth in (0.62, 0.36):
        x = -10.0
        while x < layout.width:
            wide = rng.uniform(24, 48)
            top = layout.horizon - rng.uniform(10, 86) * (1.2 - depth)
            colour = mix(shade(pick(rng, WALL), 0.8), mood.sky[1], depth)
            pen.box(x, top, x + wide, edge, colour)
            for wy in np.arange(top + 6, edge - 8, 10):
                for wx in np.arange(x + 4, x + wide - 5, 8):
                    lit = mood.lit and rng.random() < 0.4
                    pen.box(wx, wy, wx + 4, wy + 5, _LIT if lit else shade(colour, 0.9))
            x += wide + rng.uniform(-4, 8)
    _ground(pen, layout, edge, rng)
    hedge = shade(pick(rng, LEAF), 0.9)
    for x in np.arange(-5, layout.width + 10, 9.0):
        pen.blob(x, edge - 4 + rng.uniform(-1.5, 1.5), 8, 9, shade(hedge, rng.uniform(0.94, 1.06)))


def _wall(pen: Pen, layout: Layout, mood: Mood, edge: float, rng: np.random.Generator) -> None:
    """A brick or plaster wall with posters."""
    colour, w = shade(pick(rng, WALL), rng.uniform(0.75, 1.0)), layout.width
    top = rng.uniform(-10, layout.horizon * 0.4)
    pen.box(0, top, w, edge, colour)
    pen.box(0, top, w, top + 5, shade(colour, 1.12))
    if rng.random() < 0.6:
        for row, y in enumerate(np.arange(top + 5, edge, 9)):
            pen.line([(0, y), (w, y)], 0.7, shade(colour, 0.88))
            for x in np.arange(-10 + 9 * (row % 2), w, 18):
                pen.line([(x, y), (x, y + 9)], 0.7, shade(colour, 0.88))
    for x in np.arange(rng.uniform(8, 50), w - 40, rng.uniform(60, 110)):
        y, paper = edge - rng.uniform(58, 74), shade(pick(rng, CLOTH), 1.05)
        pen.box(x, y, x + 32, y + 44, (246, 244, 238))
        pen.box(x + 3, y + 3, x + 29, y + 28, paper)
        pen.blob(x + 16, y + 15, 8, 8, shade(paper, 1.3))
        for k in range(2):
            pen.box(x + 5, y + 32 + 5 * k, x + 26 - 6 * k, y + 34 + 5 * k, (120, 120, 126))
    _ground(pen, layout, edge, rng)
