"""How long a network takes on this machine. Imports torch: for worker processes only.

The method is that of timm's own benchmark.py: evaluation mode, inference mode, random pictures that lie on the device
already, warm-up, then one step after another, each timed from before its start until the device has done it. Two things
differ. Steps are told by their median and quartiles instead of a mean, which one hiccup of the machine moves. And
convolutions get channels-last tensors, since that is how Gapwise trains and predicts; `channels_last=False` is timm's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np
import psutil
import torch
from torch import nn

from core.errors import GapwiseError
from core.jobs.reporter import Reporter, Silent
from core.models import zoo
from core.models.cost import CLASSES, cost, multiply_adds
from core.models.measured import INFERENCE, TRAINING, Machine, Measurement, cpu_name, torch_version
from core.models.network import Network
from core.training.latency_limits import Way, build, device_of, refuse_hostile, resolved
from core.training.optim import make_optimizer
from core.training.recipe import Recipe

LEAST = 5  # timed steps; quartiles of fewer say nothing
_LOOK_SECONDS = 0.2


def measure(network: Network, way: Way, reporter: Reporter | None = None) -> Measurement | None:
    """Measure a network; None when the reporter was asked to stop.

    Raises:
        GapwiseError: If the network can't be built, or the batch is not one that this machine can compute.
    """
    network, device = resolved(network), device_of(way)
    counted = _count(network)
    refuse_hostile(network, way, device, counted[1])
    with _threads(way.threads) as threads:
        busy = _busy()
        step = step_of(network, way, device)
        try:
            times = _timed(step, waiting(device), way, reporter or Silent())
        except torch.OutOfMemoryError as error:
            raise GapwiseError(f"{network.spelled()} with batches of {way.batch} does not fit {device}.") from error
        if times is None:
            return None
        lower, median, upper = np.percentile(times, (25, 50, 75)).tolist()
        return Measurement(
            network, machine(device, threads), way.task, way.batch, _precision(way, device), _layout(way), *counted,
            median, lower, upper, len(times), way.warm_up, busy, time.time(),
        )  # fmt: skip


def _inference_step(model: nn.Module, batch: torch.Tensor) -> Callable[[], object]:
    model.eval()

    def step() -> object:
        with torch.inference_mode():
            return model(batch)

    return step


def timed_steps(
    step: Callable[[], object],
    wait: Callable[[], object],
    count: int,
    clock: Callable[[], float] = time.perf_counter,
) -> list[float]:
    """Return the seconds of so many steps, each until the device has done it."""
    times = []
    for _ in range(count):
        began = clock()
        step()
        wait()
        times.append(clock() - began)
    return times


def _timed(step: Callable[[], object], wait: Callable[[], object], way: Way, reporter: Reporter) -> list[float] | None:
    times: list[float] = []
    for _ in range(way.warm_up):
        if reporter.should_stop():
            return None
        timed_steps(step, wait, 1)
    began = time.perf_counter()
    while not reporter.should_stop():
        times += timed_steps(step, wait, 1)
        passed = time.perf_counter() - began
        if len(times) >= LEAST and ((len(times) >= way.steps and passed >= way.seconds) or passed >= way.longest):
            return times
    return None


def _count(network: Network) -> tuple[int, int]:
    """Return parameters and multiply-adds."""
    assert network.px is not None
    if (network.width, network.depth) == (1.0, 1.0):
        found = cost(network.model, network.px)
        return found.parameters, found.multiply_adds
    with torch.device("meta"):
        model = zoo.build(network.model, CLASSES, width=network.width, depth=network.depth)
    size = (network.px, network.px)
    return sum(p.numel() for p in model.parameters()), multiply_adds(network.model, size, network.width, network.depth)


def step_of(network: Network, way: Way, device: str) -> Callable[[], object]:
    """Build a network and its pictures on a device, and return what does one step.

    Args:
        network: With its side.
    """
    layout = torch.channels_last if way.channels_last else torch.contiguous_format
    model = build(network).to(device, memory_format=layout)
    pictures = torch.randn(way.batch, 3, network.px, network.px, device=device).contiguous(memory_format=layout)
    return _inference_step(model, pictures) if way.task == INFERENCE else _training_step(model, pictures, device)


def _training_step(model: nn.Module, pictures: torch.Tensor, device: str) -> Callable[[], object]:
    """Return a step of training as Gapwise's loop does it, on one batch that lies there already."""
    model.train()
    optimizer = make_optimizer(model, Recipe(model="any", optimizer="adamw", lr=1e-5))
    truth = torch.zeros(len(pictures), dtype=torch.long, device=device)

    def step() -> None:
        with torch.autocast(device, torch.bfloat16) if device == "cuda" else nullcontext():
            loss = nn.functional.cross_entropy(model(pictures).float(), truth)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def _precision(way: Way, device: str) -> str:
    return "bf16" if way.task == TRAINING and device == "cuda" else "float32"


def _layout(way: Way) -> str:
    return "channels_last" if way.channels_last else "contiguous"


def waiting(device: str) -> Callable[[], object]:
    """Return what waits until the device has done what it was given: a GPU computes while Python goes on."""
    if device == "cuda":
        return torch.cuda.synchronize
    return torch.mps.synchronize if device == "mps" else partial(int)


def machine(device: str, threads: int) -> Machine:
    """Return what a measurement here hangs on."""
    names = {"cpu": cpu_name, "cuda": torch.cuda.get_device_name, "mps": lambda: "Apple GPU"}
    return Machine(cpu_name(), device, names[device](), threads, torch_version())


@contextmanager
def _threads(count: int | None) -> Iterator[int]:
    """Compute with so many threads inside; yield how many that are."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield count or before
    finally:
        torch.set_num_threads(before)


def _busy() -> float:
    """Return the share of the machine's cores that are busy, while this process does nothing."""
    return round(psutil.cpu_percent(interval=_LOOK_SECONDS) / 100, 3)
