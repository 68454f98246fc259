"""Networks that compound scaling starts from, stage by stage, as published and as timm builds them. Imports no torch.

Tan and Le 2019 (arXiv 1905.11946) scale EfficientNet-B0 and, in table 3, MobileNetV1, MobileNetV2 and ResNet-50; Tan
and Le 2021 (arXiv 2104.00298) scale EfficientNetV2-B0, and V2-S into larger ones. How channels are rounded is a part
of it, since their authors' code differs there: EfficientNet's never loses more than a tenth, EfficientNetV2's may.
Layers are rounded up by all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import GapwiseError
from core.models.scaling import round_channels

Kind = Literal["conv", "ds", "mbconv", "fused", "bottleneck", "head"]


@dataclass(frozen=True)
class Block:
    """One row of a paper's architecture table, without the numbers that scaling changes into others.

    Attributes:
        kind: conv (one convolution), ds (depthwise separable), mbconv, fused (Fused-MBConv), bottleneck (ResNet's).
        expansion: Of an MBConv, channels inside as a multiple of those that come in; of a bottleneck, channels that go
            out as a multiple of those inside.
        stride: Of the first layer; all others have 1.
        channels: That go out; of a bottleneck those inside, as timm and the paper count.
        squeeze: Whether there is a squeeze-excite.
    """

    kind: Kind
    expansion: int
    kernel: int
    stride: int
    channels: int
    layers: int
    squeeze: bool = False

    @property
    def operator(self) -> str:
        """What papers call it, as MBConv6 k3."""
        names = {"ds": "DS conv", "mbconv": "MBConv", "fused": "Fused-MBConv", "bottleneck": "Bottleneck"}
        expansion = self.expansion if self.kind in ("mbconv", "fused") else ""
        return f"{names[self.kind]}{expansion} k{self.kernel}"


@dataclass(frozen=True)
class Stem:
    """The first convolution, of stride 2.

    Attributes:
        pool: Whether a max pooling of 3 x 3 and stride 2 follows.
        scaled: Whether width scaling changes its channels.
    """

    channels: int
    kernel: int = 3
    pool: bool = False
    scaled: bool = True


@dataclass(frozen=True)
class Head:
    """What follows the blocks: a 1x1 convolution to so many channels (0 for none), pooling, and a linear layer.

    Attributes:
        narrows: Whether a width below 1 takes channels away. MobileNetV2's does not, so that small networks keep
            their classifier (Sandler et al. 2018, section 6.1).
    """

    channels: int
    narrows: bool = True


@dataclass(frozen=True)
class Baseline:
    """A network to scale.

    Attributes:
        name: timm's.
        title: What people call it.
        px: Side of the picture that its published accuracy belongs to.
        round_limit: Rounded channels must be more than this share of what was asked for; 0 for no limit.
        same: Whether pictures are padded as TensorFlow pads them.
        activation: What follows a normalization.
        source: Paper and table; and where there is none, who says how it is rounded.
    """

    name: str
    title: str
    px: int
    stem: Stem
    blocks: tuple[Block, ...]
    head: Head
    activation: Literal["silu", "relu", "relu6"]
    source: str
    round_limit: float = 0.9
    same: bool = False

    def channels(self, channels: int, width: float) -> int:
        """Return a number of channels, scaled and rounded as this network's code rounds."""
        return round_channels(channels, width, self.round_limit)

    def stem_channels(self, width: float) -> int:
        return self.channels(self.stem.channels, width) if self.stem.scaled else self.stem.channels

    def head_channels(self, width: float) -> int:
        """Return the channels of the head's convolution, 0 where there is none."""
        if not self.head.channels:
            return 0
        scaled = self.channels(self.head.channels, width)
        return scaled if self.head.narrows else max(self.head.channels, scaled)


# Tan and Le 2019, table 1; strides as in the authors' code.
_B0 = (
    Block("mbconv", 1, 3, 1, 16, 1, squeeze=True),
    Block("mbconv", 6, 3, 2, 24, 2, squeeze=True),
    Block("mbconv", 6, 5, 2, 40, 2, squeeze=True),
    Block("mbconv", 6, 3, 2, 80, 3, squeeze=True),
    Block("mbconv", 6, 5, 1, 112, 3, squeeze=True),
    Block("mbconv", 6, 5, 2, 192, 4, squeeze=True),
    Block("mbconv", 6, 3, 1, 320, 1, squeeze=True),
)
# The authors' code for Tan and Le 2021: v2_base_block.
_V2_B0 = (
    Block("fused", 1, 3, 1, 16, 1),
    Block("fused", 4, 3, 2, 32, 2),
    Block("fused", 4, 3, 2, 48, 2),
    Block("mbconv", 4, 3, 2, 96, 3, squeeze=True),
    Block("mbconv", 6, 3, 1, 112, 5, squeeze=True),
    Block("mbconv", 6, 3, 2, 192, 8, squeeze=True),
)
# Tan and Le 2021, table 4.
_V2_S = (
    Block("fused", 1, 3, 1, 24, 2),
    Block("fused", 4, 3, 2, 48, 4),
    Block("fused", 4, 3, 2, 64, 4),
    Block("mbconv", 4, 3, 2, 128, 6, squeeze=True),
    Block("mbconv", 6, 3, 1, 160, 9, squeeze=True),
    Block("mbconv", 6, 3, 2, 256, 15, squeeze=True),
)
# Howard et al. 2017 (arXiv 1704.04861), table 1.
_MOBILENET_V1 = (
    Block("ds", 1, 3, 1, 64, 1),
    Block("ds", 1, 3, 2, 128, 2),
    Block("ds", 1, 3, 2, 256, 2),
    Block("ds", 1, 3, 2, 512, 6),
    Block("ds", 1, 3, 2, 1024, 2),
)
# Sandler et al. 2018 (arXiv 1801.04381), table 2.
_MOBILENET_V2 = (
    Block("mbconv", 1, 3, 1, 16, 1),
    Block("mbconv", 6, 3, 2, 24, 2),
    Block("mbconv", 6, 3, 2, 32, 3),
    Block("mbconv", 6, 3, 2, 64, 4),
    Block("mbconv", 6, 3, 1, 96, 3),
    Block("mbconv", 6, 3, 2, 160, 3),
    Block("mbconv", 6, 3, 1, 320, 1),
)
# He et al. 2016 (arXiv 1512.03385), table 1; the stride sits in the 3x3 convolution, as in timm and torchvision.
_RESNET_50 = (
    Block("bottleneck", 4, 3, 1, 64, 3),
    Block("bottleneck", 4, 3, 2, 128, 4),
    Block("bottleneck", 4, 3, 2, 256, 6),
    Block("bottleneck", 4, 3, 2, 512, 3),
)

BASELINES: dict[str, Baseline] = {
    b.name: b
    for b in (
        Baseline(
            "efficientnet_b0", "EfficientNet-B0", 224, Stem(32), _B0, Head(1280), "silu",
            "Tan and Le 2019, arXiv 1905.11946, table 1",
        ),
        Baseline(
            "tf_efficientnetv2_b0", "EfficientNetV2-B0", 224, Stem(32), _V2_B0, Head(1280), "silu",
            "Tan and Le 2021, arXiv 2104.00298, and its authors' code", round_limit=0.0, same=True,
        ),
        Baseline(
            "tf_efficientnetv2_s", "EfficientNetV2-S", 384, Stem(24), _V2_S, Head(1280), "silu",
            "Tan and Le 2021, arXiv 2104.00298, table 4", round_limit=0.0, same=True,
        ),
        Baseline(
            "mobilenetv1_100", "MobileNetV1", 224, Stem(32), _MOBILENET_V1, Head(0), "relu6",
            "Howard et al. 2017, arXiv 1704.04861, table 1; rounded as timm rounds",
        ),
        Baseline(
            "mobilenetv2_100", "MobileNetV2", 224, Stem(32), _MOBILENET_V2, Head(1280, narrows=False), "relu6",
            "Sandler et al. 2018, arXiv 1801.04381, table 2; rounded as timm rounds",
        ),
        Baseline(
            "resnet50", "ResNet-50", 224, Stem(64, 7, pool=True, scaled=False), _RESNET_50, Head(0), "relu",
            "He et al. 2016, arXiv 1512.03385, table 1; rounded as EfficientNet is, the stem kept as timm builds it",
        ),
    )
}  # fmt: skip


def baseline(name: str) -> Baseline:
    """Return a baseline by its timm name.

    Raises:
        GapwiseError: If there is no such one.
    """
    if name not in BASELINES:
        raise GapwiseError(f"{name!r} is no baseline. Choose one of {', '.join(BASELINES)}.")
    return BASELINES[name]
