"""A pen that draws smooth shapes in its own moved, scaled, mirrored and tilted coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, ...]  # red, green, blue and, if wanted, opacity, 0 to 255
Points = Sequence[tuple[float, float]]

_TURN = np.linspace(0, 2 * math.pi, 28, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)  # (28, 2)
_STEPS = np.linspace(0, 1, 6, endpoint=False)[:, None, None]  # points between two knots of a curve


def shade(colour: Colour, factor: float) -> Colour:
    """Return a darker (factor < 1) or lighter (factor > 1) colour, clipped to 0..255; opacity stays."""
    return tuple(max(0, min(255, round(c * factor))) for c in colour[:3]) + tuple(colour[3:])


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour that lies `share` (0 to 1) of the way from the first to the second."""
    return tuple(round(a + (b - a) * share) for a, b in zip(first[:3], second[:3], strict=True))


def smooth(knots: Points) -> np.ndarray:
    """Return a closed Catmull-Rom curve through the knots, shape (6 * len(knots), 2)."""
    p = np.asarray(knots, dtype=float)
    before, after, later = np.roll(p, 1, 0), np.roll(p, -1, 0), np.roll(p, -2, 0)
    t = _STEPS
    curve = 0.5 * (
        2 * p
        + (after - before) * t
        + (2 * before - 5 * p + 4 * after - later) * t**2
        + (3 * p - before - 3 * after + later) * t**3
    )  # (6, K, 2)
    return curve.transpose(1, 0, 2).reshape(-1, 2)


class Pen:
    """Draws on an image in units of its own; y points down.

    Args:
        image: An RGB picture; colours with an opacity are blended.
        x, y: Where the pen's origin lies, in pixels.
        unit: Pixels per unit of the pen's coordinates.
        tilt: Radians, clockwise.
        flip: 1, or -1 to mirror left and right.
    """

    def __init__(
        self, image: Image.Image, x: float = 0, y: float = 0, unit: float = 1, tilt: float = 0, flip: int = 1
    ) -> None:
        self.image, self.x, self.y, self.unit, self.tilt, self.flip = image, x, y, unit, tilt, flip
        self._draw = ImageDraw.Draw(image, "RGBA")
        cos, sin = math.cos(tilt) * unit, math.sin(tilt) * unit
        self._matrix = np.array([[cos * flip, sin * flip], [-sin, cos]])

    def moved(self, x: float, y: float, tilt: float = 0, flip: int = 1) -> Pen:
        """Return a pen whose origin lies at a point of this one, turned and mirrored further."""
        ((px, py),) = self.pixels([(x, y)])
        return Pen(self.image, px, py, self.unit, self.tilt + tilt, self.flip * flip)

    def pixels(self, points: Points | np.ndarray) -> list[tuple[float, float]]:
        """Return points of this pen in pixels of the image."""
        return list(map(tuple, (np.asarray(points, dtype=float) @ self._matrix + (self.x, self.y)).tolist()))

    def poly(self, points: Points | np.ndarray, fill: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon(self.pixels(points), fill=fill)

    def curve(self, knots: Points, fill: Colour) -> None:
        """Fill the smooth closed shape through the knots."""
        self.poly(smooth(knots), fill)

    def blob(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """Fill an ellipse by centre and radii."""
        self.poly(_CIRCLE * (rx, ry) + (x, y), fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """Fill a rectangle."""
        self.poly([(left, top), (right, top), (right, bottom), (left, bottom)], fill)

    def line(self, points: Points, width: float, fill: Colour) -> None:
        """Draw an open line with round joints and ends; a limb when it is thick."""
        pixels, thick = self.pixels(points), max(1, round(width * self.unit))
        self._draw.line(pixels, fill=fill, width=thick, joint="curve")
        if thick > 3:
            r = (thick - 1) / 2
            for px, py in (pixels[0], pixels[-1]):
                self._draw.ellipse((px - r, py - r, px + r, py + r), fill=fill)

    def arc(
        self, x: float, y: float, rx: float, ry: float, start: float, end: float, width: float, fill: Colour
    ) -> None:
        """Draw a part of an ellipse as a line; angles in degrees, clockwise from three o'clock."""
        turn = np.radians(np.linspace(start, end, 9))
        self.line(np.stack([x + rx * np.cos(turn), y + ry * np.sin(turn)], axis=1), width, fill)
