"""Counts a network that was built without content. Imports torch: for worker processes only.

Multiply-adds by torch's own formulas (`torch.utils.flop_counter`), one per kind of operation; its counter's tracker of
modules is left away, which stumbles over tokens that are parameters, and so is its second look at operations without a
formula: with gradients on, torch has taken those apart by then. A test holds the sums equal to that counter's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

OPERATIONS_PER_MULTIPLY_ADD = 2
_DRAWS = {
    torch.Tensor.normal_, torch.Tensor.uniform_, torch.Tensor.erfinv_, nn.init.normal_, nn.init.uniform_,
    nn.init.trunc_normal_, nn.init.kaiming_normal_, nn.init.kaiming_uniform_, nn.init.xavier_normal_,
    nn.init.xavier_uniform_,
}  # fmt: skip


class _Undrawn(TorchFunctionMode):
    """Random numbers are not drawn."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in _DRAWS:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


class _Operations(TorchDispatchMode):
    """Sums up operations, of which a multiply-add is two."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        # A batch normalization's shapes take torch a millisecond in Python, more than half of a whole network's time.
        out = _normalized(args[0]) if func is torch.ops.aten.native_batch_norm.default else func(*args, **kwargs)
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.total += formula(*args, **kwargs, out_val=out)
        return out


def _normalized(pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return a batch normalization's output, mean and deviation, without content."""
    channels = pictures.shape[1]
    return torch.empty_like(pictures), pictures.new_empty(channels), pictures.new_empty(channels)


@contextmanager
def without_content() -> Iterator[None]:
    """Tensors made inside have shapes and no content; drawing random numbers for them takes no time."""
    with torch.device("meta"), _Undrawn():
        yield


def count(model: nn.Module, size: int | tuple[int, int], channels: int = 3) -> tuple[int, int, int]:
    """Return parameters, and multiply-adds and activations for one picture.

    Args:
        model: Built `without_content`; it is set to evaluation.
        size: Side of the picture, or height and width, in pixels.
        channels: Of the picture.

    Returns:
        Activations are what automatic differentiation keeps of the picture for the backward pass, each storage once,
        in numbers of four bytes; not the picture itself, nor statistics over a batch, which do not grow with it.
    """
    height, width = (size, size) if isinstance(size, int) else size
    picture = torch.empty(1, channels, height, width, device="meta")
    known = {t.untyped_storage()._cdata for t in (*model.parameters(), *model.buffers(), picture)}
    storages = {}  # held here, so that an address is not used again

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if tensor.dim() > 1 and storage._cdata not in known:  # a batch's mean and deviation have one dimension
            storages[storage._cdata] = storage
        return tensor

    model.eval()
    with torch.enable_grad(), saved_tensors_hooks(keep, lambda tensor: tensor), _Operations() as operations:
        model(picture)
    parameters = sum(p.numel() for p in model.parameters())
    kept = sum(storage.nbytes() for storage in storages.values()) // 4
    return parameters, operations.total // OPERATIONS_PER_MULTIPLY_ADD, kept
