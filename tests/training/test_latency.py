"""How long a network takes: the method, not the figures, which hang on the machine."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from core.errors import GapwiseError
from core.models.measured import TRAINING
from core.models.network import Network
from core.training import latency, latency_limits
from core.training.latency import measure, timed_steps
from core.training.latency_limits import Way, own_px
from core.training.need import Room

SMALL = Network("test_efficientnet", px=32)
QUICK = Way(threads=1, warm_up=1, steps=7, seconds=0.0)


class Probe(nn.Module):
    """A network that notes how it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 1)
        self.calls: list[tuple] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        layout = x.is_contiguous(memory_format=torch.channels_last)
        self.calls.append(
            (self.training, torch.is_inference_mode_enabled(), torch.get_num_threads(), tuple(x.shape), layout)
        )
        return self.layer(x).mean((2, 3))


@pytest.fixture
def probe(monkeypatch):
    made = Probe()
    monkeypatch.setattr(latency, "build", lambda network: made)
    return made


class Stopping:
    """A reporter whose person wants it to stop after some looks."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    def progress(self, *_: object, **__: object) -> None:
        pass

    def should_stop(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_a_small_network_is_measured_with_its_spread_and_the_way():
    before = torch.get_num_threads()
    found = measure(SMALL, QUICK)
    assert 0 < found.lower <= found.median <= found.upper
    assert (found.steps, found.warm_up, found.batch, found.task) == (7, 1, 1, "inference")
    assert (found.machine.threads, found.machine.device) == (1, "cpu")
    assert found.machine.here
    assert (found.precision, found.layout) == ("float32", "channels_last")
    assert 0 <= found.busy <= 1
    assert torch.get_num_threads() == before
    # 0.3M parameters: timm's test network is that small.
    assert found.parameters == sum(p.numel() for p in latency.build(SMALL).parameters())
    assert found.multiply_adds > 0


def test_forward_passes_are_in_evaluation_and_inference_mode_with_the_threads_asked_for(probe):
    measure(SMALL, Way(batch=5, threads=1, warm_up=3, steps=6, seconds=0.0, device="cpu"))
    assert probe.calls == [(False, True, 1, (5, 3, 32, 32), True)] * 9  # warm-up and all


def test_timms_own_layout_can_be_asked_for(probe):
    found = measure(SMALL, Way(threads=1, warm_up=0, steps=5, seconds=0.0, device="cpu", channels_last=False))
    assert found.layout == "contiguous"
    assert not any(layout for *_, layout in probe.calls)


def test_a_step_of_training_changes_the_weights(probe, monkeypatch):
    monkeypatch.setattr(latency, "refuse_hostile", lambda *_: None)  # it estimates a training's memory, for seconds
    before = probe.layer.weight.detach().clone()
    found = measure(SMALL, Way(batch=2, task=TRAINING, threads=1, warm_up=0, steps=5, seconds=0.0, device="cpu"))
    assert {call[:2] for call in probe.calls} == {(True, False)}
    assert found.task == TRAINING
    assert not torch.equal(probe.layer.weight, before)


def test_a_stop_ends_it_without_a_figure(probe):
    assert measure(SMALL, QUICK, Stopping(looks=4)) is None
    assert len(probe.calls) == 4


def test_steps_are_timed_one_by_one_until_the_device_is_done():
    now = [0.0]

    def pass_time(seconds: float) -> None:
        now[0] += seconds

    times = timed_steps(lambda: pass_time(1.0), lambda: pass_time(0.5), 3, clock=lambda: now[0])
    assert times == [1.5, 1.5, 1.5]


def test_a_slow_network_ends_after_five_steps(probe):
    found = measure(SMALL, Way(threads=1, warm_up=0, steps=1000, seconds=1000.0, longest=0.0, device="cpu"))
    assert found.steps == 5


def test_the_size_is_timms_own_where_none_is_said():
    # Tested at 300 px, trained at 240: Tan and Le 2021's B3.
    assert own_px("tf_efficientnetv2_b3") == 300
    assert own_px("resnet18.a1_in1k") == 288


@pytest.mark.parametrize(
    ("network", "way", "problem"),
    [
        (SMALL, Way(batch=0), "The batch is 0 pictures; it must be a whole number from 1 to 4096"),
        (SMALL, Way(batch=10**9), "The batch is 1000000000 pictures"),
        (SMALL, Way(threads=0), "The number of threads is 0"),
        (SMALL, Way(task="dancing"), "no task 'dancing'"),
        (SMALL, Way(device="abacus"), "no device 'abacus' here. Choose one of .*cpu"),
        (SMALL.at(10**6), Way(), "The side of the picture is 1000000 px"),
        (Network("nonsense_net"), Way(), "timm has no model 'nonsense_net'"),
        (Network("resnet18", 2.0, 1.0, 64), Way(), "can't be scaled"),
        (SMALL.at(4096), Way(batch=4096), "multiply-adds a step, minutes on cpu"),
    ],
)
def test_what_cant_be_measured_is_refused_before_it_is_tried(network, way, problem):
    with pytest.raises(GapwiseError, match=problem):
        measure(network, way)


@pytest.mark.parametrize("task", ["inference", "training"])
def test_a_batch_that_needs_more_memory_than_is_free_is_refused(monkeypatch, task):
    monkeypatch.setattr(latency_limits, "room", lambda device: Room(device, 10**6, 10**9))
    with pytest.raises(GapwiseError, match=r"needs about \d+\.\d GB, and 0\.0 GB are free"):
        measure(SMALL, Way(batch=64, task=task, threads=1, device="cpu"))
