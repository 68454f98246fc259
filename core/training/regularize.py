"""Dropout, drop path and weight decay while a run goes on, and freezing. Imports torch: for worker processes only."""

from __future__ import annotations

import torch
from timm.layers import DropPath
from torch import nn

from core.errors import GapwiseError


class DropPaths:
    """Stochastic depth of a network, whose blocks keep their shares: deeper ones are skipped more often."""

    def __init__(self, model: nn.Module, built: float) -> None:
        """
        Args:
            built: The rate that the network was built with; 0 leaves nothing to set.
        """
        self._built = built
        self._own = [(m, float(m.drop_prob)) for m in model.modules() if isinstance(m, DropPath)]

    def set(self, rate: float) -> None:
        for module, own in self._own:
            module.drop_prob = own * rate / self._built if self._built else 0.0


def set_dropout(model: nn.Module, rate: float) -> None:
    """Set the dropout before the classifier.

    Raises:
        GapwiseError: If the network keeps its dropout where timm's own networks don't.
    """
    found = [m for n, m in model.named_modules() if isinstance(m, nn.Dropout) and n.split(".")[-1] in _NAMES]
    for module in found:
        module.p = rate
    if hasattr(model, "drop_rate"):
        model.drop_rate = rate
    elif not found and rate:
        raise GapwiseError(f"{type(model).__name__} has no dropout before its classifier. Set dropout to 0.")


def set_weight_decay(optimizer: torch.optim.Optimizer, rate: float, built: float) -> None:
    """Set the decay of the parameters that are decayed at all: no biases, no normalization layers.

    Args:
        built: What the optimizer was made with; its groups without decay stay without.
    """
    for group in optimizer.param_groups:
        if group.setdefault("decayed", group["weight_decay"] > 0) and built:
            group["weight_decay"] = rate


class Frozen:
    """All but the classifier keeps its weights, and its batch statistics too."""

    def __init__(self, model: nn.Module) -> None:
        """
        Raises:
            GapwiseError: If the network has no classifier of its own.
        """
        head = model.get_classifier()
        trained = {id(p) for p in head.parameters()} if isinstance(head, nn.Module) else set()
        if not trained:
            raise GapwiseError(f"{type(model).__name__} has no classifier to train alone. Set freeze to false.")
        for parameter in model.parameters():
            parameter.requires_grad_(id(parameter) in trained)
        self._still = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]

    def train(self) -> None:
        """Call after `model.train()`, which would let the statistics drift."""
        for module in self._still:
            module.eval()


_NAMES = ("drop", "head_drop", "dropout")
