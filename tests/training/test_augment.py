"""RandAugment's strength, by what it does to pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from core.training.augment import rand_augment
from core.training.batches import seed_all

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
