"""Optimizers and learning rates."""

from __future__ import annotations

import pytest
import torch

from core.errors import GapwiseError
from core.training.optim import Schedule, make_optimizer
from tests import tiny

MODEL = torch.nn.Linear(2, 2)


def rates(steps_per_epoch: int = 4, **values) -> list[float]:
    recipe = tiny.recipe(**values)
    schedule = Schedule(make_optimizer(MODEL, recipe), recipe, steps_per_epoch)
    found = [schedule.lr]
    for step in range(1, recipe.epochs * steps_per_epoch + 1):
        schedule.after_step(step)
        found.append(schedule.lr)
    return found


def test_an_unknown_optimizer_names_close_ones():
    with pytest.raises(GapwiseError, match="no optimizer 'adamv'.*adam"):
        make_optimizer(MODEL, tiny.recipe(optimizer="adamv"))


@pytest.mark.parametrize(("name", "fused"), [("adamw", True), ("sgd", True), ("nadamw", None), ("rmsprop", None)])
def test_a_step_is_one_kernel_where_torch_has_it_and_comes_to_the_same(name, fused):
    def stepped(wanted: bool) -> torch.Tensor:
        model = torch.nn.Linear(3, 3)
        with torch.no_grad():
            model.weight.copy_(torch.arange(9.0).view(3, 3) / 9)
            model.bias.zero_()
        optimizer = make_optimizer(model, tiny.recipe(optimizer=name, lr=0.1, weight_decay=0.1))
        assert optimizer.param_groups[0].get("fused") is fused
        for group in optimizer.param_groups:
            group["fused"] = wanted and fused
        for _ in range(3):
            model(torch.ones(2, 3)).pow(2).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
        return model.weight.detach()

    assert torch.allclose(stepped(True), stepped(False), atol=1e-6)


def test_a_constant_rate_stays():
    assert set(rates(schedule="constant", warmup_epochs=0, lr=0.1, epochs=5)) == {0.1}


def test_a_cosine_starts_high_is_half_at_the_middle_and_ends_at_nothing():
    found = rates(schedule="cosine", warmup_epochs=0, lr=0.1, epochs=4)
    assert found[0] == pytest.approx(0.1)
    assert found[8] == pytest.approx(0.05)
    assert found[16] == pytest.approx(0, abs=1e-9)


def test_warmup_rises_and_takes_at_most_half_of_a_short_run():
    found = rates(schedule="constant", warmup_epochs=10, lr=0.1, epochs=2)
    assert found[0] == pytest.approx(0.001)
    assert found[:5] == sorted(found[:5])
    assert found[4] == pytest.approx(0.1)


def test_steps_fall_by_their_rate():
    found = rates(schedule="step", warmup_epochs=0, lr=0.1, epochs=4, decay_epochs=2, decay_rate=0.1)
    assert found[0] == pytest.approx(0.1)
    assert found[-2] == pytest.approx(0.01)


def test_a_plateau_waits_and_its_patience_survives_a_resume():
    recipe = tiny.recipe(schedule="plateau", lr=0.1, decay_epochs=1, decay_rate=0.5)
    first = Schedule(make_optimizer(MODEL, recipe), recipe, 4)
    for score in (0.5, 0.5):
        first.after_epoch(score)
    second = Schedule(make_optimizer(MODEL, recipe), recipe, 4)
    second.load_state_dict(first.state_dict())
    for schedule in (first, second):
        schedule.after_epoch(0.5)
        assert schedule.lr == pytest.approx(0.05)
