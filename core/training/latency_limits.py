"""What of a network's latency can be measured here, and in which way; what can't is refused before it is tried.

Imports torch: for worker processes only.
"""

from __future__ import annotations

from dataclasses import dataclass

import timm
import torch
from torch import nn

from core.errors import GapwiseError, first_line
from core.models import zoo
from core.models.cost import CLASSES
from core.models.measured import INFERENCE, TASKS, TRAINING
from core.models.network import BATCHES, Network, checked, within
from core.training.memory import estimate
from core.training.recipe import Recipe
from core.training.room import room

THREADS = (1, 1024)
# A step of more multiply-adds takes minutes, in which no request to stop is heard: some 20B a second on a CPU.
LARGEST_STEP = {"cpu": 1e12, "cuda": 1e15, "mps": 1e14}
_HELD = 4  # a forward pass's largest layer, in and out, with a skip connection and what the kernel takes for itself
_BACK = 3  # a training step as a multiple of a forward pass: the way back is twice the way forward


@dataclass(frozen=True)
class Way:
    """How to measure.

    Attributes:
        batch: Pictures of a step.
        task: inference or training.
        threads: On a CPU; None for torch's own choice.
        device: cpu, cuda or mps; None for the best that is there.
        channels_last: The layout of tensors.
        warm_up: Steps before the first one that is timed.
        steps: Timed at least, unless `longest` is over before.
        seconds: Timed for at least.
        longest: Seconds after which it ends with what it has, but not with fewer than 5 steps.
    """

    batch: int = 1
    task: str = INFERENCE
    threads: int | None = None
    device: str | None = None
    channels_last: bool = True
    warm_up: int = 10
    steps: int = 40
    seconds: float = 2.0
    longest: float = 120.0


def own_px(model: str) -> int:
    """Return the side at which timm tests a model, in pixels.

    Raises:
        GapwiseError: If timm has no such model.
    """
    zoo.check_name(model)
    config = timm.get_pretrained_cfg(model)
    return 224 if config is None else (config.test_input_size or config.input_size)[-1]


def resolved(network: Network) -> Network:
    """Return a network with its side, which can be built as far as its figures tell."""
    px = network.px or own_px(network.model)
    return checked(network.at(px))


def device_of(way: Way) -> str:
    """Check a way and return its device.

    Raises:
        GapwiseError: If there is no such device here, or a figure is out of range.
    """
    within("The batch", way.batch, BATCHES, " pictures")
    if way.threads is not None:
        within("The number of threads", way.threads, THREADS)
    if way.task not in TASKS:
        raise GapwiseError(f"There is no task {way.task!r}. Choose one of {', '.join(TASKS)}.")
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    device = way.device or next(name for name, here in there.items() if here)
    if not there.get(device):
        named = ", ".join(name for name, here in there.items() if here)
        raise GapwiseError(f"There is no device {device!r} here. Choose one of {named}.")
    return device


def refuse_hostile(network: Network, way: Way, device: str, counted: int) -> None:
    """Refuse, before anything is allocated, what would take minutes a step or end the process for want of memory.

    Args:
        counted: Multiply-adds for one picture.

    Raises:
        GapwiseError: If it would.
    """
    total = counted * way.batch * (_BACK if way.task == TRAINING else 1)
    asked = f"{network.spelled()} with batches of {way.batch}"
    if total > LARGEST_STEP[device]:
        raise GapwiseError(
            f"{asked} is {total / 1e9:,.0f}B multiply-adds a step, minutes on {device}. Choose a smaller batch or size."
        )
    need, free = _need(network, way, device), room(device).free
    if need > free:
        raise GapwiseError(
            f"{asked} needs about {need / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free. Choose a smaller batch or"
            " size."
        )


def _need(network: Network, way: Way, device: str) -> int:
    """Return bytes: of a training as it is estimated for one, of a forward pass by its largest layer."""
    if way.task == TRAINING:
        recipe = Recipe(**network.settings, batch_size=way.batch)
        return estimate(recipe, CLASSES, device).needed()
    largest = 0

    def look(_module: nn.Module, _args: object, out: object) -> None:
        nonlocal largest
        largest = max(largest, out.numel() if isinstance(out, torch.Tensor) else 0)

    with torch.device("meta"), torch.inference_mode():
        model = build(network).eval()
        for module in model.modules():
            module.register_forward_hook(look)
        model(torch.empty(1, 3, network.px, network.px))
    weights = sum(p.numel() for p in model.parameters())
    return 4 * (_HELD * largest * way.batch + weights)


def build(network: Network) -> nn.Module:
    """Return it with random weights, for 1000 classes.

    Raises:
        GapwiseError: If it can't be built.
    """
    try:
        size = (network.px, network.px)
        return zoo.build(network.model, CLASSES, width=network.width, depth=network.depth, size=size)
    except (RuntimeError, ValueError, AssertionError) as error:
        raise GapwiseError(f"{network.spelled()} can't be built: {first_line(error)}") from error
