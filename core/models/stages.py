"""EfficientNet's stage table, scaled, with each stage's exact parameters and multiply-adds. Imports no torch.

The same numbers come from building the network and counting (`core.models.cost`, seconds); here they are sums over the
layers' shapes (microseconds), so that a slider can show them. A test holds the two equal.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from core.models.scaling import Factors, round_channels, round_layers

SE_RATIO = 0.25  # squeeze-excite: bottleneck's channels as a share of the block's input channels
HEAD_CHANNELS = 1280
CLASSES = 1000


@dataclass(frozen=True)
class Block:
    """One row of the paper's table 1, without the numbers that scaling changes into others."""

    operator: str
    expansion: int
    kernel: int
    stride: int
    channels: int
    layers: int


# Tan and Le 2019, table 1; strides as in the authors' code.
B0 = (
    Block("MBConv1", 1, 3, 1, 16, 1),
    Block("MBConv6", 6, 3, 2, 24, 2),
    Block("MBConv6", 6, 5, 2, 40, 2),
    Block("MBConv6", 6, 3, 2, 80, 3),
    Block("MBConv6", 6, 5, 1, 112, 3),
    Block("MBConv6", 6, 5, 2, 192, 4),
    Block("MBConv6", 6, 3, 1, 320, 1),
)
STEM_CHANNELS = 32


@dataclass(frozen=True)
class Stage:
    """One stage of a scaled network; `resolution` is the side of its input in pixels, as the paper's table has it."""

    number: int
    operator: str
    resolution: int
    channels: int
    layers: int
    parameters: int
    multiply_adds: int

    def as_json(self) -> dict:
        return asdict(self)


def scaled_stages(factors: Factors) -> tuple[Stage, ...]:
    """Return the nine stages of B0 scaled by factors, stem and head included, for 1000 classes and a batch of one."""
    width = factors.width
    side = factors.px
    channels = round_channels(STEM_CHANNELS, width)
    out = _after(side, 2)
    stem = 9 * 3 * channels
    stages = [Stage(1, "Conv k3", side, channels, 1, stem + 2 * channels, stem * out * out)]
    side = out
    for block in B0:
        target = round_channels(block.channels, width)
        layers = round_layers(block.layers, factors.depth)
        parameters = multiply_adds = 0
        before, at = channels, side
        for layer in range(layers):
            stride = block.stride if layer == 0 else 1
            p, m, at = _layer(block, before, target, at, stride)
            parameters, multiply_adds, before = parameters + p, multiply_adds + m, target
        name = f"{block.operator} k{block.kernel}"
        stages.append(Stage(len(stages) + 1, name, side, target, layers, parameters, multiply_adds))
        channels, side = target, at
    head = round_channels(HEAD_CHANNELS, width)
    parameters = channels * head + 2 * head + head * CLASSES + CLASSES
    stages.append(Stage(9, "Conv k1 + FC", side, head, 1, parameters, channels * head * side * side + head * CLASSES))
    return tuple(stages)


def totals(stages: tuple[Stage, ...]) -> tuple[int, int]:
    """Return a network's parameters and multiply-adds."""
    return sum(s.parameters for s in stages), sum(s.multiply_adds for s in stages)


def multiply_adds(factors: Factors) -> int:
    """Return the multiply-adds of B0 scaled by factors, all rounding included."""
    return totals(scaled_stages(factors))[1]


def _layer(block: Block, before: int, after: int, side: int, stride: int) -> tuple[int, int, int]:
    """Return parameters, multiply-adds and output side of one MBConv layer."""
    middle = before * block.expansion
    squeezed = round(before * SE_RATIO)
    out = _after(side, stride)
    expand = before * middle if block.expansion > 1 else 0
    depthwise = block.kernel**2 * middle
    excite = 2 * middle * squeezed
    project = middle * after
    norms = 2 * middle + 2 * after + (2 * middle if expand else 0)
    parameters = expand + depthwise + excite + squeezed + middle + project + norms
    return parameters, expand * side * side + (depthwise + project) * out * out + excite, out


def _after(side: int, stride: int) -> int:
    return -(-side // stride)  # odd kernels with "same" padding round up
