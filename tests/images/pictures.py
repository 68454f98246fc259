"""Pictures made in memory, each with a known look."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

LEFT, RIGHT = (200, 30, 30), (30, 30, 200)


def halves(width: int = 40, height: int = 20) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), LEFT)
    image.paste(RIGHT, (width // 2, 0, width, height))
    return image


def noise(seed: int, width: int = 64, height: int = 48) -> Image.Image:
    """A picture that no other seed makes; it compresses badly, so a cut in its file is a cut in its pixels."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()
