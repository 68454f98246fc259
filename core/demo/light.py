"""Day, dusk and night: the sky's colours, and what light and lens do to a finished drawing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageFilter

from core.demo.palette import pick
from core.demo.pen import Colour


@dataclass
class Mood:
    """A time of day, and the lamps that the scene puts up.

    Attributes:
        sky: Colours at the top and at the horizon.
        tint: What white turns into, per channel, 1 = unchanged.
        lit: Whether lamps and windows shine.
        lamps: (x, y, radius, colour) in units; they glow when `lit`.
    """

    sky: tuple[Colour, Colour]
    tint: tuple[float, float, float]
    lit: bool = False
    lamps: list[tuple[float, float, float, Colour]] = field(default_factory=list)


_MOODS = (
    (0.38, ((110, 176, 232), (214, 236, 248)), (1.0, 1.0, 1.0), False),
    (0.14, ((150, 200, 226), (246, 240, 220)), (1.06, 1.02, 0.93), False),
    (0.14, ((176, 188, 200), (222, 226, 230)), (0.9, 0.93, 0.97), False),
    (0.12, ((238, 170, 130), (252, 222, 170)), (1.06, 0.92, 0.8), False),
    (0.12, ((92, 84, 150), (240, 150, 120)), (0.92, 0.8, 0.86), True),
    (0.10, ((22, 28, 66), (62, 70, 122)), (0.68, 0.71, 0.9), True),
)


def draw_mood(rng: np.random.Generator) -> Mood:
    """Return a time of day: mostly day, some dusk, some night."""
    _, sky, tint, lit = _MOODS[int(rng.choice(len(_MOODS), p=[m[0] for m in _MOODS]))]
    return Mood(sky, tuple(float(t * rng.uniform(0.95, 1.04)) for t in tint), lit)


def sky(size: tuple[int, int], mood: Mood, horizon: float) -> Image.Image:
    """Return a picture of only sky, the second colour reached at `horizon` pixels from the top."""
    height = size[1]
    share = np.clip(np.arange(height) / max(1.0, horizon), 0, 1)[:, None]
    column = np.array(mood.sky[0]) * (1 - share) + np.array(mood.sky[1]) * share  # (H, 3)
    return Image.fromarray(column[:, None].round().astype(np.uint8)).resize(size)


def finish(
    drawing: Image.Image, mood: Mood, size: tuple[int, int], units: float, rng: np.random.Generator
) -> Image.Image:
    """Scale a drawing down and put it in its light: tint, lamps, contrast, grain and now and then a soft focus.

    Args:
        drawing: RGB, drawn larger than wanted, so that edges become smooth.
        size: Width and height of the result in pixels.
        units: Pixels of the result per unit of the scene.
    """
    image = drawing.resize(size, Image.Resampling.BOX)
    blur = pick(rng, (0.0, 0.0, 0.0, 0.0, 0.0, 0.45, 0.7))
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur * units))
    pixels = np.asarray(image, dtype=np.float32) * (np.array(mood.tint, np.float32) * _falloff(size, rng))
    if mood.lit:
        for x, y, radius, colour in mood.lamps:
            _glow(pixels, x * units, y * units, radius * units, colour)
    contrast, brightness = rng.uniform(0.88, 1.1), rng.uniform(-10, 10)
    pixels = (pixels - 128) * contrast + 128 + brightness
    grain = rng.choice([0.0, 1.5, 3.0, 5.0], p=[0.35, 0.4, 0.18, 0.07])
    if grain:
        pixels += rng.standard_normal(pixels.shape[:2], dtype=np.float32)[..., None] * grain
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _falloff(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Light that comes from one side and a lens that is darker in the corners, (H, W, 1)."""
    width, height = size
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    light = 1 + rng.uniform(-0.08, 0.08) * x - rng.uniform(0, 0.1) * (x * x + y * y)
    return light[..., None].astype(np.float32)


def _glow(pixels: np.ndarray, x: float, y: float, radius: float, colour: Colour) -> None:
    """Add a lamp's glow to pixels (H, W, 3), in place, only where it reaches."""
    height, width = pixels.shape[:2]
    left, right = max(0, int(x - 2.5 * radius)), min(width, int(x + 2.5 * radius))
    top, bottom = max(0, int(y - 2.5 * radius)), min(height, int(y + 2.5 * radius))
    if left >= right or top >= bottom:
        return
    dx = (np.arange(left, right, dtype=np.float32)[None, :] - x) / radius
    dy = (np.arange(top, bottom, dtype=np.float32)[:, None] - y) / radius
    pixels[top:bottom, left:right] += np.exp(-(dx * dx + dy * dy))[..., None] * np.array(colour[:3], np.float32) * 0.6
