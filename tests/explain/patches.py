"""Pictures whose class is decided by a patch at a known place, and small networks that have learned them.

A picture is noise with two striped squares at random places: a grey one that says nothing, and one whose colour is its
class. The last class has the grey one only: without it, a network may well look for all colours but one, and call that
one whatever has none of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from core.models.zoo import build

COLORS = np.array([(2, -1, -1), (-1, 2, -1), (-1, -1, 2), (1.5, 1.5, -1.5)], np.float32)  # red, green, blue, yellow


@dataclass(frozen=True)
class Drawn:
    """Pictures (N, 3, S, S) float32, their classes (N,), and the deciding squares (N, 4): top, left, bottom, right."""

    pictures: torch.Tensor
    classes: torch.Tensor
    boxes: np.ndarray


def draw(
    n: int, size: int = 64, seed: int = 0, share: float = 0.28, blank: bool = False, central: bool = False
) -> Drawn:
    """Return n pictures of size x size px; a square is that share of the side.

    Args:
        blank: Draw some of the last class, too, which have no square that decides.
        central: Put the square that decides in the middle or near it, as a photographer does.
    """
    random = np.random.default_rng(seed)
    side = max(4, round(size * share))
    pixels = random.normal(0, 0.1, (n, 3, size, size)).astype(np.float32)
    pixels += random.uniform(-0.1, 0.1, (n, 3, 1, 1)).astype(np.float32)
    classes, boxes = random.integers(0, len(COLORS) + blank, n), np.zeros((n, 4), int)
    stripes = np.where(np.arange(side) // max(1, side // 6) % 2, 1.0, 0.5).astype(np.float32)
    for i in range(n):
        (top, left), (y, x) = _apart(random, size, side, central)
        if classes[i] < len(COLORS):
            pixels[i, :, top : top + side, left : left + side] = COLORS[classes[i]][:, None, None] * stripes
        pixels[i, :, y : y + side, x : x + side] = 1.5 * stripes
        boxes[i] = top, left, top + side, left + side
    return Drawn(torch.from_numpy(pixels), torch.from_numpy(classes), boxes)


def learned(
    name: str, size: int = 64, steps: int = 60, width: float = 0.3, depth: float = 0.3, batch: int = 32, seed: int = 0,
    share: float = 0.28, pictures: Callable[..., Drawn] = draw,
) -> nn.Module:  # fmt: skip
    """Return a small network of a family that tells the classes apart; a few seconds on two cores.

    Args:
        pictures: What draws those that it learns from, called as `draw` is.
    """
    torch.manual_seed(seed)
    model = build(name, len(COLORS) + 1, width=width, depth=depth).to(memory_format=torch.channels_last).train()
    best = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.02)
    plan = torch.optim.lr_scheduler.OneCycleLR(best, 8e-3, total_steps=steps)
    for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.momentum = 0.2  # running means of a few dozen steps
    for step in range(steps):
        drawn = pictures(batch, size, seed=10_000 * (seed + 1) + step, share=share, blank=True)
        loss = nn.functional.cross_entropy(model(drawn.pictures), drawn.classes)
        best.zero_grad()
        loss.backward()
        best.step()
        plan.step()
    return model.eval()


def accuracy(model: nn.Module, drawn: Drawn) -> float:
    with torch.inference_mode():
        return float((model(drawn.pictures).argmax(1) == drawn.classes).float().mean())


def peak_inside(maps: np.ndarray, boxes: np.ndarray, size: int) -> np.ndarray:
    """Tell for each map (N, h, w) whether its strongest cell overlaps the square: the pointing game.

    A cell stands for the pixels below it; a square's edge seldom is a cell's.
    """
    n, h, w = maps.shape
    rows, columns = np.unravel_index(maps.reshape(n, -1).argmax(1), (h, w))
    top, left = rows * size / h, columns * size / w
    hit = (top < boxes[:, 2]) & (top + size / h > boxes[:, 0])
    return hit & (left < boxes[:, 3]) & (left + size / w > boxes[:, 1]) & (maps.reshape(n, -1).max(1) > 0)


def mass_inside(maps: np.ndarray, boxes: np.ndarray, size: int) -> np.ndarray:
    """Return for each map (N, h, w) what share of it lies in the square, cells scaled up smoothly to pixels."""
    full = nn.functional.interpolate(
        torch.from_numpy(maps)[:, None], (size, size), mode="bilinear", align_corners=False
    ).numpy()[:, 0]
    total = full.sum((1, 2))
    inside = np.array([m[t:b, lo:r].sum() for m, (t, lo, b, r) in zip(full, boxes, strict=True)])
    return inside / np.maximum(total, 1e-9)


def _apart(random: np.random.Generator, size: int, side: int, central: bool) -> list[tuple[int, int]]:
    while True:
        (a, b), (c, d) = random.integers(0, size - side + 1, (2, 2))
        if central:
            a, b = (size - side) // 2 + random.integers(-size // 12, size // 12 + 1, 2)
        if abs(a - c) >= side or abs(b - d) >= side:
            return [(int(a), int(b)), (int(c), int(d))]
