"""Between two trainings in one process. Imports torch: for worker processes only."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from accelerate.state import AcceleratorState, GradientState


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
