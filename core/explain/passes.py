"""Maps that take more than one pass: a pass for each channel, or gradients of every layer.

Imports torch: for worker processes only.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from core.errors import GapwiseError
from core.explain.tap import Tap

Score = Callable[[torch.Tensor], torch.Tensor]  # (K, classes) to (K,)


def ablation_weights(
    tap: Tap, pictures: torch.Tensor, a: torch.Tensor, outputs: torch.Tensor, scores: list[Score], chunk: int
) -> torch.Tensor:
    """Return what each channel is worth, (B, C, 1, 1): how far the score falls without it. Desai and Ramaswamy 2020.

    A channel is taken away by setting it to 0, as in the paper. The library sets channels whose layer has negative
    values to the lowest value less ten million, and less another ten million for each channel of the same batch: after
    an EfficientNet's linear bottlenecks that overflows what follows. It divides by the score, which turns maps of
    negative scores around; a positive factor would be lost in scaling anyway, so there is none here.
    """
    b, c, _, _ = a.shape
    worth = torch.empty(b, c, device=a.device)
    for i in range(b):
        whole = scores[i](outputs[i : i + 1])
        for start in range(0, c, chunk):
            channels = torch.arange(start, min(start + chunk, c), device=a.device)
            without = a[i].expand(len(channels), -1, -1, -1).clone()  # (K, C, h, w)
            without[torch.arange(len(channels), device=a.device), channels] = 0
            worth[i, channels] = whole - scores[i](tap.rest(pictures[i : i + 1], without))
    return worth[:, :, None, None]


def score_weights(
    model: nn.Module, pictures: torch.Tensor, a: torch.Tensor, scores: list[Score], chunk: int
) -> torch.Tensor:
    """Return what each channel is worth, (B, C, 1, 1): the score of the picture seen through it. Wang et al. 2020.

    Scores of an image's channels go through a softmax, as in the paper. The library lays all channels of all pictures
    over them at once, 770 MB for one picture of 224 px and 1280 channels.
    """
    b, c, _, _ = a.shape
    worth = torch.empty(b, c, device=a.device)
    with torch.no_grad():
        for i in range(b):
            for start in range(0, c, chunk):
                part = a[i, start : start + chunk, None]  # (K, 1, h, w)
                mask = functional.interpolate(part, pictures.shape[-2:], mode="bilinear", align_corners=True)
                low, high = mask.amin((2, 3), keepdim=True), mask.amax((2, 3), keepdim=True)
                seen = pictures[i] * ((mask - low) / (high - low + 1e-8))  # (K, 3, H, W)
                seen = seen.contiguous(memory_format=torch.channels_last)
                worth[i, start : start + chunk] = scores[i](model(seen))
    return worth.softmax(1)[:, :, None, None]


def random_weights(pictures: torch.Tensor, channels: int, seed: int) -> torch.Tensor:
    """Return weights (B, C, 1, 1) within -1..1 that follow from seed and picture, whatever batch the picture is in."""
    keys = [zlib.crc32(p.contiguous().numpy().tobytes()) for p in pictures.float().cpu()]
    rows = [np.random.default_rng([seed, key]).uniform(-1, 1, channels) for key in keys]
    return torch.tensor(np.array(rows), dtype=pictures.dtype, device=pictures.device)[:, :, None, None]


def fullgrad(model: nn.Module, pictures: torch.Tensor, score: Score) -> tuple[torch.Tensor, torch.Tensor]:
    """Return outputs (B, classes) and maps at the picture's resolution (B, H, W): Srinivas and Fleuret 2019, eq. 5.

    Every channel's |bias x gradient| is scaled to 0..1, scaled up and summed; scaling up is linear, so a layer's
    channels are summed first. The library knows nn.BatchNorm2d only, and so nothing of timm's networks that have
    normalization and activation in one module: of an EfficientNet it sees no more than the picture's own gradient.

    Raises:
        GapwiseError: If the network has no convolution or normalization with a bias.
    """
    caught: list[tuple[torch.Tensor, torch.Tensor]] = []
    with _biases_watched(model, caught) as count, torch.enable_grad():
        if not count:
            raise GapwiseError("FullGrad needs convolutions or normalizations with a bias; this network has none.")
        source = pictures.detach().clone().requires_grad_(True)
        outputs = model(source)
        wanted = [source, *(output for _, output in caught)]
        grads = torch.autograd.grad(score(outputs).sum(), wanted, allow_unused=True)
    total = _unit((grads[0] * source.detach()).abs()).sum(1)  # (B, H, W)
    for (bias, _), grad in zip(caught, grads[1:], strict=True):
        if grad is None:
            continue
        cells = _unit((bias[None, :, None, None] * grad).abs()).sum(1, keepdim=True)  # (B, 1, h, w)
        total += functional.interpolate(cells, pictures.shape[-2:], mode="bilinear", align_corners=False)[:, 0]
    return outputs.detach(), total


def reduced(full: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Return maps (B, H, W) as means over cells, (B, h, w)."""
    return functional.adaptive_avg_pool2d(full[:, None], size)[:, 0]


@contextmanager
def _biases_watched(model: nn.Module, caught: list[tuple[torch.Tensor, torch.Tensor]]) -> Iterator[int]:
    """Note each bias (C,) with the output (B, C, h, w) that it is part of; yields how many modules are watched."""

    def note(bias: torch.Tensor):
        def hook(_module: nn.Module, _inputs: tuple, output: torch.Tensor) -> torch.Tensor:
            caught.append((bias, output))
            return output.clone()  # what follows may work in place

        return hook

    with ExitStack() as stack:
        count = 0
        for module in model.modules():
            bias, place = _bias(module)
            if bias is not None:
                stack.callback(place.register_forward_hook(note(bias)).remove)
                count += 1
        yield count


def _bias(module: nn.Module) -> tuple[torch.Tensor | None, nn.Module]:
    """Return a module's bias, a batch normalization's with what its running mean amounts to, and where it is added."""
    if isinstance(module, nn.BatchNorm2d):
        if module.running_mean is None:
            return None, module
        scale = torch.rsqrt(module.running_var + module.eps)
        weight = torch.ones_like(scale) if module.weight is None else module.weight
        shift = 0 if module.bias is None else module.bias
        bias = (shift - module.running_mean * weight * scale).detach()
        # timm's BatchNormAct2d goes on with dropout and activation; `drop` sees what normalization gives.
        inside = getattr(module, "drop", None)
        return bias, inside if isinstance(inside, nn.Module) else module
    if isinstance(module, nn.Conv2d) and module.bias is not None:
        return module.bias.detach(), module
    return None, module


def _unit(x: torch.Tensor) -> torch.Tensor:
    """Scale each channel (B, C, h, w) to 0..1."""
    x = x - x.amin((2, 3), keepdim=True)
    return x / (1e-7 + x.amax((2, 3), keepdim=True))
