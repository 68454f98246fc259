from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from core.demo.pen import Pen, mix, shade, smooth


def test_a_shade_is_clipped_and_keeps_its_opacity():
    assert shade((100, 200, 10, 77), 2) == (200, 255, 20, 77)
    assert shade((100, 200, 10), 0.5) == (50, 100, 5)


def test_a_mix_lies_between_its_colours():
    assert mix((0, 0, 0), (100, 200, 40), 0.25) == (25, 50, 10)


def test_a_smooth_curve_passes_through_its_knots():
    knots = [(0, 0), (4, 1), (5, 6), (1, 5)]
    curve = smooth(knots)
    assert curve.shape == (24, 2)
    assert curve[::6] == pytest.approx(np.array(knots, dtype=float))


def test_a_pen_scales_mirrors_tilts_and_moves():
    image = Image.new("RGB", (10, 10))
    assert Pen(image, 5, 7, unit=2).pixels([(1, 2)])[0] == pytest.approx((7, 11))
    assert Pen(image, 5, 7, unit=2, flip=-1).pixels([(1, 2)])[0] == pytest.approx((3, 11))
    # A quarter turn clockwise: what pointed right points down.
    assert Pen(image, tilt=math.pi / 2).pixels([(1, 0)])[0] == pytest.approx((0, 1))
    assert Pen(image, 5, 7, unit=2).moved(1, 1).pixels([(1, 0)])[0] == pytest.approx((9, 9))


def test_a_box_is_filled_in_units():
    image = Image.new("RGB", (20, 20))
    Pen(image, unit=2).box(2, 2, 6, 6, (255, 0, 0))
    assert image.getpixel((8, 8)) == (255, 0, 0)
    assert image.getpixel((2, 2)) == (0, 0, 0)
