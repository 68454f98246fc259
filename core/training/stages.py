"""Progressive learning: stages in which pictures and regularization grow together. Tan and Le 2021, section 4.

Imports no torch: recipes are checked in the server too.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# What a stage decides; everything else holds for the whole run.
GROWS = ("size", "rand_augment", "dropout", "drop_path", "weight_decay")
SIDES = (8, 2048)
Pixels = Annotated[int, Field(ge=SIDES[0], le=SIDES[1])]
Size = Pixels | tuple[Pixels, Pixels]
_CHECKED = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Stage(BaseModel):
    """One stage, its values written out."""

    model_config = _CHECKED

    epochs: int = Field(ge=1, le=10_000, description="Epochs of this stage")
    size: Size = Field(description="Image size in pixels, or [height, width]")
    rand_augment: int = Field(0, ge=0, le=30, description="RandAugment magnitude, 0 for none")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the classifier")
    drop_path: float = Field(0.0, ge=0, lt=1, description="Stochastic depth")
    weight_decay: float = Field(0.0, ge=0, le=10, description="Weight decay")


class Progressive(BaseModel):
    """Where stages start; they end at the recipe's own values and go there in equal steps."""

    model_config = _CHECKED

    stages: int = Field(4, ge=2, le=50, description="How many stages, of equal length")
    size: Size = Field(description="Image size of the first stage")
    rand_augment: int = Field(0, ge=0, le=30, description="RandAugment magnitude of the first stage")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout of the first stage")
    drop_path: float = Field(0.0, ge=0, lt=1, description="Stochastic depth of the first stage")
    weight_decay: float = Field(0.0, ge=0, le=10, description="Weight decay of the first stage")


def between(start: dict[str, object], end: dict[str, object], count: int) -> list[dict[str, object]]:
    """Return the values of each stage, from `start` to `end` in equal steps (Tan and Le 2021, algorithm 1).

    Args:
        start, end: A value for each of GROWS.
        count: At least 2.
    """
    return [
        {name: _mix(start[name], end[name], i / (count - 1), whole=name in ("size", "rand_augment")) for name in GROWS}
        for i in range(count)
    ]


def boundaries(shares: list[int], epochs: int) -> list[int]:
    """Return the first epoch of each stage when `epochs` are shared out in proportion.

    Args:
        shares: Epochs of each stage as written, at least 1 each; `epochs` may be another sum, for a shortened run.

    Returns:
        Ascending; a stage that a shortened run has no epoch for starts where the next one does.
    """
    total, before, found = sum(shares), 0, []
    for share in shares:
        found.append(round(before * epochs / total))
        before += share
    # The last stage is what the run is measured by: it never vanishes.
    return [min(first, epochs - 1) for first in found]


def resized(size: Size, factor: tuple[float, float]) -> Size:
    """Return a size times a factor for height and width, at least 8 px."""
    height, width = (size, size) if isinstance(size, int) else size
    scaled = max(8, round(height * factor[0])), max(8, round(width * factor[1]))
    return scaled[0] if scaled[0] == scaled[1] else scaled


def _mix(start: object, end: object, share: float, whole: bool) -> object:
    if isinstance(start, int) and isinstance(end, int) and whole:
        return round(start + (end - start) * share)
    if whole:
        first, last = ((v, v) if isinstance(v, int) else v for v in (start, end))
        return tuple(round(a + (b - a) * share) for a, b in zip(first, last, strict=True))
    return start + (end - start) * share
