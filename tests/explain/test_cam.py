"""Grad-CAM at feature resolution."""

from __future__ import annotations

import numpy as np
import pytest
import timm
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from core.explain.cam import mapper, target_layer
from core.models.zoo import build


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    torch.manual_seed(0)
    return build("efficientnet_b0", 3, width=0.3, depth=0.3).eval()


def test_maps_keep_the_layers_size_and_are_the_librarys_own(model):
    pictures = torch.randn(5, 3, 128, 96)
    name, layer = target_layer(model, (128, 96))
    with mapper(model, layer) as make:
        logits, maps = make(pictures)
    with torch.inference_mode():
        torch.testing.assert_close(torch.tensor(logits), model(pictures))
    assert maps.shape == (5, 16, 12), name
    for i in range(5):
        # Image by image, as its README does; it scales up, so one pixel of each cell's centre is compared.
        with GradCAM(model=model, target_layers=[layer]) as cam:
            cam.get_target_width_height = lambda _: None
            one = cam(pictures[i : i + 1], [ClassifierOutputTarget(int(logits[i].argmax()))])
        np.testing.assert_allclose(maps[i] / 255, one[0], atol=0.5 / 255 + 1e-4)


def test_nothing_stays_behind_on_the_model(model):
    layer = target_layer(model, (64, 64))[1]
    flags = [p.requires_grad for p in model.parameters()]
    with mapper(model, layer) as make:
        make(torch.randn(2, 3, 64, 64))
    assert [p.requires_grad for p in model.parameters()] == flags
    assert all(p.grad is None for p in model.parameters())
    assert not layer._forward_hooks


def test_an_error_inside_is_not_swallowed(model):
    with pytest.raises(IndexError), mapper(model, target_layer(model, (64, 64))[1]):
        raise IndexError("lost")


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
    assert target_layer(timm.create_model(name), size)[0] == expected


def test_tiny_pictures_take_the_finest_stage():
    assert target_layer(timm.create_model("efficientnet_b0"), (8, 8))[0] == "blocks.0"


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"])
def test_transformers_have_no_usable_layer(name):
    assert target_layer(timm.create_model(name), (224, 224)) is None


def test_choosing_a_layer_leaves_the_model_in_its_mode(model):
    model.train()
    target_layer(model, (64, 64))
    assert model.training
    model.eval()
