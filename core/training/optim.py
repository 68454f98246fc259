"""Optimizer and learning rate, from timm. Imports torch: for worker processes only."""

from __future__ import annotations

import difflib

import timm.optim
import torch
from timm.scheduler import create_scheduler_v2
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from core.errors import GapwiseError
from core.training.recipe import Recipe


def make_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return the recipe's optimizer; biases and normalization layers are not decayed.

    Raises:
        GapwiseError: If timm has none of that name, or it does not take the settings.
    """
    known = timm.optim.list_optimizers()
    if recipe.optimizer not in known:
        close = difflib.get_close_matches(recipe.optimizer, known, n=4, cutoff=0.4) or ["sgd", "adamw"]
        raise GapwiseError(f"timm has no optimizer {recipe.optimizer!r}. Close ones: {', '.join(close)}.")
    try:
        return timm.optim.create_optimizer_v2(
            model, opt=recipe.optimizer, lr=recipe.lr, weight_decay=recipe.weight_decay, momentum=recipe.momentum,
            **_fused(model, recipe.optimizer),
        )  # fmt: skip
    except (TypeError, ValueError, AssertionError, ImportError, ModuleNotFoundError) as error:
        raise GapwiseError(f"The optimizer {recipe.optimizer} can't be used here: {error}") from error


def _fused(model: nn.Module, name: str) -> dict[str, bool]:
    """Ask for one kernel over all weights where torch has it: unasked, a step of AdamW on a CPU takes a dozen each."""
    devices = {p.device.type for p in model.parameters()}
    there = timm.optim.get_optimizer_info(name).opt_class in (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)
    return {"fused": True} if there and devices <= {"cpu", "cuda"} else {}


class Schedule:
    """The learning rate over a run. All but `plateau` are functions of the step count alone, so nothing can drift."""

    def __init__(self, optimizer: torch.optim.Optimizer, recipe: Recipe, steps_per_epoch: int) -> None:
        self.optimizer = optimizer
        self._plateau: ReduceLROnPlateau | None = None
        self._timm = None
        if recipe.schedule == "plateau":
            # torch's own: timm's forgets its state when a run is resumed. It has no warmup.
            self._plateau = ReduceLROnPlateau(
                optimizer, "max", recipe.decay_rate, recipe.decay_epochs, threshold=1e-3, min_lr=recipe.min_lr
            )
            return
        # At most half of a short run: else a trial of two epochs would end before the rate has risen.
        warmup = min(recipe.warmup_epochs, recipe.epochs // 2)
        self._timm, _ = create_scheduler_v2(
            optimizer,
            sched="step" if recipe.schedule == "constant" else recipe.schedule,
            num_epochs=recipe.epochs,
            decay_epochs=recipe.decay_epochs,
            decay_rate=1.0 if recipe.schedule == "constant" else recipe.decay_rate,
            min_lr=recipe.min_lr,
            warmup_epochs=warmup,
            warmup_lr=recipe.lr / 100,
            step_on_epochs=False,
            updates_per_epoch=steps_per_epoch,
        )

    @property
    def lr(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def after_step(self, steps: int) -> None:
        """Set the rate for the step after `steps` steps in all."""
        if self._timm is not None:
            self._timm.step_update(steps)

    def after_epoch(self, score: float) -> None:
        """Tell how good the epoch was, higher is better."""
        if self._plateau is not None:
            self._plateau.step(score)

    def state_dict(self) -> dict:
        return {} if self._plateau is None else self._plateau.state_dict()

    def load_state_dict(self, state: dict) -> None:
        if self._plateau is not None:
            self._plateau.load_state_dict(state)
