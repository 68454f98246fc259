"""A baseline's stage table, scaled, with each stage's exact parameters, multiply-adds and activations. No torch.

The same numbers come from building the network and counting (`core.models.cost`, seconds); here they are sums over the
layers' shapes (microseconds), so that a slider can show them. A test holds the two equal.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from core.models.baselines import Baseline, Block, Kind
from core.models.layers import Tally
from core.models.scaling import BASELINE, Factors, round_layers
from core.models.starts import Start, px, start

SE_RATIO = 0.25  # squeeze-excite: bottleneck's channels as a share of the block's input channels


@dataclass(frozen=True)
class Stage:
    """One stage of a scaled network.

    Attributes:
        number: From 1, the stem.
        operator: What papers call it, as MBConv6 k3.
        kind: conv, ds (depthwise separable), mbconv, fused (Fused-MBConv), bottleneck (ResNet's), or head.
        kernel, stride: Of its first layer; a stem's stride is 4 where a pooling follows. The head's are 1.
        expansion: Channels inside as a multiple of those that come in; ResNet's bottleneck: of those that go out.
        squeeze: Whether there is a squeeze-excite.
        resolution, out_resolution: Side of its input, as the papers' tables have it, and of its output in pixels.
        channels: That go out.
        layers: Blocks of it.
        parameters: With biases and normalizations.
        multiply_adds: For one picture.
        activations: What a training keeps of one picture, in numbers of four bytes; `core.models.layers` says what.
    """

    number: int
    operator: str
    resolution: int
    channels: int
    layers: int
    parameters: int
    multiply_adds: int
    kind: Kind
    kernel: int
    stride: int
    expansion: int
    squeeze: bool
    out_resolution: int
    activations: int

    def as_json(self) -> dict:
        return asdict(self)


def scaled_stages(factors: Factors, baseline: str | Start = BASELINE) -> tuple[Stage, ...]:
    """Return the stages of a network scaled by factors, stem and head included, for a batch of one.

    Args:
        baseline: A name in `core.models.baselines.BASELINES`, which is counted with 1000 classes, or another start.

    Raises:
        GapwiseError: If there is no such baseline.
    """
    at = start(baseline)
    network, width, depth = at.network, at.width * factors.width, at.depth * factors.depth
    stem = _stem(network, network.stem_channels(width), px(factors, at))
    stages = [stem]
    for number, block in enumerate(network.blocks, start=2):
        before = stages[-1]
        channels = network.channels(block.channels, width)
        layers = round_layers(block.layers, depth)
        stages.append(_blocks(number, network, block, before, channels, layers))
    stages.append(_head(network, stages[-1], network.head_channels(width), at.classes))
    return tuple(stages)


def totals(stages: tuple[Stage, ...]) -> tuple[int, int]:
    """Return a network's parameters and multiply-adds."""
    return sum(s.parameters for s in stages), sum(s.multiply_adds for s in stages)


def activations(stages: tuple[Stage, ...]) -> int:
    """Return what a training keeps of one picture, in numbers of four bytes."""
    return sum(s.activations for s in stages)


def multiply_adds(factors: Factors, baseline: str | Start = BASELINE) -> int:
    """Return the multiply-adds of a network scaled by factors, all rounding included."""
    return totals(scaled_stages(factors, baseline))[1]


def _stem(network: Baseline, channels: int, side: int) -> Stage:
    stem, sums = network.stem, Tally(network.activation, network.same)
    out = sums.conv(3, channels, stem.kernel, side, 2)
    sums.norm(channels, out)
    if network.same:  # of the picture itself nothing is kept but its padded copy
        sums.activations += 3 * side * side
    name = f"Conv k{stem.kernel}"
    if stem.pool:
        name, out = f"{name} + max pool", sums.pool(channels, out)
    stride = 4 if stem.pool else 2
    return Stage(
        1, name, side, channels, 1, sums.parameters, sums.multiply_adds, "conv", stem.kernel, stride, 1, False, out,
        sums.activations,
    )  # fmt: skip


def _blocks(number: int, network: Baseline, block: Block, before: Stage, channels: int, layers: int) -> Stage:
    sums = Tally(network.activation, network.same)
    add = LAYERS[block.kind]
    after = channels * block.expansion if block.kind == "bottleneck" else channels
    side = before.out_resolution
    out = add(sums, block, before.channels, channels, side, block.stride)
    if layers > 1:  # all the others are alike
        other = Tally(network.activation, network.same)
        add(other, block, after, channels, out, 1)
        sums.add(other, layers - 1)
    if sums.copies and block is network.blocks[-1] and not network.head.channels:
        sums.activations -= after * out * out  # only a mean takes it, and a mean keeps nothing
    return Stage(
        number, block.operator, side, after, layers, sums.parameters, sums.multiply_adds, block.kind, block.kernel,
        block.stride, block.expansion, block.squeeze, out, sums.activations,
    )  # fmt: skip


def _head(network: Baseline, before: Stage, channels: int, classes: int) -> Stage:
    sums = Tally(network.activation, network.same)
    side, features = before.out_resolution, before.channels
    if channels:
        sums.conv(features, channels, 1, side)
        sums.norm(channels, side, kept=not sums.copies)  # a mean keeps nothing
        features = channels
    sums.classify(features, classes)
    name = "Conv k1 + FC" if channels else "Pool + FC"
    return Stage(
        before.number + 1, name, side, features, 1, sums.parameters, sums.multiply_adds, "head", 1, 1, 1, False, 1,
        sums.activations,
    )  # fmt: skip


def _separable(sums: Tally, block: Block, before: int, after: int, side: int, stride: int) -> int:
    """Add MobileNetV1's layer: depthwise and 1x1 convolution, each with an activation."""
    out = sums.conv(before, before, block.kernel, side, stride, groups=before)
    sums.norm(before, out)
    sums.conv(before, after, 1, out)
    sums.norm(after, out)
    return out


def _mbconv(sums: Tally, block: Block, before: int, after: int, side: int, stride: int) -> int:
    """Add an MBConv: expand, depthwise, squeeze-excite, project; with expansion 1 there is nothing to expand."""
    middle = before * block.expansion
    if block.expansion > 1:
        sums.conv(before, middle, 1, side)
        sums.norm(middle, side)
    out = sums.conv(middle, middle, block.kernel, side, stride, groups=middle)
    sums.norm(middle, out)
    if block.squeeze:
        sums.excite(middle, round(before * SE_RATIO), out)
    sums.conv(middle, after, 1, out)
    sums.norm(after, out, activated=False)
    return out


def _fused(sums: Tally, block: Block, before: int, after: int, side: int, stride: int) -> int:
    """Add a Fused-MBConv: one convolution for expand and depthwise, then project; with expansion 1 the first alone."""
    if block.expansion == 1:
        out = sums.conv(before, after, block.kernel, side, stride)
        sums.norm(after, out)
        return out
    middle = before * block.expansion
    out = sums.conv(before, middle, block.kernel, side, stride)
    sums.norm(middle, out)
    sums.conv(middle, after, 1, out)
    sums.norm(after, out, activated=False)
    return out


def _bottleneck(sums: Tally, block: Block, before: int, inside: int, side: int, stride: int) -> int:
    """Add ResNet's bottleneck; where its shape changes, a 1x1 convolution takes the skip connection along."""
    after = inside * block.expansion
    sums.conv(before, inside, 1, side)
    sums.norm(inside, side)
    out = sums.conv(inside, inside, block.kernel, side, stride)
    sums.norm(inside, out)
    sums.conv(inside, after, 1, out)
    sums.norm(after, out)
    if stride != 1 or before != after:
        sums.conv(before, after, 1, side, stride)
        sums.norm(after, out, activated=False, kept=False)
    return out


LAYERS = {"ds": _separable, "mbconv": _mbconv, "fused": _fused, "bottleneck": _bottleneck}
