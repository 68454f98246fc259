"""RandAugment from timm, at every magnitude that papers name. Imports torch: for worker processes only."""

from __future__ import annotations

from PIL import Image
from timm.data.auto_augment import RandAugment, rand_augment_transform

# What a turned picture leaves bare: ImageNet's mean colour.
FILL = (124, 116, 104)
# Google's scale, on which 10 is each operation's full range and the V2 paper goes to 25. Unasked, timm stops at 10.
HIGHEST = 30


def rand_augment(magnitude: int) -> list[RandAugment]:
    """Return RandAugment (Cubuk et al. 2019) as a list of one, or of none for magnitude 0.

    Two operations a picture, each left out half of the time, stronger as the magnitude grows.

    Args:
        magnitude: 0 to 30, on the scale of Tan and Le 2021.
    """
    if not magnitude:
        return []
    settings = {"img_mean": FILL, "interpolation": Image.Resampling.BILINEAR}
    policy = rand_augment_transform(f"rand-m{magnitude}-mstd0.5-mmax{HIGHEST}-inc1", settings)
    for op in policy.ops:
        if op.name == "PosterizeIncreasing":
            op.level_fn = _bits
    return [policy]


def _bits(level: float, _settings: dict) -> tuple[int]:
    """Keep 4 bits down to 1: timm goes on to 0 and below, which Pillow refuses since it checks."""
    return (max(1, 4 - int(level / 10 * 4)),)
