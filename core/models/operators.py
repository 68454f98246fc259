"""What a stage's layers are made of, convolution by convolution, for a drawing of it. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from core.models.baselines import Block
from core.models.layers import Tally
from core.models.scaling import BASELINE, Factors, round_layers
from core.models.stages import LAYERS, scaled_stages
from core.models.starts import Start, start


@dataclass(frozen=True)
class Step:
    """One convolution, or a squeeze-excite.

    Attributes:
        name: expand, depthwise, squeeze-excite, project, reduce or conv.
        kernel, stride: 1 of a squeeze-excite.
        inside: Channels that a squeeze-excite squeezes to, 0 otherwise.
        channels, side: Channels and side in pixels that go out.
    """

    name: str
    kernel: int
    stride: int
    inside: int
    channels: int
    side: int
    multiply_adds: int


@dataclass(frozen=True)
class Layer:
    """One layer of a stage.

    Attributes:
        times: How many of the stage's layers are like this one.
        before: Channels that come in.
        skip: Whether what comes in is added to what goes out.
        beside: A convolution that takes the skip connection along where the shape changes; None otherwise.
    """

    times: int
    before: int
    skip: bool
    steps: tuple[Step, ...]
    beside: Step | None = None

    def as_json(self) -> dict:
        steps = [vars(step).copy() for step in self.steps]  # asdict copies deeply: ten times as long
        return {**vars(self), "steps": steps, "beside": self.beside and vars(self.beside).copy()}


def stage_layers(factors: Factors, baseline: str | Start = BASELINE) -> tuple[tuple[Layer, ...], ...]:
    """Return, for every stage between stem and head, its first layer and, where there are more, what the others are.

    Args:
        factors, baseline: As `core.models.stages.scaled_stages` takes them.

    Raises:
        GapwiseError: If there is no such baseline.
    """
    at = start(baseline)
    stages = scaled_stages(factors, at)
    found = []
    for block, before, stage in zip(at.network.blocks, stages, stages[1:], strict=False):
        target = at.network.channels(block.channels, at.width * factors.width)
        layers = round_layers(block.layers, at.depth * factors.depth)
        first = _layer(block, before.channels, target, stage.resolution, block.stride, 1)
        others = _layer(block, stage.channels, target, stage.out_resolution, 1, layers - 1)
        found.append((first, others) if layers > 1 else (first,))
    return tuple(found)


@dataclass
class _Steps(Tally):
    """Sums that remember what they were added from."""

    steps: list[Step] = field(default_factory=list)

    def conv(self, before: int, after: int, kernel: int, side: int, stride: int = 1, groups: int = 1) -> int:
        counted = self.multiply_adds
        out = super().conv(before, after, kernel, side, stride, groups)
        name = "depthwise" if groups > 1 else "conv"
        self.steps.append(Step(name, kernel, stride, 0, after, out, self.multiply_adds - counted))
        return out

    def excite(self, channels: int, squeezed: int, side: int) -> None:
        counted = self.multiply_adds
        super().excite(channels, squeezed, side)
        self.steps.append(Step("squeeze-excite", 1, 1, squeezed, channels, side, self.multiply_adds - counted))


# What papers call the convolutions that are no depthwise ones, in their order.
_NAMES = {"ds": ("project",), "mbconv": ("expand", "project"), "fused": ("expand", "project"),
          "bottleneck": ("reduce", "conv", "expand", "shortcut")}  # fmt: skip


def _layer(block: Block, before: int, channels: int, side: int, stride: int, times: int) -> Layer:
    sums = _Steps("relu")  # what is drawn depends neither on the activation nor on the padding
    LAYERS[block.kind](sums, block, before, channels, side, stride)
    steps = list(sums.steps)
    names = iter(_names(block))
    for i, step in enumerate(steps):
        if step.name == "conv":
            steps[i] = replace(step, name=next(names))
    beside = steps.pop() if steps[-1].name == "shortcut" else None
    same = stride == 1 and before == steps[-1].channels
    skip = block.kind == "bottleneck" or (block.kind != "ds" and same)
    return Layer(times, before, skip, tuple(steps), beside)


def _names(block: Block) -> tuple[str, ...]:
    if block.expansion == 1 and block.kind in ("mbconv", "fused"):
        return ("project",) if block.kind == "mbconv" else ("conv",)
    return _NAMES[block.kind]
