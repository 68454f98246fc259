"""What is read off a picture: how bright, how rich in contrast, how sharp it is, and when it was taken."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image

from core.images.decode import open_dated
from core.images.previews import LONG_SIDE

# All pictures are brought to this long side, so that sharpness does not depend on the resolution: a larger one hides
# less blur, but more pictures would have to be enlarged, which makes them look blurred.
SIDE = 512
FIRST_YEAR = 1826  # Niépce's view from the window
_DATE = re.compile(r"(\d{4})[:\-/](\d\d)[:\-/](\d\d)[ T](\d\d):(\d\d):(\d\d)", re.ASCII)
_UNSET = {datetime(year, 1, 1, tzinfo=UTC) for year in (1970, 1980)}  # where clocks begin that nobody ever set


@dataclass(frozen=True)
class Measures:
    """One picture.

    Attributes:
        brightness: Mean luma, 0 black to 1 white.
        contrast: Standard deviation of the luma, 0 for one grey to 0.5 for half black, half white.
        sharpness: Variance of the Laplacian of the luma (0..255), 0 for one grey; hundreds where edges are sharp.
            Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy".
        taken: What the camera's clock said, read as UTC: EXIF's DateTimeOriginal, or, where that names no date that can
            be true, DateTime, which an editor may have set anew; None without either.
    """

    brightness: float
    contrast: float
    sharpness: float
    taken: datetime | None


def measure(source: Path | str | bytes) -> Measures:
    """Measure a picture file, or its content.

    Raises:
        ImageError: If it can't be read.
    """
    return measured(*open_dated(source, LONG_SIDE))


def measured(picture: Image.Image, dates: Sequence[object]) -> Measures:
    """Measure what `open_dated` returned for `LONG_SIDE`: another reduction gives slightly other figures."""
    grey = _grey(picture)
    counts = np.asarray(grey.histogram(), dtype=np.float64)
    levels = np.arange(256) / 255
    mean = float(counts @ levels / counts.sum())
    spread = float(counts @ (levels - mean) ** 2 / counts.sum())
    taken = next((found for found in map(date_taken, dates) if found is not None), None)
    # Rounded, or pictures of one grey would differ in the last bits of nothing.
    return Measures(round(mean, 6), round(math.sqrt(spread), 6), round(_sharpness(grey), 4), taken)


def _sharpness(grey: Image.Image) -> float:
    luma = np.pad(np.asarray(grey, dtype=np.int16), 1, mode="edge")
    # In place: most of the time went into the system's handing out of memory.
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1]
    laplacian += luma[1:-1, :-2]
    laplacian += luma[1:-1, 2:]
    laplacian -= 4 * luma[1:-1, 1:-1]
    return float(laplacian.var(dtype=np.float32))


def date_taken(text: object, now: datetime | None = None) -> datetime | None:
    """Return the time that an EXIF date says; None for what is no date, before photography or after now.

    Args:
        now: The present, for tests. A day more is allowed, since EXIF dates name no time zone.
    """
    if isinstance(text, bytes):
        text = text.decode("ascii", "replace")
    match = _DATE.match(text.strip()) if isinstance(text, str) else None
    if match is None:
        return None
    try:
        found = datetime(*map(int, match.groups()), tzinfo=UTC)
    except ValueError:  # a 13th month, a 25th hour
        return None
    latest = (now or datetime.now(UTC)) + timedelta(days=1)
    return found if found.year >= FIRST_YEAR and found <= latest and found not in _UNSET else None


def _grey(picture: Image.Image) -> Image.Image:
    """Return a picture's luma with `SIDE` as its long side."""
    grey = picture.convert("L")
    scale = SIDE / max(grey.size)
    size = tuple(max(1, round(side * scale)) for side in grey.size)
    # Averages of all pixels where it gets smaller, or a fine pattern would come out as whatever it hits.
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    return grey if size == grey.size else grey.resize(size, how)
