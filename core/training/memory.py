"""What a training will need of a device's memory, known before it starts. Imports torch: for worker processes only.

One real step (`core.training.step`) and one look at held-out pictures are done on tensors without content, and every
storage that they make is counted, as it is for two numbers of pictures: between them memory grows in a straight line.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from core.errors import GapwiseError, first_line
from core.models.course import LIBRARIES, Course, total
from core.models.memory import Meter, pretended, pretending
from core.models.zoo import build
from core.training.batches import EpochBatches, Normalize
from core.training.device import describe
from core.training.need import Need, largest_stage, question
from core.training.optim import make_optimizer
from core.training.processes import precision
from core.training.recipe import Recipe
from core.training.regularize import Frozen
from core.training.step import Stepper

FEW, MANY = 8, 16  # pictures that the two lines are drawn through; fewer could be laid out in memory otherwise
# Of a convolution's inputs and outputs: what its kernels take while they run, for other layouts and partial sums.
SCRATCH = {"cuda": 1.0, "mps": 1.0, "cpu": 1.0}
_KEPT = 64  # estimates: a sweep's trials ask again and again
_KNOWN: dict[tuple, tuple[Course, Course]] = {}
_LOWER = {"bf16": torch.bfloat16, "fp16": torch.float16}
# What CUDA's autocast computes in float32 and the CPU's does not, of what networks for pictures use.
_IN_FLOAT32 = {
    nn.functional.layer_norm, nn.functional.group_norm, nn.functional.softmax, nn.functional.log_softmax,
    torch.softmax, torch.log_softmax, torch.Tensor.softmax, torch.Tensor.log_softmax,
}  # fmt: skip


def estimate(recipe: Recipe, classes: int, device: str | None = None, processes: int = 1) -> Need:
    """Return what a training will need; takes some seconds the first time, and no memory to speak of.

    Args:
        classes: At least 1.
        device: cuda, mps or cpu; None takes the one that a training here would use.
        processes: How many processes share a batch.

    Raises:
        GapwiseError: If the recipe's network or optimizer can't be made, or can't be followed.
    """
    device, stage = device or str(describe()["device"]), largest_stage(recipe)
    key = question(recipe, classes), device, processes
    if key not in _KNOWN:
        if len(_KNOWN) >= _KEPT:
            _KNOWN.clear()
        _KNOWN[key] = _courses(stage, classes, device, processes)
    return Need(stage.batch_size, stage.accumulate, processes, *_KNOWN[key])


def _courses(stage: Recipe, classes: int, device: str, processes: int) -> tuple[Course, Course]:
    """Return the memory of a step and of a look at held-out pictures, libraries included."""
    try:
        with _unchanged_randomness():
            training, measuring = _Rehearsal(stage, classes, device, processes).play()
    except GapwiseError:
        raise
    except Exception as error:  # it leans on torch's insides, and a training must not hang on it
        raise GapwiseError(
            f"The memory that {stage.model} needs can't be estimated: {first_line(error)} The training itself may run."
        ) from error
    training, measuring = (course.allowing(*LIBRARIES[device]).peaks() for course in (training, measuring))
    return training, measuring


class _Rehearsal:
    """One step of a training, and a look at held-out pictures, on tensors without content.

    Stands in for Accelerate as `core.training.step` uses it: one process that has the network for itself.
    """

    def __init__(self, recipe: Recipe, classes: int, device: str, processes: int) -> None:
        self.recipe, self.kind, self.classes = recipe, device, classes
        self.device, self.num_processes, self.process_index = torch.device("cpu"), processes, 0
        self.meter = Meter(SCRATCH[device])
        self.lower = _LOWER.get(_precision(recipe, device))
        self._copies: list[torch.Tensor] = []

    def play(self) -> tuple[Course, Course]:
        """Return the memory of a step by the pictures at once, and that of a look by the pictures looked at."""
        meter = self.meter
        model, mean = self._build(), self._build() if self.recipe.ema_decay else None
        with pretending(), meter:
            stepper = self._stepper(pretended(model), mean)
            with meter.making("activations"):
                steps = [meter.record(lambda n=n: self._step(stepper, n)) for n in (FEW, MANY)]
                looks = [meter.record(lambda n=n: self._look(stepper, n)) for n in (FEW, MANY)]
        training, measuring = (Course.between(FEW, few, MANY, many) for few, many in (steps, looks))
        return training, measuring

    def _build(self) -> nn.Module:
        recipe = self.recipe
        with torch.device("meta"):
            return build(
                recipe.model, self.classes, "random", recipe.width, recipe.depth, recipe.dropout, recipe.drop_path,
                recipe.pixels,
            )  # fmt: skip

    def _stepper(self, model: nn.Module, mean: nn.Module | None) -> Stepper:
        # Left away: a weight per class. The running mean is made below.
        recipe = self.recipe.model_copy(update={"balance": False, "ema_decay": 0.0})
        frozen = Frozen(model) if recipe.freeze else None
        trained = [p for p in model.parameters() if p.requires_grad]
        with self.meter.making("gradients"):
            if self.num_processes > 1:  # DistributedDataParallel sends gradients in buckets of its own
                self._copies = [torch.empty_like(p) for p in trained]
            for parameter in trained:
                parameter.grad = torch.empty_like(parameter)
        optimizer = make_optimizer(model, recipe)
        self._warm_up(optimizer)
        for parameter in trained:
            parameter.register_post_accumulate_grad_hook(lambda p: self.meter.move(p.grad, "gradients"))
        with self.meter.making("batch"):
            normalize = Normalize((0.5,) * 3, (0.5,) * 3, self.device, recipe.grey)
        stepper = Stepper(self, recipe, model, optimizer, [], self._batch(normalize), frozen)
        if mean is not None:
            with self.meter.making("ema"):  # updated in place
                stepper.ema = SimpleNamespace(module=pretended(mean), update=lambda model, step: None)
        return stepper

    def _warm_up(self, optimizer: torch.optim.Optimizer) -> None:
        """Let the first step make the optimizer's state; note what it needs beside that."""
        if self.kind == "cuda":  # there, torch's optimizers work on all parameters at once
            for group in optimizer.param_groups:
                if group.get("foreach", False) is None:
                    group["foreach"] = True
        with self.meter.making("optimizer"):
            during = self.meter.record(optimizer.step)
        self._passing = int(during.sum(1).max()) - total(self.meter.now)
        optimizer.zero_grad()

    def _step(self, stepper: Stepper, pictures: int) -> None:
        parts = min(2, self.recipe.accumulate)  # the second one finds gradients there, and all others are like it
        size = pictures * parts * self.num_processes
        stepper.begin()
        stepper(EpochBatches(size, size, 0, parts, 0, self.num_processes), 0, 0, self._pictures(pictures))

    def _look(self, stepper: Stepper, pictures: int) -> None:
        model = stepper.measured.eval()
        with torch.no_grad(), self.autocast():
            model(stepper.normalize(next(self._pictures(pictures))[0])).float()

    def _pictures(self, count: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        while True:
            with self.meter.making("batch"):
                part = torch.empty(count, 3, *self.recipe.pixels, dtype=torch.uint8), torch.zeros(count).long()
            yield part
            del part

    def _batch(self, normalize: Normalize) -> Callable[[torch.Tensor], torch.Tensor]:
        def normalized(pictures: torch.Tensor) -> torch.Tensor:
            with self.meter.making("batch"):
                return normalize(pictures)

        return normalized

    @contextmanager
    def autocast(self) -> Iterator[None]:
        if self.lower is None:
            yield
            return
        with torch.autocast("cpu", self.lower), _AsCuda() if self.kind == "cuda" else nullcontext():
            yield

    def prepare(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, SimpleNamespace]:
        # A step leaves nothing behind but what it found: what it needs meanwhile is known from the first one.
        known = SimpleNamespace(step=lambda: self.meter.passing(self._passing), zero_grad=optimizer.zero_grad)
        return _Network(model, self), known

    def no_sync(self, _model: nn.Module) -> AbstractContextManager:
        return nullcontext()

    def backward(self, loss: torch.Tensor) -> None:
        with self.meter.making("temporary"):
            loss.backward()

    def clip_grad_norm_(self, parameters: Iterable[nn.Parameter], most: float) -> None:
        with self.meter.making("temporary"):
            nn.utils.clip_grad_norm_(parameters, most)


class _Network(nn.Module):
    """A network that computes in another number format, as Accelerate makes it."""

    def __init__(self, model: nn.Module, rehearsal: _Rehearsal) -> None:
        super().__init__()
        self.model, self._autocast = model, rehearsal.autocast

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with self._autocast():
            return self.model(x).float()


class _AsCuda(TorchFunctionMode):
    """Autocast as CUDA does it, on a CPU's tensors."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in _IN_FLOAT32:
            args = tuple(a.float() if isinstance(a, torch.Tensor) and a.is_floating_point() else a for a in args)
        return func(*args, **(kwargs or {}))


def _precision(recipe: Recipe, device: str) -> str:
    if device == "cuda" and not torch.cuda.is_available():  # asked about another machine
        return "bf16" if recipe.precision == "auto" else recipe.precision
    return precision(recipe)


@contextmanager
def _unchanged_randomness() -> Iterator[None]:
    python, numpy_ = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_)
