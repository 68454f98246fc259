"""One step of a training: a batch in parts, gradients, update, running mean.

Imports torch: for worker processes only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext

import numpy as np
import torch
from accelerate import Accelerator
from timm.data import Mixup
from timm.utils import ModelEmaV3, distribute_bn
from torch import nn

from core.training.batches import EpochBatches, Normalize, seed_all
from core.training.recipe import Recipe
from core.training.regularize import Frozen
from core.training.rundir import Known


class Stepper:
    """Network, optimizer, loss and running mean of one process."""

    def __init__(
        self,
        accelerator: Accelerator,
        recipe: Recipe,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        cells: Sequence[Known],
        normalize: Normalize,
        frozen: Frozen | None = None,
    ) -> None:
        """
        Args:
            cells: What is learned from; `balance` counts their classes.
            frozen: The network's frozen part, if there is one.
        """
        classes = model.num_classes
        self.accelerator, self.recipe, self.normalize, self.frozen = accelerator, recipe, normalize, frozen
        # Before the network is wrapped and compiled: the copy is only ever measured.
        self.ema = ModelEmaV3(model, recipe.ema_decay, use_warmup=True) if recipe.ema_decay else None
        self.plain = model
        self.model, self.optimizer = accelerator.prepare(model, optimizer)
        if self.ema is not None:
            self.ema.to(accelerator.device)
        self.criterion = nn.CrossEntropyLoss(
            weight=_class_weights(cells, classes, accelerator.device) if recipe.balance else None,
            label_smoothing=recipe.label_smoothing,
        )
        mixes = recipe.mixup or recipe.cutmix
        # Smoothing is the loss's own business, for mixed targets too.
        self.mixup = Mixup(recipe.mixup, recipe.cutmix, label_smoothing=0.0, num_classes=classes) if mixes else None

    def begin(self) -> None:
        """Go into training mode."""
        self.model.train()
        if self.frozen is not None:
            self.frozen.train()

    def __call__(self, batches: EpochBatches, step: int, steps: int, parts: Iterator) -> torch.Tensor:
        """Do one step; return this process's loss summed over its pictures.

        Args:
            step: In the epoch, from 0.
            steps: Done in the whole run before.
            parts: Yields this process's (pictures, targets) of the batch, part by part.
        """
        accelerator, recipe = self.accelerator, self.recipe
        count, world, rank = batches.parts_of(step), accelerator.num_processes, accelerator.process_index
        share = world / batches.size_of(step)
        total = torch.zeros((), device=accelerator.device)
        for part in range(count):
            pictures, targets = next(parts)
            # Dropout, drop path and mixing; not the same ones in every part and process.
            seed_all(recipe.seed, batches.epoch, step, 1 + part * world + rank)
            with nullcontext() if part == count - 1 else accelerator.no_sync(self.model):
                loss = self._loss(pictures, targets.to(accelerator.device, non_blocking=True))
                # Processes average their gradients: with these shares the sum is the mean over the whole batch.
                whole = count == world == 1
                accelerator.backward(loss if whole else loss * (share * len(targets)))
            total += loss.detach() * len(targets)
        if recipe.clip_grad:
            accelerator.clip_grad_norm_(self.model.parameters(), recipe.clip_grad)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.ema is not None:
            self.ema.update(self.plain, steps + 1)
        return total

    def settle(self) -> None:
        """Give all processes the first one's statistics of batches: each gathered them from its own pictures.

        Without it, what is measured would be a mixture of networks, and not the one that is kept.
        """
        for model in (self.plain, *([] if self.ema is None else [self.ema.module])):
            if self.accelerator.num_processes > 1:
                distribute_bn(model, self.accelerator.num_processes)

    @property
    def measured(self) -> nn.Module:
        """The network that is measured and kept: the running mean where there is one."""
        return self.plain if self.ema is None else self.ema.module

    def _loss(self, pictures: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        x = self.normalize(pictures)  # (B, 3, H, W)
        if self.mixup is not None:
            x, targets = self._mixed(x, targets)
        return self.criterion(self.model(x).float(), targets)

    def _mixed(self, x: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mix pictures in pairs; one that has no partner stays as it is. Targets become (B, C) shares."""
        even = len(x) - len(x) % 2
        soft = nn.functional.one_hot(targets, self.mixup.num_classes).to(x.dtype)
        if even:
            x[:even], soft[:even] = self.mixup(x[:even].clone(), targets[:even])
        return x, soft


def _class_weights(cells: Sequence[Known], classes: int, device: torch.device) -> torch.Tensor:
    counts = np.bincount([k.value for k in cells], minlength=classes).astype(np.float32)
    weights = np.where(counts > 0, len(cells) / (classes * counts.clip(min=1)), 0.0)
    return torch.tensor(weights, dtype=torch.float32, device=device)
