"""Laying an activation map over its picture. No torch: the server does this itself."""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.errors import GapwiseError

# Inferno (Smith and van der Walt, 2015) at nine even steps: lightness rises all the way, so it reads the same for
# colour-blind eyes and in print. Warm is strong, as people expect of heat.
_ANCHORS = np.array(
    [
        (0, 0, 4),
        (31, 12, 72),
        (85, 15, 109),
        (136, 34, 106),
        (186, 54, 85),
        (227, 89, 51),
        (249, 140, 10),
        (249, 201, 50),
        (252, 255, 164),
    ],
    dtype=np.float64,
)


def color_table() -> np.ndarray:
    """Return 256 RGB colours, weakest first, shape (256, 3) uint8."""
    steps = np.linspace(0, len(_ANCHORS) - 1, 256)
    channels = [np.interp(steps, np.arange(len(_ANCHORS)), _ANCHORS[:, c]) for c in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)


_TABLE = color_table()


def overlay(image: Image.Image, map_bytes: bytes, height: int, width: int, opacity: float = 0.5) -> Image.Image:
    """Return a picture with its map over it, as large as the picture.

    The colour covers more the stronger the map is: where it is 0 the picture is untouched.

    Args:
        image: Any picture; the map belongs to the whole of it, whatever its aspect.
        map_bytes: height x width uint8, row by row, 255 the strongest.
        opacity: How much the strongest cell covers, 0..1.

    Raises:
        GapwiseError: If the map's bytes don't fit its size.
        ValueError: If the opacity is out of bounds.
    """
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity is {opacity}; expected 0..1")
    if height < 1 or width < 1 or len(map_bytes) != height * width:
        raise GapwiseError(
            f"The stored map has {len(map_bytes)} bytes, but its size is {height} x {width}."
            " Run `python -m core predict` again."
        )
    cells = np.frombuffer(map_bytes, np.uint8).reshape(height, width).astype(np.float32)
    # Bicubic overshoots at peaks, hence the clip.
    smooth = np.asarray(Image.fromarray(cells).resize(image.size, Image.Resampling.BICUBIC)).clip(0, 255)
    rgb = np.asarray(image.convert("RGB"), dtype=np.float32)  # (H, W, 3)
    share = (opacity / 255) * smooth[:, :, None]  # (H, W, 1)
    mixed = rgb * (1 - share) + _TABLE[smooth.astype(np.uint8)] * share
    return Image.fromarray(np.rint(mixed).astype(np.uint8))
