"""What a training will need, rehearsed without content."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import GapwiseError
from core.models.zoo import build
from core.training import loop, memory, need
from core.training.memory import estimate
from core.training.recipe import Progressive
from tests import tiny

CLASSES = 2


def parts(**values: object) -> dict[str, int]:
    values = {"batch_size": 64, "optimizer": "sgd"} | values
    return estimate(tiny.recipe(**values), CLASSES, "cpu").parts()


def network() -> nn.Module:
    recipe = tiny.recipe()
    return build(recipe.model, CLASSES, "random", recipe.width, recipe.depth)


def held(tensors) -> int:
    return sum(t.numel() * t.element_size() for t in tensors)


def test_weights_are_the_networks_parameters_and_statistics():
    model = network()
    assert parts()["weights"] == held(model.parameters()) + held(model.buffers())


def test_optimizers_differ_by_what_they_remember():
    parameters = list(network().parameters())
    assert parts(optimizer="momentum", momentum=0.0)["optimizer"] == 0
    assert parts(momentum=0.9)["optimizer"] == held(parameters)
    # Two moments, and a step count of 4 bytes for each tensor.
    assert parts(optimizer="adamw")["optimizer"] == 2 * held(parameters) + 4 * len(parameters)


def test_a_running_mean_is_a_second_network():
    assert parts()["ema"] == 0
    found = parts(ema_decay=0.99)
    assert found["ema"] == found["weights"]


def test_a_frozen_network_keeps_nothing_for_the_way_back_and_no_optimizer_state_but_the_heads():
    head = network().get_classifier()
    frozen, whole = parts(batch_size=256, freeze=True), parts(batch_size=256)
    assert frozen["optimizer"] == held(head.parameters())
    assert frozen["activations"] < whole["activations"] / 2


def test_twice_the_pictures_are_twice_the_activations():
    once, twice = parts(batch_size=64), parts(batch_size=128)
    assert twice["activations"] == pytest.approx(2 * once["activations"], rel=1e-3)
    assert twice["batch"] == pytest.approx(2 * once["batch"], rel=1e-3)
    assert twice["weights"] == once["weights"]


def test_activations_are_what_the_real_network_saves_for_the_way_back():
    model, size = network().train().to(memory_format=torch.channels_last), 64
    saved: dict[int, int] = {}
    x = torch.zeros(size, 3, tiny.SIDE, tiny.SIDE).contiguous(memory_format=torch.channels_last)

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        loss = nn.functional.cross_entropy(model(x).float(), torch.zeros(size, dtype=torch.long))
    ours = {t.untyped_storage().data_ptr() for t in [x, *model.parameters(), *model.buffers()]}
    real = sum(count for address, count in saved.items() if address not in ours)
    assert loss.item() > 0  # the graph lives until here
    found = parts(batch_size=size)
    assert found["activations"] + found["temporary"] == pytest.approx(real, rel=0.06)


def test_a_batch_in_parts_needs_what_its_part_needs_and_gradients_beside():
    whole, split = parts(batch_size=64), parts(batch_size=256, accumulate=4)
    assert split["activations"] == pytest.approx(whole["activations"], rel=0.02)
    assert whole["gradients"] < split["gradients"] == held(network().parameters())


def test_several_processes_share_a_batch_and_send_gradients_in_buckets():
    alone, shared = (estimate(tiny.recipe(batch_size=64), CLASSES, "cpu", n) for n in (1, 2))
    assert (alone.at_once, shared.at_once) == (64, 32)
    assert shared.parts()["gradients"] >= held(network().parameters())


def test_half_precision_keeps_half_of_the_activations():
    full, half = (estimate(tiny.recipe(batch_size=256, precision=p), CLASSES, "cuda").parts() for p in ("no", "bf16"))
    assert 0.45 < half["activations"] / full["activations"] < 0.65
    assert half["weights"] == full["weights"]


def test_the_largest_stage_decides():
    small, grown = parts(size=32), parts(size=64)
    steps = parts(size=64, progressive=Progressive(stages=2, size=32))
    assert steps["activations"] == grown["activations"] > 3 * small["activations"]


@pytest.mark.parametrize("values", [{"mixup": 0.2}, {"clip_grad": 1.0}, {"grey": True}, {"optimizer": "lamb"},
                                    {"optimizer": "adafactor"}, {"dropout": 0.2, "drop_path": 0.2}])  # fmt: skip
def test_every_kind_of_step_can_be_followed(values):
    assert parts(**values)["activations"] > 0


def test_other_random_numbers_are_left_as_they_were():
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    parts(mixup=0.2)
    assert (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before


def test_a_network_that_nobody_knows_is_told_as_in_training():
    with pytest.raises(GapwiseError, match="no model 'efficientnet_b00'"):
        estimate(tiny.recipe(model="efficientnet_b00", width=1.0, depth=1.0), CLASSES, "cpu")


def test_trouble_inside_is_told_and_stops_nothing(monkeypatch):
    def broken(*_: object) -> None:
        raise KeyError("torch changed")

    monkeypatch.setattr(memory, "_KNOWN", {})
    monkeypatch.setattr(memory._Rehearsal, "play", broken)
    with pytest.raises(GapwiseError, match="can't be estimated: 'torch changed'.*The training itself may run"):
        estimate(tiny.recipe(), CLASSES, "cpu")


def test_held_out_pictures_are_counted_as_the_loop_looks_at_them():
    assert need.EVAL_BATCH == loop.EVAL_BATCH
