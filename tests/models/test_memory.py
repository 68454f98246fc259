"""Memory counted on tensors without content."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from core.models.course import PARTS
from core.models.memory import Meter, pretended, pretending

IN, OUT = 10, 4
LAYER = 4 * (IN * OUT + OUT)  # bytes of a linear layer's float32 weights and biases


@pytest.fixture
def layer() -> nn.Module:
    with torch.device("meta"):
        return nn.Linear(IN, OUT)


def living(meter: Meter) -> dict[str, int]:
    return {name: count for name, count in meter.now.items() if count}


def test_a_linear_layer_has_exactly_its_weights(layer):
    with pretending(), (meter := Meter()):
        model = pretended(layer)
        assert living(meter) == {"weights": LAYER}
        model.weight = None
        assert living(meter) == {"weights": 4 * OUT}


def test_gradients_belong_where_they_are_moved_and_go_when_they_are_set_to_none(layer):
    with pretending(), (meter := Meter()):
        model = pretended(layer)
        for p in model.parameters():
            p.register_post_accumulate_grad_hook(lambda p: meter.move(p.grad, "gradients"))
        with meter.making("batch"):
            x = torch.empty(3, IN)
        with meter.making("temporary"):
            model(x).sum().backward()
        assert living(meter) == {"weights": LAYER, "gradients": LAYER, "batch": 4 * 3 * IN}
        model.zero_grad()
        assert living(meter) == {"weights": LAYER, "batch": 4 * 3 * IN}


@pytest.mark.parametrize(
    ("make", "state"),
    [
        (lambda p: torch.optim.SGD(p, lr=0.1), 0),
        (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), LAYER),
        # Two moments, and the number of steps as a float32 for weights and for biases.
        (lambda p: torch.optim.AdamW(p, lr=0.1), 2 * LAYER + 8),
    ],
)
def test_optimizers_keep_what_their_papers_say(layer, make, state):
    with pretending(), (meter := Meter()):
        model = pretended(layer)
        optimizer = make(model.parameters())
        for p in model.parameters():
            p.grad = torch.empty_like(p)
        with meter.making("optimizer"):
            optimizer.step()
        assert meter.now["optimizer"] == state


def test_what_a_linear_layer_keeps_for_the_way_back_is_its_input(layer):
    with pretending(), (meter := Meter()):
        model = nn.Sequential(pretended(layer), nn.ReLU())
        with meter.making("batch"):
            x = torch.empty(3, IN)
        with meter.making("activations"):
            y = model(x)
        # The layer's own output is dropped, since ReLU keeps its result.
        assert living(meter) == {"weights": LAYER, "batch": 4 * 3 * IN, "activations": 4 * 3 * OUT}
        del y
        assert meter.now["activations"] == 0


def test_moments_hold_every_peak_between_two_points():
    with pretending(), (meter := Meter()), meter.making("temporary"):
        moments = meter.record(lambda: torch.empty(100).add(1).sum())
    # At the start nothing; 400 bytes; then 400 twice; then the sum beside what add() gave (the first one is gone).
    assert moments.sum(1).tolist() == [0, 400, 800, 404]
    assert moments.shape == (4, len(PARTS))


def test_views_and_work_in_place_need_nothing():
    with pretending(), (meter := Meter()):
        x = torch.empty(4, 4)
        y = x.view(16)[2:].add_(1)
        assert meter.now["weights"] == 64
        del x
        assert meter.now["weights"] == 64, "a view keeps what it looks at"
        del y
        assert meter.now["weights"] == 0


def test_convolutions_take_scratch_for_a_moment_where_kernels_do():
    with pretending(), (meter := Meter(scratch=1.0)):
        x, w = torch.empty(1, 1, 8, 8), torch.empty(1, 1, 1, 1)
        moments = meter.record(lambda: torch.conv2d(x, w))
    # Input, filter and output are 256, 4 and 256 bytes, and as many again while the kernel runs.
    assert moments.sum(1).max() == 2 * (256 + 4 + 256)


def test_channels_last_is_how_convolutions_lie():
    with torch.device("meta"):
        model = nn.Conv2d(8, 4, 3)
    with pretending():
        assert pretended(model).weight.is_contiguous(memory_format=torch.channels_last)
