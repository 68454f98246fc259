"""What is counted on a network without content, by hand and against torch's own counter."""

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from core.models import zoo
from core.models.counting import count, without_content


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "test_efficientnet", "test_resnet"])
def test_multiply_adds_are_half_of_the_operations_that_torchs_counter_counts(name):
    with without_content():
        model = zoo.build(name, 10, size=(64, 64))
        picture = torch.empty(1, 3, 64, 64)
    found = count(model, 64)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.requires_grad_(False)(picture)
    assert found[1] * 2 == counter.get_total_flops()


def test_a_small_network_by_hand():
    with without_content():
        model = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1),
            nn.Flatten(), nn.Linear(8, 5),
        )  # fmt: skip
    parameters, multiply_adds, activations = count(model, 10)
    assert parameters == (3 * 8 * 9 + 8) + 2 * 8 + (8 * 5 + 5)
    assert multiply_adds == 3 * 8 * 9 * 100 + 8 * 5
    # What the convolution and what ReLU put out, and the mean; not the picture, nor what the last layer puts out.
    assert activations == 8 * 100 + 8 * 100 + 8


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_vit"])
def test_no_weight_has_content_and_no_random_number_is_drawn_for_one(name):
    called = []

    class Listening(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            called.append(str(func))
            return func(*args, **(kwargs or {}))

    with Listening(), without_content():
        network = zoo.build(name, 10)
    assert all(t.is_meta for t in (*network.parameters(), *network.buffers()))
    assert not [c for c in called if "normal" in c or "uniform" in c or "rand" in c]


def test_a_tall_picture_costs_what_its_pixels_cost():
    with without_content():
        model = nn.Sequential(nn.Conv2d(1, 4, 1))
    assert [count(model, size, 1)[1] for size in (6, (4, 9))] == [4 * 36, 4 * 36]
