"""Batches whose every random number follows from (seed, epoch, place): any worker count and any resume give the same.

Imports torch: for worker processes only.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from PIL import Image
from timm.data import create_transform
from torch.utils.data import DataLoader, Dataset

from core.training.pictures import Pictures
from core.training.recipe import Recipe
from core.training.rundir import Known


def seed_all(*parts: int) -> None:
    """Set Python's, NumPy's and torch's random numbers from a few integers."""
    number = int(np.random.SeedSequence(parts).generate_state(1)[0])
    random.seed(number)
    np.random.seed(number)
    torch.default_generator.manual_seed(number)  # torch.manual_seed visits every backend: 100 us a picture
    if torch.cuda.is_initialized() and not torch.cuda._is_in_bad_fork():
        torch.cuda.manual_seed_all(number)
    elif torch.backends.mps.is_available():
        torch.mps.manual_seed(number)


class TrainSet(Dataset):
    """Augmented pictures; addressed by (epoch, place)."""

    def __init__(self, pictures: Pictures, cells: Sequence[Known], recipe: Recipe) -> None:
        self.pictures, self.cells, self.seed = pictures, cells, recipe.seed
        self.transform = train_transform(recipe)

    def __len__(self) -> int:
        return len(self.cells)

    def __getitem__(self, where: tuple[int, int]) -> tuple[torch.Tensor, int]:
        """Return a uint8 picture (3, H, W) and its class code."""
        epoch, place = where
        seed_all(self.seed, epoch, place)
        cell = self.cells[place]
        return self.transform(Image.fromarray(self.pictures[cell.image_id])), cell.value


class EpochBatches:
    """A batch sampler that can start anywhere: at batch `start` of epoch `epoch`."""

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        self.count, self.batch_size, self.seed = count, min(batch_size, count), seed
        # One picture alone has no batch statistics, and its gradient is the noisiest: left out this epoch.
        self.drop_last = count % self.batch_size == 1 and count > 1
        self.epoch, self.start = 0, 0

    def __len__(self) -> int:
        return self.count // self.batch_size + (self.count % self.batch_size > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(self.count).tolist()
        for n in range(self.start, len(self)):
            yield [(self.epoch, i) for i in order[n * self.batch_size : (n + 1) * self.batch_size]]


def train_transform(recipe: Recipe):
    """Return timm's training transform: PIL picture in, uint8 tensor (3, H, W) out; normalized later, on the device."""
    return create_transform(
        (3, *recipe.pixels),
        is_training=True,
        scale=recipe.scale,
        ratio=recipe.ratio,
        hflip=recipe.hflip,
        color_jitter=recipe.color_jitter or None,
        auto_augment=f"rand-m{recipe.rand_augment}-mstd0.5-inc1" if recipe.rand_augment else None,
        interpolation="bilinear",
        use_prefetcher=True,
    )


def train_loader(pictures: Pictures, cells: Sequence[Known], recipe: Recipe, workers: int) -> DataLoader:
    """Return the loader of one run; set `batch_sampler.epoch` and `.start` before each pass."""
    return DataLoader(
        TrainSet(pictures, cells, recipe),
        batch_sampler=EpochBatches(len(cells), recipe.batch_size, recipe.seed),
        num_workers=workers,
        persistent_workers=workers > 0,
        # Children only read pictures; started any other way they would need the open database handed over.
        multiprocessing_context="fork" if workers else None,
        pin_memory=torch.cuda.is_available(),
    )


def plain_batches(pictures: Pictures, ids: Sequence[int], batch_size: int) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Yield image ids and their pictures (B, 3, H, W) uint8, in order, unchanged."""
    for start in range(0, len(ids), batch_size):
        part = list(ids[start : start + batch_size])
        yield part, torch.from_numpy(np.stack([pictures[i] for i in part])).permute(0, 3, 1, 2)


class Normalize:
    """Uint8 pictures to the floats a network wants, on the device they are computed on."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], device: torch.device) -> None:
        """
        Args:
            mean, std: Three each, for pictures scaled to 0..1.
        """
        self.device = device
        self.mean = torch.tensor(mean, device=device).view(1, 3, 1, 1) * 255
        self.std = torch.tensor(std, device=device).view(1, 3, 1, 1) * 255

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return (B, 3, H, W) float32 in channels-last layout, the quicker one for convolutions here."""
        pictures = pictures.to(self.device, non_blocking=True)
        return ((pictures.float() - self.mean) / self.std).contiguous(memory_format=torch.channels_last)


def own_normalization(pictures: Pictures, ids: Sequence[int]) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation per channel of pictures scaled to 0..1; some thousand tell enough."""
    total, squares, count = np.zeros(3), np.zeros(3), 0
    for image_id in ids[:: max(1, len(ids) // 2000)]:
        pixels = pictures[image_id].reshape(-1, 3).astype(np.float64) / 255  # (H*W, 3)
        total, squares, count = total + pixels.sum(0), squares + (pixels**2).sum(0), count + len(pixels)
    mean = total / count
    # A set of one colour has no spread; dividing by less would turn compression noise into pictures.
    std = np.sqrt(np.maximum(squares / count - mean**2, 0.0)).clip(min=0.01)
    return [round(float(x), 6) for x in mean], [round(float(x), 6) for x in std]
