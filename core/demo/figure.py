"""Draws one person from the shoes to the neck; the head is `face.py`'s.

Coordinates are heads: the origin lies between the feet, the crown at -3.6, the chin at -2.6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.demo import face
from core.demo.layout import HEADS, Person
from core.demo.look import Look, draw_look
from core.demo.palette import CLOTH, SHOES, SKIN, TROUSERS, pick
from core.demo.pen import Colour, Pen, shade

_SHOULDER, _HIP, _CHEST = -2.4, -1.3, 0.5  # height of the shoulders and hips; half the chest's width
_ARMS = ("down", "down", "down", "hip", "wave", "phone", "bag", "pocket")
_CUTS = ("tee", "tee", "jacket", "jacket", "stripes", "coat", "dress", "hoodie")


@dataclass(frozen=True)
class Clothes:
    """What a figure wears below the chin."""

    skin: Colour
    top: Colour
    bottom: Colour
    shoes: Colour
    cut: str  # tee jacket stripes coat dress hoodie
    legs: str  # trousers shorts skirt
    wide: float  # half the chest's width


def draw_person(pen: Pen, person: Person, rng: np.random.Generator) -> None:
    """Draw a figure with a chance look and pose, as `person` says what its face shows.

    Args:
        pen: In the scene's units.
        person: Where, how large, and what it wears on the face.
        rng: Where look and pose come from.
    """
    body = Pen(
        pen.image,
        *pen.pixels([(person.x, person.foot)])[0],
        unit=person.head * pen.unit,
        tilt=rng.uniform(-0.04, 0.04),
        flip=1 if rng.random() < 0.5 else -1,
    )
    body.blob(0.12, 0.0, 0.85, 0.16, (20, 20, 40, 70))
    look = draw_look(person.wears, pick(rng, SKIN), rng)
    clothes = _dress(look, rng)
    face.draw_behind(body.moved(0, -HEADS + 0.5), look)
    _legs(body, clothes, rng.uniform(0.0, 0.22))
    poses = (pick(rng, _ARMS), pick(rng, _ARMS))
    _torso(body, clothes)
    for side, pose in zip((-1, 1), poses, strict=True):
        _arm(body.moved(0, 0, flip=side), clothes, pose)
    body.line([(0, -2.72), (0, -2.42)], 0.3, shade(clothes.skin, 0.84))
    _collar(body, clothes)
    face.draw_neckwear(body.moved(0, -HEADS + 0.5), look)
    face.draw_face(body.moved(0, -HEADS + 0.5, tilt=rng.normal(0, 0.06)), look)


def _dress(look: Look, rng: np.random.Generator) -> Clothes:
    covered = look.style == "hijab"  # goes with long sleeves and trousers
    cuts = ("jacket", "coat", "hoodie") if covered else _CUTS
    return Clothes(
        skin=look.skin,
        top=shade(pick(rng, CLOTH), rng.uniform(0.85, 1.1)),
        bottom=shade(pick(rng, TROUSERS), rng.uniform(0.85, 1.15)),
        shoes=pick(rng, SHOES),
        cut=pick(rng, cuts),
        legs="trousers" if covered else pick(rng, ("trousers", "trousers", "trousers", "shorts", "skirt")),
        wide=rng.uniform(0.44, 0.54),
    )


def _legs(pen: Pen, look: Clothes, stride: float) -> None:
    bare = look.legs != "trousers" or look.cut == "dress"
    for side, tone in ((-1, 0.9), (1, 1.0)):
        x, foot = side * 0.2, side * (0.17 + stride)
        colour = shade(look.skin if bare else look.bottom, tone)
        pen.line([(x, _HIP + 0.1), ((x + foot) / 2 + 0.02, -0.65), (foot, -0.12)], 0.25 if bare else 0.31, colour)
        pen.curve(
            [(foot - 0.15, -0.16), (foot + 0.02, -0.2), (foot + 0.3, -0.07), (foot + 0.28, 0.02), (foot - 0.15, 0.02)],
            shade(look.shoes, tone),
        )
        if look.legs == "shorts":
            pen.line([(x, _HIP + 0.1), ((x + foot) / 2 + 0.01, -0.8)], 0.36, shade(look.bottom, tone))
    if look.legs == "skirt":
        pen.poly([(-0.36, _HIP - 0.1), (0.36, _HIP - 0.1), (0.52, -0.72), (-0.52, -0.72)], look.bottom)
    else:
        pen.curve([(-0.36, _HIP - 0.12), (0.36, _HIP - 0.12), (0.36, _HIP + 0.22), (-0.36, _HIP + 0.22)], look.bottom)


def _torso(pen: Pen, look: Clothes) -> None:
    w, hem = look.wide, {"coat": -0.72, "dress": -0.7}.get(look.cut, -1.2)
    skirted = hem > -1
    flare = 0.58 if look.cut == "dress" else 0.46
    low = flare if skirted else 0.41
    pen.curve(
        [
            (-0.16, _SHOULDER - 0.12),
            (0.16, _SHOULDER - 0.12),
            (w, _SHOULDER + 0.02),
            (w * 0.92, -1.9),
            (0.38, -1.55),
            (low, hem),
            (0, hem + 0.05),
            (-low, hem),
            (-0.38, -1.55),
            (-w * 0.92, -1.9),
            (-w, _SHOULDER + 0.02),
        ],
        look.top,
    )
    # A soft shadow on the side away from the light.
    pen.curve(
        [
            (w * 0.55, _SHOULDER),
            (w, _SHOULDER + 0.04),
            (w * 0.92, -1.9),
            (0.38, -1.55),
            (low, hem),
            (low * 0.62, hem),
            (0.2, -1.6),
        ],
        (20, 16, 40, 34),
    )
    if look.cut == "stripes":
        for y in (-2.16, -1.92, -1.68, -1.44):
            pen.line([(-w * 0.8, y), (0, y + 0.04), (w * 0.8, y)], 0.07, shade(look.top, 0.68))
    if look.cut in ("jacket", "coat"):
        pen.poly(
            [(-0.13, _SHOULDER - 0.12), (0.13, _SHOULDER - 0.12), (0.08, hem + 0.03), (-0.08, hem + 0.03)],
            (238, 234, 226) if sum(look.top[:3]) < 560 else (84, 96, 120),
        )
        pen.line([(-0.15, _SHOULDER - 0.08), (-0.08, hem + 0.02)], 0.035, shade(look.top, 0.7))
        pen.line([(0.15, _SHOULDER - 0.08), (0.08, hem + 0.02)], 0.035, shade(look.top, 0.7))
    if look.cut == "dress":
        pen.line([(-0.36, -1.52), (0, -1.47), (0.36, -1.52)], 0.09, shade(look.top, 0.7))


def _collar(pen: Pen, look: Clothes) -> None:
    if look.cut == "hoodie":
        pen.arc(0, _SHOULDER - 0.14, 0.3, 0.16, 10, 170, 0.13, shade(look.top, 0.8))
        for x in (-0.08, 0.08):
            pen.line([(x, _SHOULDER + 0.06), (x, _SHOULDER + 0.34)], 0.03, (240, 240, 236))
    else:
        pen.arc(0, _SHOULDER - 0.14, 0.19, 0.12, 10, 170, 0.045, shade(look.top, 0.8))


def _arm(pen: Pen, look: Clothes, pose: str) -> None:
    """Draw the arm on the pen's positive side."""
    x = look.wide - 0.06
    elbow, hand = {
        "down": ((x + 0.14, -1.85), (x + 0.12, -1.3)),
        "hip": ((x + 0.34, -1.85), (x - 0.06, -1.5)),
        "wave": ((x + 0.3, -1.82), (x + 0.42, -2.3)),  # below the chin of whoever stands close
        "phone": ((x + 0.12, -1.8), (x - 0.22, -2.02)),
        "bag": ((x + 0.13, -1.82), (x + 0.12, -1.3)),
        "pocket": ((x + 0.2, -1.86), (x - 0.02, -1.36)),
    }[pose]
    tone = shade(look.top, 0.88)
    shoulder = (x - 0.02, _SHOULDER + 0.12)
    if pose != "pocket":
        pen.blob(*hand, 0.11, 0.11, look.skin)
    if look.cut in ("tee", "dress"):
        pen.line([shoulder, elbow, hand], 0.17, look.skin)
        pen.line([shoulder, ((shoulder[0] + elbow[0]) / 2, (shoulder[1] + elbow[1]) / 2)], 0.26, tone)
    else:
        wrist = tuple(h + (e - h) * 0.12 for h, e in zip(hand, elbow, strict=True))
        pen.line([shoulder, elbow, wrist], 0.24, tone)
    if pose == "bag":
        pen.arc(hand[0], hand[1] + 0.16, 0.12, 0.2, 180, 360, 0.035, (70, 50, 44))
        pen.curve(
            [
                (hand[0] - 0.2, hand[1] + 0.18),
                (hand[0] + 0.2, hand[1] + 0.18),
                (hand[0] + 0.24, hand[1] + 0.55),
                (hand[0] - 0.24, hand[1] + 0.55),
            ],
            shade(look.shoes, 1.15),
        )
    if pose == "phone":
        pen.moved(hand[0] - 0.03, hand[1] - 0.08, tilt=-0.3).box(-0.08, -0.16, 0.08, 0.14, (36, 40, 52))
