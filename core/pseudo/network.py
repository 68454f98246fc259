"""A run's best network, as everything that asks it loads it. Imports torch: for worker processes only."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from core.explain.layers import choose
from core.models.zoo import build
from core.training.batches import Normalize
from core.training.checkpoint import best_size, load_best
from core.training.rundir import RunDir

log = logging.getLogger("gapwise")


@dataclass
class Network:
    """A run's best network, ready to predict.

    Attributes:
        layer: Name of the layer that maps are made of, None when the model has none.
    """

    model: nn.Module
    normalize: Normalize
    size: tuple[int, int]
    layer: str | None

    def logits(self, pictures: torch.Tensor) -> np.ndarray:
        """Return (B, C) logits of uint8 pictures (B, 3, H, W)."""
        with torch.inference_mode():
            return self.model(self.normalize(pictures)).float().cpu().numpy()


def load_network(folder: RunDir, device: torch.device | None = None) -> Network:
    """Return a run's best network on a device, on the best one there is when None.

    Raises:
        GapwiseError: If the checkpoint is missing or broken.
    """
    recipe, facts = folder.recipe(), folder.facts()
    size = best_size(folder.best) or recipe.pixels
    model = build(recipe.model, len(facts["classes"]), "random", recipe.width, recipe.depth, size=recipe.pixels)
    load_best(folder.best, model)
    device = device or Accelerator().device
    model = model.eval().to(device, memory_format=torch.channels_last)
    layer = choose(model, size)
    if layer is None:
        log.info("%s has no convolutional stages: proposals come without maps", recipe.model)
    return Network(model, Normalize(facts["mean"], facts["std"], device, recipe.grey), size, layer)
