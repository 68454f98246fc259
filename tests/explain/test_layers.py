"""Which layer maps are made of, and which there are."""

from __future__ import annotations

import pytest
import timm
import torch

from core.explain.layers import choose, tree


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("efficientnet_b0", (224, 224), "blocks.6"),  # 7 x 7
        ("efficientnet_b0", (128, 128), "blocks.4"),  # the last stage has 4 x 4, this one 8 x 8
        ("efficientnet_b0", (224, 160), "blocks.4"),  # the shorter side counts
        ("tf_efficientnetv2_b0", (128, 128), "blocks.4"),
        ("tf_efficientnetv2_b0", (16, 16), "blocks.0"),  # nowhere 7 x 7: the finest, 8 x 8 after the stem
        ("resnet18", (224, 224), "layer4"),
        ("resnet18", (128, 128), "layer3"),
    ],
)
def test_the_deepest_stage_with_seven_by_seven_cells_is_chosen(name, size, expected):
    assert choose(timm.create_model(name), size) == expected


def test_a_stem_that_lays_pixels_upon_each_other_takes_pictures_of_three_channels():
    """TResNet's first convolution takes 48 channels; it was shown pictures of as many, and failed."""
    with torch.device("meta"):  # shapes alone
        assert choose(timm.create_model("tresnet_m"), (224, 224)) == "body.layer4"
        assert choose(timm.create_model("resnet18", in_chans=1), (224, 224)) == "layer4"


def test_tiny_pictures_take_the_finest_stage():
    assert choose(timm.create_model("efficientnet_b0"), (8, 8)) == "blocks.0"


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "deit_tiny_patch16_224"])
def test_transformers_have_no_usable_layer(name):
    assert choose(timm.create_model(name), (224, 224)) is None


def test_choosing_a_layer_leaves_the_model_in_its_modes():
    model = timm.create_model("efficientnet_b0").train()
    model.bn1.eval()  # some people hold their statistics still
    choose(model, (64, 64))
    tree(model, (64, 64))
    assert [model.training, model.blocks.training, model.bn1.training] == [True, True, False]
    assert not any(m._forward_hooks for m in model.modules())
