"""Parameters and multiply-adds, counted on networks that were really built, without allocating a weight.

The network is built on torch's meta device, where tensors have shapes and no content, and run once under torch's
own FLOP counter. That counter calls a multiply-add two operations; the papers' "FLOPs" are multiply-adds. What
leaves this module is multiply-adds: the counter's total halved. Convolutions, linear layers and attention count;
normalization, activations and biases do not, as in the papers. torch and timm are imported inside the functions.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from core.errors import GapwiseError, first_line
from core.models.scaling import BASELINE, Factors

if TYPE_CHECKING:
    from torch import nn

CLASSES = 1000
SIZE_LIMITS = (8, 4096)  # pixels
OPERATIONS_PER_MULTIPLY_ADD = 2


@dataclass(frozen=True)
class Cost:
    """What a network costs for one picture of `resolution` x `resolution` pixels."""

    resolution: int
    parameters: int
    multiply_adds: int

    def as_json(self) -> dict:
        return asdict(self)


@dataclass(frozen=True)
class BuiltStage:
    """One stage of a built EfficientNet: output channels, layers, and the side of its input in pixels."""

    resolution: int
    channels: int
    layers: int


def cost(name: str, size: int | None = None) -> Cost:
    """Count a timm network with its own classifier.

    Args:
        name: A timm model name, with or without a pretrained tag.
        size: Side of the picture in pixels; None takes the size that timm trains it at.

    Raises:
        GapwiseError: If timm has no such model, or it does not take the size.
    """
    from timm import get_pretrained_cfg

    from core.models import zoo

    zoo.check_name(name)
    if size is not None:
        _check_size(size)
    config = get_pretrained_cfg(name)
    channels, height, _ = config.input_size if config else (3, 224, 224)
    side = size or height
    try:
        with _meta():
            model = zoo.build(name, CLASSES, size=(side, side))
        return Cost(side, *_count(model, side, channels))
    except (RuntimeError, AssertionError, ValueError, NotImplementedError) as error:
        advice = f"Its own size is {height} px: choose that, or one near it."
        problem = first_line(error).rstrip(".")
        raise GapwiseError(f"{name} can't be counted at {side} px: {problem}. {advice}") from error


def multiply_adds(
    name: str, size: tuple[int, int], width: float = 1.0, depth: float = 1.0, classes: int = CLASSES
) -> int:
    """Count the multiply-adds of a recipe's network for one picture.

    Args:
        size: Height and width in pixels.
        width, depth: As `core.models.zoo.build` takes them.
        classes: Outputs of the classifier, which is a good part of a very small network.

    Raises:
        GapwiseError: If there is no such network.
    """
    from core.models import zoo

    with _meta():
        model = zoo.build(name, classes, width=width, depth=depth, size=size)
    return _count(model, size, 3)[1]


def scaled_cost(width: float = 1.0, depth: float = 1.0, resolution: float = 1.0) -> Cost:
    """Count B0 with its channels, layers and picture side multiplied by factors.

    Raises:
        GapwiseError: If a factor is beyond `scaling.LIMITS`.
    """
    return count_scaled(Factors(depth, width, resolution))[0]


def count_scaled(factors: Factors) -> tuple[Cost, tuple[BuiltStage, ...]]:
    """Count B0 scaled by factors, and return the stages that the builder really made, stem and head apart."""
    from core.models import zoo

    with _meta():
        model = zoo.scaled(BASELINE, CLASSES, factors.width, factors.depth)
    inputs: list[int] = []
    for stage in model.blocks:
        stage.register_forward_pre_hook(lambda _, args: inputs.append(args[0].shape[-1]))
    counted = Cost(factors.px, *_count(model, factors.px, 3))
    stages = tuple(
        BuiltStage(side, _out_channels(stage), len(stage)) for side, stage in zip(inputs, model.blocks, strict=True)
    )
    return counted, stages


def _count(model: nn.Module, size: int | tuple[int, int], channels: int) -> tuple[int, int]:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    # The counter hooks gradients of whatever asks for one and stumbles over tokens that are parameters.
    model.eval().requires_grad_(False)
    height, width = (size, size) if isinstance(size, int) else size
    picture = torch.empty(1, channels, height, width, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(picture)
    parameters = sum(p.numel() for p in model.parameters())
    return parameters, counter.get_total_flops() // OPERATIONS_PER_MULTIPLY_ADD


def _meta():
    import torch

    return torch.device("meta")


def _out_channels(stage: nn.Module) -> int:
    return next(m.num_features for m in reversed(list(stage.modules())) if hasattr(m, "num_features"))


def _check_size(size: int) -> None:
    low, high = SIZE_LIMITS
    if not low <= size <= high:
        raise GapwiseError(f"A picture of {size} px was asked for; the side must be from {low} to {high} px.")
