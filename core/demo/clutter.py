"""Draws what stands about: lamps, benches, signs, cars, bins, trees and posts, behind and before people.

Nothing in front of people ever covers a face: a scene's labels stay true by construction.
"""

from __future__ import annotations

import numpy as np

from core.demo.layout import HEADS, Layout
from core.demo.light import Mood
from core.demo.palette import CLOTH, LEAF, pick
from core.demo.pen import Pen, shade

_IRON = (66, 70, 78)


def draw_behind(pen: Pen, layout: Layout, mood: Mood, edge: float, rng: np.random.Generator) -> None:
    """Draw clutter behind the people; `edge` is where the ground begins."""
    things = (_lamp, _lamp, _bench, _sign, _car, _bin, _planter)
    for _ in range(int(rng.integers(0, 4))):
        pick(rng, things)(pen, rng.uniform(0, layout.width), edge + rng.uniform(4, 12), mood, rng)


def draw_front(pen: Pen, layout: Layout, rng: np.random.Generator) -> None:
    """Draw now and then a post, a rail, a shrub or a parked bicycle in front of the legs."""
    if rng.random() < 0.55:
        return
    # Hands, coats and legs may be covered; a face ends one head below the crown, so 1.35 leaves a margin.
    faces = max(p.foot - (HEADS - 1.35) * p.head for p in layout.people)
    room = layout.height - faces
    thing = pick(rng, ("bollards", "shrub", "rail", "cone"))
    if room < 30:
        return
    x, foot = rng.uniform(10, layout.width - 10), layout.height + rng.uniform(-6, 12)
    if thing == "bollards":
        for step in range(int(rng.integers(1, 4))):
            _bollard(pen, x + step * 64, foot, min(70, room * 0.7), rng)
    elif thing == "shrub":
        leaf = shade(pick(rng, LEAF), 0.85)
        for dx in np.arange(-34, 35, 11):
            r = min(17, room * 0.3)
            pen.blob(x + dx, foot - r * 0.4 + rng.uniform(-4, 4), r, r, shade(leaf, rng.uniform(0.92, 1.08)))
    elif thing == "rail":
        top = foot - min(62, room * 0.62)
        for y in (top, top + 14):
            pen.line([(x, y), (x + 110, y)], 3.2, _IRON)
        for dx in (0, 37, 74, 110):
            pen.line([(x + dx, top - 3), (x + dx, foot + 6)], 3.6, _IRON)
    else:
        tall = min(44, room * 0.6)
        pen.poly([(x - 3, foot - tall), (x + 3, foot - tall), (x + 14, foot), (x - 14, foot)], (236, 112, 50))
        pen.poly(
            [
                (x - 6, foot - tall * 0.68),
                (x + 6, foot - tall * 0.68),
                (x + 9, foot - tall * 0.42),
                (x - 9, foot - tall * 0.42),
            ],
            (248, 248, 244),
        )


def _bollard(pen: Pen, x: float, foot: float, tall: float, rng: np.random.Generator) -> None:
    colour = pick(rng, ((66, 70, 78), (196, 64, 58), (60, 96, 120)))
    pen.line([(x, foot), (x, foot - tall)], 9, colour)
    pen.line([(x - 3, foot - tall * 0.75), (x + 3, foot - tall * 0.75)], 4, (244, 244, 240))


def _lamp(pen: Pen, x: float, foot: float, mood: Mood, rng: np.random.Generator) -> None:
    top = foot - rng.uniform(120, 160)
    pen.line([(x, foot), (x, top)], 3, _IRON)
    pen.box(x - 5, foot - 8, x + 5, foot, _IRON)
    pen.poly(
        [(x - 8, top), (x + 8, top), (x + 5, top - 13), (x - 5, top - 13)],
        (255, 240, 190) if mood.lit else (224, 228, 226),
    )
    pen.poly([(x - 9, top - 13), (x + 9, top - 13), (x, top - 19)], _IRON)
    mood.lamps.append((x, top - 6, 26, (230, 180, 90)))


def _bench(pen: Pen, x: float, foot: float, mood: Mood, rng: np.random.Generator) -> None:
    wood = pick(rng, ((150, 100, 66), (120, 90, 70), (70, 110, 90)))
    for dx in (-24, 24):
        pen.line([(x + dx, foot + 8), (x + dx, foot - 24)], 3, _IRON)
    for y in (-23, -17, -7):
        pen.line([(x - 30, foot + y), (x + 30, foot + y)], 4, wood)


def _sign(pen: Pen, x: float, foot: float, mood: Mood, rng: np.random.Generator) -> None:
    top = foot - rng.uniform(78, 100)
    pen.line([(x, foot + 4), (x, top)], 2.6, (150, 154, 160))
    kind = pick(rng, ("round", "square", "triangle"))
    if kind == "round":
        pen.blob(x, top, 12, 12, (208, 52, 52))
        pen.box(x - 8, top - 2.5, x + 8, top + 2.5, (250, 250, 250))
    elif kind == "square":
        pen.box(x - 11, top - 11, x + 11, top + 11, (54, 104, 186))
        pen.line([(x - 3, top + 6), (x - 3, top - 6), (x + 4, top - 4), (x - 2, top + 1)], 2.4, (250, 250, 250))
    else:
        pen.poly([(x, top - 13), (x + 13, top + 9), (x - 13, top + 9)], (208, 52, 52))
        pen.poly([(x, top - 7), (x + 8, top + 6), (x - 8, top + 6)], (250, 244, 230))


def _car(pen: Pen, x: float, foot: float, mood: Mood, rng: np.random.Generator) -> None:
    colour = shade(pick(rng, CLOTH), 0.9)
    car = pen.moved(x, foot + 8, flip=1 if rng.random() < 0.5 else -1)
    car.blob(0, 0, 46, 4, (20, 20, 40, 80))
    car.curve([(-44, -4), (-44, -16), (-28, -20), (-14, -34), (14, -34), (28, -20), (44, -15), (45, -4)], colour)
    car.curve([(-23, -20), (-12, -31), (-2, -31), (-2, -20)], (190, 214, 226))
    car.curve([(2, -31), (12, -31), (22, -20), (2, -20)], (190, 214, 226))
    for wheel in (-25, 25):
        car.blob(wheel, -4, 8.5, 8.5, (40, 40, 46))
        car.blob(wheel, -4, 4, 4, (190, 192, 196))
    car.blob(42, -13, 3, 2.6, (255, 240, 190))
    if mood.lit:
        mood.lamps.append((*_pixel_free(car, 43, -13, pen.unit), 13, (200, 170, 90)))


def _pixel_free(pen: Pen, x: float, y: float, unit: float) -> tuple[float, float]:
    """Return a point of a moved pen in the scene's units."""
    px, py = pen.pixels([(x, y)])[0]
    return px / unit, py / unit


def _bin(pen: Pen, x: float, foot: float, mood: Mood, rng: np.random.Generator) -> None:
    colour = pick(rng, ((70, 120, 90), (84, 90, 100), (60, 90, 140)))
    pen.poly([(x - 9, foot - 26), (x + 9, foot - 26), (x + 7, foot + 4), (x - 7, foot + 4)], colour)
    pen.box(x - 11, foot - 30, x + 11, foot - 26, shade(colour, 0.75))


def _planter(pen: Pen, x: float, foot: float, mood: Mood, rng: np.random.Generator) -> None:
    leaf = pick(rng, LEAF)
    for dx in (-10, 0, 10):
        pen.blob(x + dx, foot - 18 - 5 * (dx == 0), 9, 10, shade(leaf, rng.uniform(0.9, 1.1)))
    for dx, dy in ((-10, -20), (-2, -27), (8, -19), (13, -15)):
        pen.blob(x + dx, foot + dy, 2.4, 2.4, pick(rng, CLOTH[:4]))
    pen.poly([(x - 18, foot - 12), (x + 18, foot - 12), (x + 14, foot + 5), (x - 14, foot + 5)], (168, 112, 84))
