"""What layers are made of, held against the papers' drawings, the stages' own sums and timm's modules."""

from __future__ import annotations

import pytest

from core.models.baselines import BASELINES
from core.models.operators import stage_layers
from core.models.scaling import Factors
from core.models.stages import scaled_stages


def named(layer) -> list[str]:
    return [step.name for step in layer.steps]


def test_an_mbconv_expands_filters_squeezes_and_projects():
    """Tan and Le 2019, table 1, stage 3: MBConv6 k3 from 16 to 24 channels at 112 px, twice."""
    first, other = stage_layers(Factors())[1]
    assert named(first) == named(other) == ["expand", "depthwise", "squeeze-excite", "project"]
    assert [(s.kernel, s.stride, s.channels, s.side) for s in first.steps] == [
        (1, 1, 96, 112), (3, 2, 96, 56), (1, 1, 96, 56), (1, 1, 24, 56),
    ]  # fmt: skip
    assert first.steps[2].inside == 4  # a quarter of the 16 channels that come in
    assert (first.before, first.skip, first.times) == (16, False, 1)
    assert (other.before, other.skip, other.times) == (24, True, 1)


def test_a_first_mbconv_has_nothing_to_expand():
    (only,) = stage_layers(Factors())[0]
    assert named(only) == ["depthwise", "squeeze-excite", "project"]


def test_a_fused_mbconv_has_one_convolution_for_two():
    """Tan and Le 2021, figure 2: a 3x3 convolution instead of the 1x1 and the depthwise one."""
    first, others = stage_layers(Factors(), "tf_efficientnetv2_s")[1]
    assert [(s.name, s.kernel, s.channels) for s in first.steps] == [("expand", 3, 96), ("project", 1, 48)]
    assert others.times == 3
    plain, _ = stage_layers(Factors(), "tf_efficientnetv2_s")[0]
    assert [(s.name, s.kernel) for s in plain.steps] == [("conv", 3)]


def test_a_bottleneck_takes_its_skip_along_where_the_shape_changes():
    """He et al. 2016, figure 5."""
    first, others = stage_layers(Factors(), "resnet50")[1]
    assert [(s.name, s.kernel, s.channels) for s in first.steps] == [
        ("reduce", 1, 128), ("conv", 3, 128), ("expand", 1, 512),
    ]  # fmt: skip
    assert (first.beside.stride, first.beside.channels) == (2, 512)
    assert (others.beside, others.skip, others.times) == (None, True, 3)


def test_mobilenet_v1_has_no_skips():
    for layers in stage_layers(Factors(), "mobilenetv1_100"):
        assert [(named(layer), layer.skip) for layer in layers] == [(["depthwise", "project"], False)] * len(layers)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("factors", [Factors(), Factors(1.4, 1.2, 1.3)])
def test_steps_add_up_to_their_stage(name, factors):
    stages = scaled_stages(factors, name)[1:-1]
    for stage, layers in zip(stages, stage_layers(factors, name), strict=True):
        assert sum(layer.times for layer in layers) == stage.layers
        steps = [(layer.times, s) for layer in layers for s in (*layer.steps, *filter(None, [layer.beside]))]
        assert sum(times * step.multiply_adds for times, step in steps) == stage.multiply_adds


@pytest.mark.parametrize("name", ["efficientnet_b0", "tf_efficientnetv2_b0", "mobilenetv1_100", "mobilenetv2_100"])
def test_skips_are_where_timm_has_them(name):
    import torch

    from core.models import zoo

    with torch.device("meta"):
        model = zoo.scaled(name, 10, 1.2, 1.4)
    for built, layers in zip(model.blocks, stage_layers(Factors(1.4, 1.2), name), strict=True):
        mine = [layer.skip for layer in layers for _ in range(layer.times)]
        assert [block.has_skip for block in built] == mine
