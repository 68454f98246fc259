"""Colours and small choices that the drawings share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from core.demo.pen import Colour

T = TypeVar("T")

SKIN: tuple[Colour, ...] = (
    (252, 222, 196),
    (244, 204, 170),
    (228, 180, 140),
    (204, 150, 108),
    (168, 116, 78),
    (128, 84, 56),
    (92, 60, 42),
)
HAIR: tuple[Colour, ...] = (
    (34, 28, 30),
    (58, 40, 32),
    (92, 60, 38),
    (140, 90, 48),
    (206, 160, 88),
    (232, 200, 130),
    (176, 72, 40),
    (150, 150, 154),
    (222, 220, 216),
    (120, 70, 120),
)
CLOTH: tuple[Colour, ...] = (
    (214, 72, 66),
    (234, 132, 60),
    (242, 190, 70),
    (92, 168, 96),
    (46, 128, 120),
    (64, 118, 190),
    (44, 66, 120),
    (124, 88, 170),
    (216, 110, 150),
    (240, 234, 220),
    (120, 124, 132),
    (56, 58, 68),
    (156, 110, 76),
    (150, 186, 200),
)
TROUSERS: tuple[Colour, ...] = (
    (48, 62, 98),
    (76, 100, 146),
    (52, 52, 60),
    (110, 98, 84),
    (190, 170, 136),
    (92, 84, 110),
    (74, 92, 78),
)
SHOES: tuple[Colour, ...] = ((40, 36, 40), (236, 236, 236), (120, 72, 48), (200, 70, 64))
MASK: tuple[Colour, ...] = (  # surgical blue and white are what most wear, and what shows on every skin
    (150, 208, 240),
    (150, 208, 240),
    (150, 208, 240),
    (176, 222, 244),
    (176, 222, 244),
    (250, 252, 254),
    (250, 252, 254),
    (250, 252, 254),
    (236, 242, 246),
    (236, 242, 246),
    (160, 226, 206),
    (160, 226, 206),
    (250, 190, 210),
    (96, 140, 216),
    (46, 50, 62),
)
WALL: tuple[Colour, ...] = (
    (222, 184, 150),
    (200, 126, 98),
    (236, 214, 176),
    (176, 190, 196),
    (206, 196, 210),
    (150, 172, 160),
    (232, 170, 140),
    (188, 150, 128),
    (214, 216, 208),
    (144, 160, 190),
)
GROUND: tuple[Colour, ...] = ((196, 190, 182), (180, 182, 188), (208, 192, 170), (168, 164, 160))
LEAF: tuple[Colour, ...] = ((96, 152, 82), (70, 130, 80), (128, 168, 78), (206, 150, 66), (84, 146, 118))


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """Return one of the options, as it is (numpy's `choice` would make an array of it)."""
    return options[int(rng.integers(len(options)))]
