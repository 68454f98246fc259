"""Baselines against their papers, and how each rounds."""

import pytest

from core.errors import GapwiseError
from core.models.baselines import BASELINES, baseline
from core.models.scaling import Factors
from core.models.stages import scaled_stages, totals


def rows(name):
    return [(s.operator, s.stride, s.channels, s.layers) for s in scaled_stages(Factors(), name)]


def test_v2_s_is_table_4_of_its_paper():
    assert rows("tf_efficientnetv2_s") == [
        ("Conv k3", 2, 24, 1), ("Fused-MBConv1 k3", 1, 24, 2), ("Fused-MBConv4 k3", 2, 48, 4),
        ("Fused-MBConv4 k3", 2, 64, 4), ("MBConv4 k3", 2, 128, 6), ("MBConv6 k3", 1, 160, 9),
        ("MBConv6 k3", 2, 256, 15), ("Conv k1 + FC", 1, 1280, 1),
    ]  # fmt: skip
    squeezed = [b.squeeze for b in BASELINES["tf_efficientnetv2_s"].blocks]
    assert squeezed == [False, False, False, True, True, True]


def test_resnet_50_is_table_1_of_its_paper():
    found = scaled_stages(Factors(), "resnet50")
    assert [(s.operator, s.out_resolution, s.channels, s.layers) for s in found] == [
        ("Conv k7 + max pool", 56, 64, 1), ("Bottleneck k3", 56, 256, 3), ("Bottleneck k3", 28, 512, 4),
        ("Bottleneck k3", 14, 1024, 6), ("Bottleneck k3", 7, 2048, 3), ("Pool + FC", 1, 2048, 1),
    ]  # fmt: skip


# Parameters and multiply-adds as printed: V2 at 224 and 384 px (the authors' README), MobileNetV1's table 8 and
# MobileNetV2's table 4; ResNet-50 with the stride in the 3x3 convolution, as torchvision counts it.
@pytest.mark.parametrize(
    ("name", "millions", "billions"),
    [("tf_efficientnetv2_b0", 7.1, 0.72), ("tf_efficientnetv2_s", 21.5, 8.4), ("mobilenetv1_100", 4.2, 0.569),
     ("mobilenetv2_100", 3.5, 0.300), ("resnet50", 25.6, 4.09)],
)  # fmt: skip
def test_baselines_have_the_figures_that_their_authors_print(name, millions, billions):
    parameters, multiply_adds = totals(scaled_stages(Factors(), name))
    assert parameters / 1e6 == pytest.approx(millions, rel=0.01)
    assert multiply_adds / 1e9 == pytest.approx(billions, rel=0.01)


# 0.8 x 24 = 19.2: 16 is the nearest multiple of 8, and less than nine tenths of it.
def test_v2_rounds_down_where_the_first_efficientnet_does_not():
    assert baseline("tf_efficientnetv2_s").channels(24, 0.8) == 16
    assert baseline("efficientnet_b0").channels(24, 0.8) == 24


def test_a_narrow_mobilenet_v2_keeps_its_head_and_a_wide_one_widens_it():
    v2 = baseline("mobilenetv2_100")
    assert [v2.head_channels(w) for w in (0.5, 1.0, 1.4)] == [1280, 1280, 1792]
    assert baseline("efficientnet_b0").head_channels(0.5) == 640


def test_resnets_stem_keeps_its_channels_whatever_the_width():
    assert [baseline("resnet50").stem_channels(w) for w in (0.5, 2.0)] == [64, 64]
    assert baseline("mobilenetv1_100").stem_channels(2.0) == 64


def test_an_unknown_baseline_is_told_with_those_there_are():
    with pytest.raises(GapwiseError, match="'resnet18' is no baseline. Choose one of efficientnet_b0"):
        baseline("resnet18")
