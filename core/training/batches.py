"""Batches whose every random number follows from (seed, epoch, place): any worker count and any resume give the same.

Imports torch: for worker processes only.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import ColorJitter, Compose, InterpolationMode, PILToTensor, RandomAffine, ToPILImage, v2

from core.errors import GapwiseError
from core.training.augment import FILL, rand_augment
from core.training.pictures import Pictures
from core.training.recipe import Recipe
from core.training.rundir import Known

_WORTH_A_WORKER = 100  # pictures of an epoch; starting one takes as long as preparing some dozen pictures
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, what Pillow's "L" is


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
        pixels = np.array(self.pictures[cell.image_id])  # a copy: torch takes no memory that can't be written
        return self.transform(torch.from_numpy(pixels).permute(2, 0, 1)), cell.value


class EpochBatches:
    """A batch sampler that can start anywhere: at batch `start` of epoch `epoch`.

    A batch is what one step learns from. Its pictures are shared out among the processes, and each process takes its
    share in parts, one after another; so the same batches come whatever the number of processes and parts.
    """

    def __init__(self, count: int, batch_size: int, seed: int, parts: int = 1, rank: int = 0, world: int = 1) -> None:
        """
        Args:
            count: Pictures of an epoch.
            parts: In how many parts a process takes its share.
            rank, world: Which process this is, from 0, and how many there are.

        Raises:
            GapwiseError: If there are fewer than two pictures for each process.
        """
        self.count, self.batch_size, self.seed = count, min(batch_size, count), seed
        self.parts, self.rank, self.world = parts, rank, world
        if world > 1 and self.batch_size < 2 * world:
            raise GapwiseError(
                f"A batch of {self.batch_size} pictures is too small for {world} processes: each needs two at least."
                " Choose a larger batch or fewer processes."
            )
        # One picture alone has no batch statistics, and its gradient is the noisiest: left out this epoch.
        rest = count % self.batch_size
        self.drop_last = 0 < rest < 2 * world and count > self.batch_size
        self.epoch, self.start = 0, 0

    def __len__(self) -> int:
        """Return the steps of an epoch."""
        return self.count // self.batch_size + (self.count % self.batch_size > 0 and not self.drop_last)

    def size_of(self, step: int) -> int:
        """Return how many pictures all processes together learn from in a step."""
        return min(self.batch_size, self.count - step * self.batch_size)

    def parts_of(self, step: int) -> int:
        """Return in how many parts each process takes its share of a step: the same number in all of them."""
        smallest = self.size_of(step) // self.world
        return min(self.parts, max(1, smallest // 2))

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(self.count)
        for n in range(self.start, len(self)):
            batch = order[n * self.batch_size : (n + 1) * self.batch_size]
            share = np.array_split(batch, self.world)[self.rank]
            for part in np.array_split(share, self.parts_of(n)):
                yield [(self.epoch, i) for i in part.tolist()]


def train_transform(recipe: Recipe):
    """Return what changes a training picture: uint8 tensor (3, H, W) in and out; normalized later, on the device.

    Crops and flips are torchvision's for tensors, in a third of the time that a Pillow picture takes. What only Pillow
    pictures have (RandAugment, affine changes) or is no slower with them (colours) comes after.
    """
    height, width = recipe.pixels
    ratio = tuple(r * width / height for r in recipe.ratio)  # of the squashed picture: 1 keeps its shape
    crop = v2.RandomResizedCrop((height, width), recipe.scale, ratio, InterpolationMode.BILINEAR, antialias=True)
    flip = [v2.RandomHorizontalFlip(recipe.hflip)] if recipe.hflip else []
    painted = [*_affine(recipe), *rand_augment(recipe.rand_augment), *_color(recipe)]
    return Compose([crop, *flip, *([ToPILImage(), *painted, PILToTensor()] if painted else [])])


def _color(recipe: Recipe) -> list[ColorJitter]:
    # RandAugment changes colours itself.
    strength = 0.0 if recipe.rand_augment else recipe.color_jitter
    return [ColorJitter(strength, strength, strength)] if strength else []


def _affine(recipe: Recipe) -> list[RandomAffine]:
    shift = (recipe.translate, recipe.translate) if recipe.translate else None
    zoom = recipe.zoom if recipe.zoom != (1.0, 1.0) else None
    if not (recipe.rotate or recipe.shear or shift or zoom):
        return []
    return [RandomAffine(recipe.rotate, shift, zoom, recipe.shear or None, InterpolationMode.BILINEAR, fill=FILL)]


def train_loader(
    pictures: Pictures,
    cells: Sequence[Known],
    recipe: Recipe,
    workers: int,
    parts: int = 1,
    rank: int = 0,
    world: int = 1,
) -> DataLoader:
    """Return the loader of one stage of a run; set `batch_sampler.epoch` and `.start` before each pass."""
    return DataLoader(
        TrainSet(pictures, cells, recipe),
        batch_sampler=EpochBatches(len(cells), recipe.batch_size, recipe.seed, parts, rank, world),
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_give_way if workers else None,
        # Children only read pictures; started any other way they would need the open database handed over.
        multiprocessing_context="fork" if workers else None,
        pin_memory=torch.cuda.is_available(),
    )


def loader_workers(device: torch.device, pictures: int, processes: int = 1) -> int:
    """Return how many processes prepare pictures for one that trains.

    None on two cores: the network's own threads have use for both. Measured in turns with `quick-cpu`, against a loop
    whose pictures are in memory already: 0.96 without a process, 0.90 with one or two of them.

    Args:
        pictures: Of an epoch.
        processes: How many train on this machine's cores.
    """
    if device.type == "cuda":
        return 4
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 1 if cores // processes > 2 and pictures >= _WORTH_A_WORKER else 0


def _give_way(_worker: int) -> None:
    """Take only what the network leaves of the cores: a convolution's threads wait for the slowest of them."""
    os.nice(19)


def plain_batches(pictures: Pictures, ids: Sequence[int], batch_size: int) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Yield image ids and their pictures (B, 3, H, W) uint8, in order, unchanged."""
    for start in range(0, len(ids), batch_size):
        part = list(ids[start : start + batch_size])
        yield part, torch.from_numpy(np.stack([pictures[i] for i in part])).permute(0, 3, 1, 2)


class Normalize:
    """Uint8 pictures to the floats a network wants, on the device they are computed on."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], device: torch.device, grey: bool = False) -> None:
        """
        Args:
            mean, std: Three each, for pictures scaled to 0..1.
            grey: Whether to take the colour away: three equal channels of luma.
        """
        self.device = device
        self.luma = torch.tensor(LUMA, device=device).view(1, 3, 1, 1) if grey else None
        self.mean = torch.tensor(mean, device=device).view(1, 3, 1, 1) * 255
        self.std = torch.tensor(std, device=device).view(1, 3, 1, 1) * 255

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return (B, 3, H, W) float32 in channels-last layout, the quicker one for convolutions here."""
        x = pictures.to(self.device, non_blocking=True).float()
        if self.luma is not None:
            x = (x * self.luma).sum(1, keepdim=True).expand(-1, 3, -1, -1)
        return ((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last)


def own_normalization(pictures: Pictures, ids: Sequence[int], grey: bool = False) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation per channel of pictures scaled to 0..1; some thousand tell enough."""
    total, squares, count = np.zeros(3), np.zeros(3), 0
    for image_id in ids[:: max(1, len(ids) // 2000)]:
        pixels = pictures[image_id].reshape(-1, 3).astype(np.float64) / 255  # (H*W, 3)
        if grey:
            pixels = np.repeat(pixels @ np.array(LUMA)[:, None], 3, axis=1)
        total, squares, count = total + pixels.sum(0), squares + (pixels**2).sum(0), count + len(pixels)
    mean = total / count
    # A set of one colour has no spread; dividing by less would turn compression noise into pictures.
    std = np.sqrt(np.maximum(squares / count - mean**2, 0.0)).clip(min=0.01)
    return [round(float(x), 6) for x in mean], [round(float(x), 6) for x in std]
