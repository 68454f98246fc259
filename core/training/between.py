"""Several trainings in one process: what each tells, and what lies between two. Imports torch: for workers only."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from accelerate.state import AcceleratorState, GradientState

from core.jobs.reporter import Reporter, Silent


class Part(Silent):
    """A training's word as that of the longer job which it is a part of."""

    def __init__(
        self, reporter: Reporter, done: int, total: int, where: str, figures: Mapping[str, object] | None = None
    ) -> None:
        """
        Args:
            done, total: Trainings before this one, and in all.
            where: What its messages begin with.
            figures: Of the job; a training's own best ones are left out beside them.
        """
        self._reporter, self._done, self._total = reporter, done, total
        self._where, self._figures = where, figures or {}

    def progress(self, done: float, total: float, message: str = "", **figures: object) -> None:
        # Building the network or decoding counts other units: the training itself has not moved then.
        share = done / total if total and message.startswith("Epoch") else 0.0
        told = f"{self._where}{message[:1].lower()}{message[1:]}" if message else ""
        own = {k: v for k, v in figures.items() if not k.startswith("best_")}
        self._reporter.progress(self._done + share, self._total, told, **own, **self._figures)

    def should_stop(self) -> bool:
        return self._reporter.should_stop()


@contextmanager
def light_collections() -> Iterator[None]:
    """Keep what was loaded so far out of garbage collections: torch and timm alone take half a second to walk through,
    and every training has two of them."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def forget() -> None:
    """Let go of a training's network, and of Accelerate's memory of its number format, which the next may change."""
    gc.collect()
    AcceleratorState._reset_state()
    GradientState._reset_state()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
