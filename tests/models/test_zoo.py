"""Networks by name, at their own size and scaled."""

from __future__ import annotations

import pytest
import timm
import torch

from core.errors import GapwiseError
from core.models.starts import SCALABLE
from core.models.zoo import build, published, scaled

torch.manual_seed(0)


@pytest.mark.parametrize("name", ["efficientnet_b0", "efficientnet_b2", "tf_efficientnet_b1", "tf_efficientnetv2_b3"])
def test_at_scale_one_our_network_is_timms(name):
    own, theirs = scaled(name, 1000, 1.0, 1.0), timm.create_model(name)
    shapes = {k: v.shape for k, v in theirs.state_dict().items()}
    assert {k: v.shape for k, v in own.state_dict().items()} == shapes
    own.load_state_dict(theirs.state_dict())
    picture = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(own.eval()(picture), theirs.eval()(picture))


@pytest.mark.parametrize(
    "name",
    ["tf_efficientnetv2_s", "efficientnetv2_s", "mobilenetv1_125", "mobilenetv2_035", "mobilenetv2_140", "resnet50"],
)
def test_every_layer_of_ours_is_set_up_as_timms(name):
    with torch.device("meta"):
        own, theirs = scaled(name, 1000, 1.0, 1.0), timm.create_model(name)
    layers, wanted = (
        [(k, str(m)) for k, m in network.named_modules() if not list(m.children())] for network in (own, theirs)
    )
    assert layers == wanted  # kinds, channels, kernels, strides, paddings, the epsilon of each normalization
    assert {k: v.shape for k, v in own.state_dict().items()} == {k: v.shape for k, v in theirs.state_dict().items()}


def test_scaled_resnets_and_mobilenets_can_be_trained():
    for name in ("resnet50", "mobilenetv1_100"):
        model = build(name, 3, width=0.25, depth=0.4, dropout=0.1, drop_path=0.1)
        model(torch.randn(2, 3, 32, 32)).sum().backward()
        assert all(p.grad is not None for p in model.parameters())


def test_half_width_and_depth_have_fewer_parameters():
    whole, half = (sum(p.numel() for p in scaled("efficientnet_b0", 2, w, w).parameters()) for w in (1.0, 0.5))
    assert 4_000_000 < whole < 4_100_000
    assert half < whole / 4


@pytest.mark.parametrize("name", sorted(SCALABLE))
def test_every_name_that_we_scale_is_timms(name):
    assert timm.is_model(name)


def test_a_new_head_starts_with_even_odds():
    with torch.inference_mode():
        logits = build("efficientnet_b0", 2, width=0.5, depth=0.5)(torch.randn(4, 3, 64, 64))
    assert logits.abs().max() < 1


def test_a_misspelt_name_gets_close_ones():
    with pytest.raises(GapwiseError, match="no model 'eficientnet_b0'.*efficientnet_b0"):
        build("eficientnet_b0", 2)


def test_an_unknown_pretrained_tag_gets_those_of_the_model():
    with pytest.raises(GapwiseError, match=r"efficientnet_b0\.ra_in1k"):
        build("efficientnet_b0.nope", 2)


def test_a_model_that_can_not_be_scaled_is_told():
    with pytest.raises(GapwiseError, match="resnet18 can't be scaled.*efficientnet_b0"):
        build("resnet18", 2, width=0.5)


def test_a_model_without_drop_path_is_told():
    with pytest.raises(GapwiseError, match="vgg11 does not take"):
        build("vgg11", 2, drop_path=0.1)


def test_a_model_with_fixed_positions_takes_the_recipes_size():
    model = build("vit_tiny_patch16_224", 2, size=(64, 96))
    with torch.inference_mode():
        assert model(torch.zeros(1, 3, 64, 96)).shape == (1, 2)


def test_a_published_model_has_its_own_classes_and_size():
    model, size = published("test_efficientnet", "random")
    assert (model.num_classes, size) == (1000, (160, 160))
    with torch.inference_mode():  # and timm's own head, not one with even odds
        assert model.eval()(torch.randn(2, 3, 160, 160)).std() > 0


def test_a_model_without_a_classifier_has_no_classes_to_explain():
    with pytest.raises(GapwiseError, match="published without a classifier"):
        published("vit_small_patch14_dinov2", "random")


def test_weights_of_a_file_say_how_many_classes_there_are(tmp_path):
    path = tmp_path / "mine.pth"
    torch.save(timm.create_model("test_resnet", num_classes=4).state_dict(), path)
    assert published("test_resnet", str(path))[0].num_classes == 4
    torch.save({"conv1.weight": torch.zeros(1)}, path)
    with pytest.raises(GapwiseError, match="for another model"):
        published("test_resnet", str(path))
