"""Activation maps of many pictures at once, at the layer's own resolution. Imports torch: for worker processes only.

with explainer(model, layer, "gradcam") as explain:
    logits, maps, resolved = explain(pictures, ["predicted"] * len(pictures))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from core.errors import GapwiseError
from core.explain import passes
from core.explain.formulas import PROJECTIONS, WEIGHTS, scaled, second_order, summed
from core.explain.layers import choose, no_layer
from core.explain.methods import check_method
from core.explain.room import Relief, Room
from core.explain.scores import Aim, finer
from core.explain.tap import Tap, borrowed
from core.explain.targets import PREDICTED, parse

# The library's: mirrored or not, times three brightnesses. The first is the picture itself.
_COPIES = [(flip, factor) for flip in (False, True) for factor in (1.0, 0.9, 1.1)]


class Maps(NamedTuple):
    """What came of a batch.

    Attributes:
        logits: (B, classes) float32.
        maps: (B, h, w) float32 within 0..1, the strongest cell 1; 0 everywhere where nothing speaks for the target.
        resolved: What each map explains: "2", or "2-0".
    """

    logits: np.ndarray
    maps: np.ndarray
    resolved: list[str]

    @property
    def cells(self) -> np.ndarray:
        """The maps as they are stored, (B, h, w) uint8, the strongest cell 255."""
        return np.rint(self.maps * 255).astype(np.uint8)


class Explainer:
    """Makes maps of one model, held by `explainer`.

    Attributes:
        model: In evaluation mode, frozen.
        layer: Name of the layer; chosen at the first call, for its size, where none was named.
        device: Where the model is.
    """

    def __init__(
        self, model: nn.Module, layer: str | None, method: str, smooth: str, seed: int, relieve: Relief | None = None
    ) -> None:
        self.model, self.layer, self.method = model, layer, check_method(method, smooth)
        self.seed, self._named = seed, layer is not None
        self._copied, self._eigen = smooth in ("aug", "both"), smooth in ("eigen", "both") and self.method.eigen
        self._tap: Tap | None = Tap(model, layer) if layer is not None else None
        self._chosen_for: tuple[int, ...] | None = None
        self.device = next(model.parameters(), torch.zeros(0)).device
        self._room = Room(self.device, self.method.title, self.method.slow, relieve)

    def __call__(self, pictures: torch.Tensor, targets: Sequence[str] | None = None) -> Maps:
        """Return logits and maps; where memory runs out, half as many pictures at once.

        Args:
            pictures: (B, C, H, W) normalized floats, on any device; C is 3, or 1 of a network for grey pictures.
            targets: For each picture one, as `core.explain.targets.parse` reads them, without `true`; None explains the
                predicted class of each.

        Raises:
            GapwiseError: If the network has no layer to map, a target is none, the network's answer is no number, or
                not even one picture fits into memory.
            ValueError: If there are not as many targets as pictures.
        """
        targets = [PREDICTED] * len(pictures) if targets is None else list(targets)
        if len(targets) != len(pictures):
            raise ValueError(f"{len(pictures)} pictures have {len(targets)} targets; expected one for each")
        if not targets:
            raise ValueError("there are no pictures")
        self._aim_at(pictures)
        parts = list(
            self._room.parts(pictures, lambda part, start: self._make(part, targets[start : start + len(part)]))
        )
        return Maps(
            np.concatenate([p.logits for p in parts]),
            np.concatenate([p.maps for p in parts]),
            [r for p in parts for r in p.resolved],
        )

    def looks(self, pictures: torch.Tensor) -> tuple[np.ndarray, np.ndarray | None]:
        """Return logits (B, classes) and what goes into a linear last layer (B, D), None without one; no maps."""
        head = self.model.get_classifier() if hasattr(self.model, "get_classifier") else None

        def look(part: torch.Tensor, _start: int) -> tuple[np.ndarray, np.ndarray | None]:
            found: list[torch.Tensor] = []
            handle = None
            if isinstance(head, nn.Linear):
                handle = head.register_forward_pre_hook(lambda _module, inputs: found.append(inputs[0]))
            try:
                with torch.inference_mode():
                    logits = self.model(part)
            finally:
                if handle is not None:
                    handle.remove()
            plain = len(found) == 1 and found[0].ndim == 2
            return logits.float().cpu().numpy(), found[0].float().cpu().numpy() if plain else None

        parts = list(self._room.parts(pictures, look))
        features = None if any(f is None for _, f in parts) else np.concatenate([f for _, f in parts])
        return np.concatenate([logits for logits, _ in parts]), features

    def _aim_at(self, pictures: torch.Tensor) -> None:
        """Choose the layer where none was named; networks of two picture sizes may have two."""
        size = tuple(pictures.shape[-2:])
        if self._named or self._chosen_for == size:
            return
        self.layer = choose(self.model, size)
        if self.layer is None:
            raise GapwiseError(no_layer(self.model))
        self._tap, self._chosen_for = Tap(self.model, self.layer), size

    def _make(self, pictures: torch.Tensor, targets: Sequence[str]) -> Maps:
        logits, maps, aim = self._once(pictures, targets)
        if self._copied:
            total = maps
            for flip, factor in _COPIES[1:]:
                copy = (pictures.flip(3) if flip else pictures) * factor
                _, more, _ = self._once(copy, aim.resolved)
                total = total + (more.flip(2) if flip else more)
            maps = scaled(total / len(_COPIES))
        return Maps(logits.float().cpu().numpy(), maps.float().cpu().numpy(), aim.resolved)

    def _once(self, pictures: torch.Tensor, targets: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor, Aim]:
        if not self.method.layer:
            return self._fullgrad(pictures, targets)
        outputs, a = self._tap.forward(pictures, graph=self.method.gradients)
        aim = _aim(outputs, targets)
        cam = self._cam(pictures, outputs, a, aim)
        return outputs.detach(), scaled(cam.detach()), aim

    def _cam(self, pictures: torch.Tensor, outputs: torch.Tensor, a: torch.Tensor, aim: Aim) -> torch.Tensor:
        """Return (B, h, w), not scaled."""
        name = self.method.name
        g = self._gradient(outputs, a, aim) if self.method.gradients else None
        if name == "shapleycam":
            g = second_order(g, a)
        a = a.detach()
        if name in PROJECTIONS:
            return PROJECTIONS[name](a, g)
        if name in WEIGHTS:
            weights = WEIGHTS[name](a, g)
        elif name == "shapleycam":
            weights = WEIGHTS["gradcam"](a, g)
        elif name == "ablationcam":
            weights = passes.ablation_weights(self._tap, pictures, a, outputs, aim.each(), self._room.chunk)
        elif name == "scorecam":
            weights = passes.score_weights(self.model, pictures, a, aim.each(), self._room.chunk)
        else:
            weights = passes.random_weights(pictures, a.shape[1], self.seed)
        return summed(weights, a, self._eigen)

    def _gradient(self, outputs: torch.Tensor, a: torch.Tensor, aim: Aim) -> torch.Tensor:
        score = finer(outputs, aim) if self.method.name == "finercam" else aim.score(outputs)
        if not score.requires_grad:
            raise GapwiseError(f"The network's answer does not hang on layer {self.layer}: it has no gradient there.")
        twice = self.method.name == "shapleycam"
        (g,) = torch.autograd.grad(score.sum(), a, create_graph=twice, allow_unused=True)
        if g is None:
            raise GapwiseError(f"The network's answer does not hang on layer {self.layer}: it has no gradient there.")
        return g

    def _fullgrad(self, pictures: torch.Tensor, targets: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor, Aim]:
        with torch.no_grad():
            outputs, a = self._tap.forward(pictures, graph=False)
        aim = _aim(outputs, targets)
        outputs, full = passes.fullgrad(self.model, pictures, aim.score)
        return outputs, scaled(passes.reduced(full, tuple(a.shape[-2:]))), aim


@contextmanager
def explainer(
    model: nn.Module,
    layer: str | None = None,
    method: str = "gradcam",
    smooth: str = "none",
    seed: int = 0,
    relieve: Relief | None = None,
) -> Iterator[Explainer]:
    """Hold a model to make maps of it; one `with` block at a time for a model, others wait.

    The model is in evaluation mode and frozen inside, and given back as it was, whatever happens. Made for many
    batches: nothing is left from one to the next.

    Args:
        layer: Name of a module; None chooses, see `core.explain.layers.choose`.
        method: One of METHODS.
        smooth: One of SMOOTHINGS.
        seed: Of RandomCAM's weights.
        relieve: Called when memory has run out, before fewer pictures are tried: frees what else lies there, and says
            whether there was anything.

    Raises:
        GapwiseError: If there is no such layer, method or smoothing.
    """
    with borrowed(model):
        yield Explainer(model, layer, method, smooth, seed, relieve)


def _aim(outputs: torch.Tensor, targets: Sequence[str]) -> Aim:
    answers = outputs.detach()
    if not torch.isfinite(answers).all():
        raise GapwiseError(
            "The network's answer is no number (NaN or infinite) for these pictures: its weights are broken, or were"
            " trained until they overflowed."
        )
    likeliest, classes = answers.argmax(1).tolist(), answers.shape[1]
    resolved = [parse(t, classes).resolve(p) for t, p in zip(targets, likeliest, strict=True)]
    return Aim(resolved, classes, outputs.device)
