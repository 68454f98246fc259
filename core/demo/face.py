"""Draws heads: hair, hats, glasses, beards, scarves, and masks worn well or at the chin.

Coordinates are heads: the origin is the middle of the head, the chin at 0.5, the crown at -0.5. A
look that faces sideways is drawn to the pen's right; the pen may be mirrored.
"""

from __future__ import annotations

from core.demo.look import Look
from core.demo.mask import draw_mask
from core.demo.pen import Colour, Pen, mix, shade

_SKULL = [
    (0, -0.5),
    (0.3, -0.42),
    (0.43, -0.12),
    (0.4, 0.18),
    (0.24, 0.42),
    (0, 0.5),
    (-0.24, 0.42),
    (-0.4, 0.18),
    (-0.43, -0.12),
    (-0.3, -0.42),
]
_WHITE: Colour = (250, 250, 248)
_DARK: Colour = (44, 34, 36)


def draw_behind(pen: Pen, look: Look) -> None:
    """Draw the hair that falls behind the shoulders."""
    dark = shade(look.hair, 0.82)
    if look.style == "long":
        pen.curve(
            [(0, -0.5), (0.46, -0.3), (0.5, 0.3), (0.46, 0.95), (0, 1.02), (-0.46, 0.95), (-0.5, 0.3), (-0.46, -0.3)],
            dark,
        )
    if look.style == "bob":
        pen.curve([(0, -0.5), (0.46, -0.3), (0.52, 0.3), (0.34, 0.5), (-0.34, 0.5), (-0.52, 0.3), (-0.46, -0.3)], dark)
    if look.style == "hijab":
        pen.curve(
            [(0, -0.55), (0.46, -0.32), (0.5, 0.3), (0.58, 0.85), (0, 1.0), (-0.58, 0.85), (-0.5, 0.3), (-0.46, -0.32)],
            shade(look.cloth, 0.85),
        )


def draw_neckwear(pen: Pen, look: Look) -> None:
    """Draw what lies on the shoulders: the scarf, and the hijab's fold."""
    if look.style == "hijab":
        pen.curve([(-0.36, 0.42), (0, 0.56), (0.36, 0.42), (0.5, 0.8), (0, 0.98), (-0.5, 0.8)], look.cloth)
    if look.scarf:
        colour = shade(look.cloth, 0.92)
        pen.curve([(-0.36, 0.5), (0, 0.6), (0.36, 0.5), (0.42, 0.7), (0.2, 0.82), (-0.2, 0.82), (-0.42, 0.7)], colour)
        pen.poly([(0.1, 0.7), (0.3, 0.68), (0.34, 1.25), (0.12, 1.28)], shade(colour, 0.88))


def draw_face(pen: Pen, look: Look) -> None:
    """Draw the head in front of everything."""
    side = look.turn >= 1
    shift = 0.22 * look.turn
    if look.style == "curly":
        for x, y in ((-0.3, -0.3), (0, -0.46), (0.3, -0.3), (-0.46, -0.05), (0.46, -0.05), (-0.2, -0.44), (0.2, -0.44)):
            pen.blob(x * 1.05, y * 1.05, 0.24, 0.24, look.hair)
    if look.style == "bun":
        pen.blob(-0.1 * look.turn, -0.6, 0.19, 0.17, look.hair)
    for x in (-0.43, 0.43) if look.turn < 0.4 else (-0.43,) if not side else ():
        pen.blob(x, 0.03, 0.07, 0.11, shade(look.skin, 0.9))
    pen.curve(_SKULL, look.skin)
    pen.curve(
        [(0.1, -0.48), (0.3, -0.42), (0.43, -0.12), (0.4, 0.18), (0.24, 0.42), (0, 0.5), (0.22, 0.2)], (60, 20, 30, 24)
    )
    _features(pen, look, shift, side)
    if look.beard:
        _beard(pen, look, shift)
    if look.wears in ("mask", "chin"):
        draw_mask(pen, look, shift, side)
    _hair(pen, look, side)
    _extras(pen, look, shift, side)


def _features(pen: Pen, look: Look, shift: float, side: bool) -> None:
    eyes = (0.24,) if side else (-0.17 + shift, 0.17 + shift * 0.9)
    brow = shade(look.hair, 0.75) if look.style != "hijab" else _DARK
    for x in eyes:
        pen.blob(x, -0.05, 0.075, 0.06, _WHITE)
        pen.blob(x + 0.08 * look.turn * 0.4, -0.045, 0.045, 0.052, _DARK)
        pen.line([(x - 0.08, -0.16), (x, -0.19), (x + 0.08, -0.165)], 0.035, brow)
    if side:  # the nose stands out of the silhouette
        pen.curve([(0.36, -0.04), (0.42, 0.0), (0.53, 0.12), (0.48, 0.17), (0.36, 0.18)], look.skin)
    else:
        x = shift * 1.3
        pen.line([(x + 0.01, 0.0), (x + 0.05, 0.11), (x - 0.02, 0.13)], 0.032, shade(look.skin, 0.74))
        for cheek in (-0.25 + shift, 0.25 + shift * 0.7):
            pen.blob(cheek, 0.12, 0.08, 0.055, (230, 90, 90, 50))
    if look.wears != "mask":
        _lips(pen, look, 0.3 if side else shift * 1.15)


def _lips(pen: Pen, look: Look, x: float) -> None:
    lips = mix(look.skin, (160, 30, 50), 0.62)
    if look.mouth == "open":
        pen.curve([(x - 0.12, 0.24), (x, 0.22), (x + 0.12, 0.24), (x + 0.07, 0.35), (x - 0.07, 0.35)], (112, 28, 36))
        pen.box(x - 0.08, 0.24, x + 0.08, 0.27, _WHITE)
    elif look.mouth == "smile":
        pen.curve([(x - 0.16, 0.2), (x, 0.27), (x + 0.15, 0.2), (x + 0.08, 0.32), (x - 0.08, 0.33)], lips)
        pen.line([(x - 0.11, 0.24), (x, 0.275), (x + 0.1, 0.24)], 0.03, _WHITE)
    else:
        pen.line([(x - 0.11, 0.27), (x, 0.255), (x + 0.1, 0.27)], 0.055, lips)


def _beard(pen: Pen, look: Look, shift: float) -> None:
    hair = shade(look.hair, 0.9)
    pen.curve(
        [
            (-0.41, 0.08),
            (-0.3, 0.2),
            (-0.18 + shift, 0.19),
            (shift, 0.165),
            (0.18 + shift, 0.19),
            (0.32, 0.2),
            (0.41, 0.08),
            (0.37, 0.32),
            (0.22, 0.52),
            (0, 0.58),
            (-0.22, 0.52),
            (-0.37, 0.32),
        ],
        hair,
    )
    if look.wears != "mask":
        x = shift * 1.1
        pen.curve([(x - 0.11, 0.28), (x, 0.25), (x + 0.11, 0.28), (x, 0.36)], mix(look.skin, (180, 60, 70), 0.5))


def _hair(pen: Pen, look: Look, side: bool) -> None:
    if look.style == "hijab":
        pen.curve(
            [
                (0, -0.55),
                (0.34, -0.45),
                (0.47, -0.1),
                (0.43, 0.3),
                (0.36, 0.1),
                (0.33, -0.14),
                (0.18, -0.32),
                (0, -0.36),
                (-0.18, -0.32),
                (-0.33, -0.14),
                (-0.36, 0.1),
                (-0.43, 0.3),
                (-0.47, -0.1),
                (-0.34, -0.45),
            ],
            look.cloth,
        )
        return
    if look.style == "bald":
        return
    if side:
        pen.curve(
            [
                (0.36, -0.3),
                (0.2, -0.52),
                (-0.1, -0.56),
                (-0.42, -0.36),
                (-0.5, 0.0),
                (-0.42, 0.3),
                (-0.26, 0.26),
                (-0.2, 0.02),
                (-0.04, -0.06),
                (0.04, -0.24),
                (0.22, -0.26),
            ],
            look.hair,
        )
        pen.blob(-0.12, 0.05, 0.06, 0.1, shade(look.skin, 0.92))
        return
    fringe = -0.2 if look.style in ("long", "bob") else -0.28
    pen.curve(
        [
            (-0.44, -0.02),
            (-0.48, -0.3),
            (-0.26, -0.54),
            (0.05, -0.58),
            (0.34, -0.5),
            (0.49, -0.26),
            (0.44, -0.02),
            (0.37, -0.2),
            (0.2, fringe - 0.06),
            (-0.08, fringe),
            (-0.26, fringe - 0.04),
            (-0.37, -0.18),
        ],
        look.hair,
    )
    pen.arc(-0.05, -0.3, 0.28, 0.18, 205, 285, 0.03, mix(look.hair, _WHITE, 0.25))
    if look.style in ("long", "bob"):
        drop = 0.5 if look.style == "long" else 0.28
        for x in (-1, 1):
            pen.curve(
                [
                    (x * 0.36, -0.24),
                    (x * 0.48, -0.2),
                    (x * 0.5, 0.1),
                    (x * 0.46, drop),
                    (x * 0.4, drop),
                    (x * 0.41, 0.0),
                ],
                look.hair,
            )


def _extras(pen: Pen, look: Look, shift: float, side: bool) -> None:
    if look.glasses:
        glass = (28, 28, 36, 235) if look.glasses == "dark" else (230, 240, 250, 70)
        eyes = (0.24,) if side else (-0.17 + shift, 0.17 + shift * 0.9)
        for x in eyes:
            pen.blob(x, -0.05, 0.125, 0.105, glass)
            pen.arc(x, -0.05, 0.125, 0.105, 0, 360, 0.026, _DARK)
        pen.line([(eyes[0] - 0.12, -0.07), (-0.2 if side else -0.42, -0.09)], 0.026, _DARK)
    if look.hat and look.style not in ("hijab", "bun"):
        _hat(pen, look, side)


def _hat(pen: Pen, look: Look, side: bool) -> None:
    dome = [
        (-0.47, -0.2),
        (-0.42, -0.48),
        (-0.18, -0.66),
        (0.18, -0.66),
        (0.42, -0.48),
        (0.47, -0.2),
        (0.2, -0.25),
        (-0.2, -0.25),
    ]
    if look.hat == "sun":
        pen.curve([(-0.78, -0.2), (0, -0.36), (0.78, -0.2), (0, -0.13)], mix(look.cloth, (236, 214, 160), 0.7))
    pen.curve(dome, mix(look.cloth, (236, 214, 160), 0.7) if look.hat == "sun" else look.cloth)
    if look.hat == "cap":
        x = 0.34 if side else 0.08 + 0.2 * look.turn
        pen.curve(
            [(x - 0.36, -0.25), (x, -0.33), (x + 0.38, -0.24), (x + 0.2, -0.15), (x - 0.2, -0.15)],
            shade(look.cloth, 0.75),
        )
    elif look.hat == "beanie":
        pen.line([(-0.44, -0.24), (0, -0.28), (0.44, -0.24)], 0.15, shade(look.cloth, 0.82))
        pen.blob(0, -0.7, 0.11, 0.11, _WHITE)
    else:
        pen.line([(-0.43, -0.3), (0, -0.36), (0.43, -0.3)], 0.08, shade(look.cloth, 0.7))
