"""Parameters and multiply-adds, counted on networks that were really built, without allocating a weight.

The network is built on torch's meta device, where tensors have shapes and no content, and run once
(`core.models.counting`). torch's formulas call a multiply-add two operations; the papers' "FLOPs" are multiply-adds.
What leaves this module is multiply-adds. Convolutions, linear layers and attention count; normalization, activations
and biases do not, as in the papers. torch and timm are imported inside the functions.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from core.errors import GapwiseError, first_line
from core.models.course import LIBRARIES
from core.models.scaling import BASELINE, Factors
from core.models.starts import px

if TYPE_CHECKING:
    from torch import nn

CLASSES = 1000
SIZE_LIMITS = (8, 4096)  # pixels


@dataclass(frozen=True)
class Cost:
    """What a network costs for one picture of `resolution` x `resolution` pixels.

    Attributes:
        activations: What a training keeps of one picture for the backward pass, in numbers of four bytes; the picture
            itself and statistics over a batch are not among them.
    """

    resolution: int
    parameters: int
    multiply_adds: int
    activations: int

    def as_json(self) -> dict:
        return asdict(self)


@dataclass(frozen=True)
class BuiltStage:
    """One stage of a built network: output channels, layers, and the side of its input in pixels."""

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

    from core.models import counting, zoo

    zoo.check_name(name)
    if size is not None:
        _check_size(size)
    config = get_pretrained_cfg(name)
    channels, height, _ = config.input_size if config else (3, 224, 224)
    side = size or height
    try:
        with counting.without_content():
            model = zoo.build(name, CLASSES, size=(side, side))
        return Cost(side, *counting.count(model, side, channels))
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
    from core.models import counting, zoo

    with counting.without_content():
        model = zoo.build(name, classes, width=width, depth=depth, size=size)
    return counting.count(model, size, 3)[1]


def scaled_cost(width: float = 1.0, depth: float = 1.0, resolution: float = 1.0, baseline: str = BASELINE) -> Cost:
    """Count a baseline with its channels, layers and picture side multiplied by factors.

    Raises:
        GapwiseError: If a factor is beyond `scaling.LIMITS`, or there is no such baseline.
    """
    return count_scaled(Factors(depth, width, resolution), baseline)[0]


def count_scaled(factors: Factors, baseline: str = BASELINE) -> tuple[Cost, tuple[BuiltStage, ...]]:
    """Count a baseline scaled by factors, and return the stages that the builder really made, stem and head apart.

    Raises:
        GapwiseError: If there is no such baseline.
    """
    from core.models import counting, zoo

    side = px(factors, baseline)
    with counting.without_content():
        model = zoo.scaled(baseline, CLASSES, factors.width, factors.depth)
    inputs: dict[int, int] = {}
    for stage in _stages(model):
        stage.register_forward_pre_hook(lambda module, args: inputs.update({id(module): args[0].shape[-1]}))
    counted = Cost(side, *counting.count(model, side, 3))
    return counted, tuple(BuiltStage(inputs[id(s)], _out_channels(s), len(s)) for s in _stages(model))


def training_memory(
    parameters: int,
    activations: int,
    side: int,
    batch_size: int,
    device: str = "cuda",
    states: int = 2,
    half: bool = False,
) -> dict[str, int]:
    """Return about what a training holds, in bytes by part; for a first look, without building anything.

    The parts add up at the end of the forward pass, with the gradients of all weights beside them. What Fine-tune
    tells before a start (`core.training.memory`) follows a whole step instead, with the recipe's own settings; the six
    baselines' differ from it by less than a tenth.

    Args:
        parameters, activations: As counted; `activations` for one picture, in numbers of four bytes.
        side: Of the pictures, in pixels.
        batch_size: Pictures at once, at least 1.
        device: cuda, mps or cpu: what libraries take differs.
        states: Numbers that the optimizer keeps for each weight: 2 for Adam, 1 for SGD with momentum, else 0.
        half: Whether activations are computed with two bytes each.

    Raises:
        GapwiseError: If the batch is smaller than 1 or the device is none of these.
    """
    if batch_size < 1:
        raise GapwiseError(f"A batch of {batch_size} was asked for; it must be at least 1.")
    if device not in LIBRARIES:
        raise GapwiseError(f"There is no device {device!r}. Choose one of {', '.join(LIBRARIES)}.")
    kept = batch_size * activations * (2 if half else 4)
    fixed, share = LIBRARIES[device]
    return {
        "weights": 4 * parameters,
        "gradients": 4 * parameters,
        "optimizer": 4 * parameters * states,
        "activations": kept,
        "batch": batch_size * 3 * 4 * side * side,
        "libraries": round(fixed + share * kept),
    }


def _stages(model: nn.Module) -> list[nn.Module]:
    return [child for name, child in model.named_children() if name.startswith("layer")] or list(model.blocks)


def _out_channels(stage: nn.Module) -> int:
    return next(m.num_features for m in reversed(list(stage.modules())) if hasattr(m, "num_features"))


def _check_size(size: int) -> None:
    low, high = SIZE_LIMITS
    if not low <= size <= high:
        raise GapwiseError(f"A picture of {size} px was asked for; the side must be from {low} to {high} px.")
