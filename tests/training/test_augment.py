"""RandAugment's strength, by what it does to pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from core.training.augment import rand_augment
from core.training.batches import seed_all, train_transform
from core.training.recipe import Recipe

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 24, 3), dtype=np.uint8))


def operation(magnitude: int, name: str):
    (policy,) = rand_augment(magnitude)
    (found,) = [op for op in policy.ops if op.name == name]
    return found


def test_magnitude_nought_does_nothing():
    assert rand_augment(0) == []


@pytest.mark.parametrize("magnitude", [1, 10, 15, 20, 30])
def test_every_operation_takes_a_picture_at_every_magnitude(magnitude):
    """At magnitude 10, timm's posterize asked Pillow for 0 bits: ValueError in the middle of a training."""
    (policy,) = rand_augment(magnitude)
    for op in policy.ops:
        op.prob = 1.0
        for seed in range(5):
            seed_all(seed)
            assert op(PICTURE).size == PICTURE.size


@pytest.mark.parametrize(("magnitude", "bits"), [(1, 4), (5, 2), (10, 1), (20, 1)])
def test_posterize_keeps_fewer_bits_up_to_one(magnitude, bits):
    op = operation(magnitude, "PosterizeIncreasing")
    op.prob, op.magnitude_std = 1.0, 0
    kept = {int(v) for v in np.unique(np.asarray(op(PICTURE)))}
    assert kept == {v << (8 - bits) for v in range(2**bits)}


def test_magnitudes_above_ten_are_stronger_than_ten():
    """timm stops at 10 unless told otherwise: the schedules' 10 and 20 were the same."""

    def turn(magnitude: int) -> float:
        op, degrees = operation(magnitude, "Rotate"), []
        op.prob, op.magnitude_std = 1.0, 0
        op.aug_fn = lambda picture, angle, **_: degrees.append(abs(angle))
        op(PICTURE)
        return degrees[0]

    assert [turn(m) for m in (5, 10, 20)] == [15.0, 30.0, 60.0]  # thirty degrees at ten, in proportion


def test_a_picture_that_is_not_square_keeps_its_shape_with_ratio_one():
    """A ratio around 1 cut a square out of a wide picture and stretched it to the wide size."""
    wide = np.zeros((20, 40, 3), np.uint8)
    wide[:, :, 0] = np.arange(40) * 6  # left to right: what is cut away at the sides is missed
    recipe = Recipe(model="m", size=(20, 40), scale=(1.0, 1.0), ratio=(1.0, 1.0), hflip=0.0, color_jitter=0.0)
    out = train_transform(recipe)(torch.from_numpy(wide).permute(2, 0, 1))
    assert np.array_equal(np.asarray(out), wide.transpose(2, 0, 1))


def test_rand_augment_replaces_colour_jitter():
    kinds = [type(part).__name__ for part in train_transform(Recipe(model="m", rand_augment=20)).transforms]
    assert "RandAugment" in kinds
    assert not any("Jitter" in str(part) for part in train_transform(Recipe(model="m", rand_augment=20)).transforms)
    assert any("Jitter" in str(part) for part in train_transform(Recipe(model="m", color_jitter=0.2)).transforms)
