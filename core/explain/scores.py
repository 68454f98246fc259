"""What is explained, as a number that torch can differentiate. Imports torch: for worker processes only."""

from __future__ import annotations

from collections.abc import Callable

import torch

from core.errors import GapwiseError
from core.explain.targets import codes

_RIVALS = 3  # classes that Finer-CAM holds a class against: those with the nearest scores, as the library does


class Aim:
    """The resolved targets of a batch.

    Attributes:
        resolved: "2" or "2-0" for each picture.
    """

    def __init__(self, resolved: list[str], classes: int, device: torch.device) -> None:
        self.resolved = resolved
        self.pairs = [codes(r) for r in resolved]
        signs = torch.zeros(len(resolved), classes)
        for i, (code, other) in enumerate(self.pairs):
            signs[i, code] = 1.0
            if other is not None:
                signs[i, other] = -1.0
        self._signs = signs.to(device)

    def score(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return each picture's score (B,) from logits (B, classes): the class's, less the other's if there is one."""
        return (outputs * self._signs).sum(1)

    def each(self) -> list[Callable[[torch.Tensor], torch.Tensor]]:
        """Return for each picture what scores many outputs (K, classes) of it, (K,)."""
        return [lambda outputs, row=row: outputs @ row for row in self._signs]


def finer(outputs: torch.Tensor, aim: Aim) -> torch.Tensor:
    """Return Finer-CAM's score (B,): the class's lead over its nearest rivals. Zhang et al. 2025.

    Rivals count by their probabilities. A target "2-0" has one rival, class 0; so has each class where there are two.

    Raises:
        GapwiseError: If the network has one output: there is no rival.
    """
    classes = outputs.shape[1]
    if classes < 2:
        raise GapwiseError("Finer-CAM holds a class against others, and this network has one only. Take Grad-CAM.")
    probs = outputs.softmax(1)
    rows = []
    for i, (code, other) in enumerate(aim.pairs):
        rivals = [other] if other is not None else _nearest(outputs[i].detach(), code)
        lead = outputs[i, code] - outputs[i, rivals]
        rows.append((probs[i, rivals] * lead).sum() / (probs[i, rivals].sum() + 1e-9))
    return torch.stack(rows)


def _nearest(logits: torch.Tensor, code: int) -> list[int]:
    order = (logits - logits[code]).abs().argsort(stable=True).tolist()
    return [c for c in order if c != code][:_RIVALS]
