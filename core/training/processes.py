"""The Accelerator of a training: number format, processes, compilation. Imports torch: for worker processes only."""

from __future__ import annotations

import shutil

import torch
from accelerate import Accelerator
from accelerate.utils import TorchDynamoPlugin

from core.errors import GapwiseError
from core.training.recipe import Recipe


def make_accelerator(recipe: Recipe) -> Accelerator:
    """Return the Accelerator of a run; how many processes there are is said by the environment.

    Raises:
        GapwiseError: If the recipe asks for what this machine does not have.
    """
    # In MULTI_CPU mode Accelerate has to be told; in all others it finds the device by itself.
    spans = torch.distributed.is_available() and torch.distributed.is_initialized()
    plugin = TorchDynamoPlugin(backend=_compiler(recipe))
    return Accelerator(
        cpu=spans and not torch.cuda.is_available(), mixed_precision=precision(recipe), dynamo_plugin=plugin
    )


def precision(recipe: Recipe) -> str:
    """Return accelerate's name of the number format: what the recipe says, or what the device is good at."""
    if recipe.precision != "auto":
        if recipe.precision == "fp16" and not torch.cuda.is_available():
            raise GapwiseError("Precision fp16 needs a CUDA device, and there is none. Set precision to auto.")
        return recipe.precision
    if not torch.cuda.is_available():
        return "no"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


def _compiler(recipe: Recipe) -> str:
    if not recipe.compile:
        return "no"
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        raise GapwiseError("The recipe asks for torch.compile, which needs a C++ compiler (g++). Set compile to false.")
    return "inductor"
