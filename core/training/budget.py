"""What a network may take, in bytes and seconds, or as people type it. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import GapwiseError
from core.models.network import BATCHES, SIDES, within
from core.training.needs import DEVICES

UNITS = {"memory": (1e9, "GB"), "latency": (1e-3, "ms"), "training": (60.0, "minutes")}  # as people type budgets
_MOST = 1e9  # of each unit
WORDS = {"memory": "memory", "latency": "latency", "training": "training time"}


@dataclass(frozen=True)
class Budget:
    """What a network may take; None is no limit.

    Attributes:
        memory: Bytes of the device, for training.
        latency: Seconds for one picture, alone.
        training: Seconds for a whole training.
        batch: Pictures of a training step.
        device: cpu or cuda.
        px: Pictures are made no larger than this, in pixels; None for each network's own size.
        pictures, epochs: What a training goes through.
    """

    memory: int | None = None
    latency: float | None = None
    training: float | None = None
    batch: int = 32
    device: str = "cpu"
    px: int | None = None
    pictures: int = 0
    epochs: int = 1


def check(budget: Budget) -> None:
    """Raise a GapwiseError unless a budget is one."""
    within("The batch", budget.batch, BATCHES, " pictures")
    if budget.px is not None:
        within("The side of the pictures", budget.px, (32, SIDES[1]), " px")
    if budget.device not in DEVICES:
        raise GapwiseError(f"There is no device {budget.device!r}. Choose one of {', '.join(DEVICES)}.")
    for name, (each, _) in UNITS.items():
        value = getattr(budget, name)
        in_units(name, None if value is None else value / each)
    within("The number of pictures", budget.pictures, (0 if budget.training is None else 1, 10**9))
    within("The number of epochs", budget.epochs, (1, 10_000))


def in_units(name: str, typed: float | None) -> float | None:
    """Return a budget that was typed in its unit of UNITS as bytes or seconds.

    Raises:
        GapwiseError: If it is not above 0, or no such thing.
    """
    if typed is None:
        return None
    each, unit = UNITS[name]
    if not 0 < typed <= _MOST:  # NaN fails both comparisons
        told = f"above 0 and at most {_MOST:,.0f} {unit}, or left out"
        raise GapwiseError(f"The budget for {WORDS[name]} is {typed:g} {unit}; it must be {told}.")
    return typed * each
