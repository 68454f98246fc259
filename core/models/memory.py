"""The memory that a piece of work holds, moment by moment, without allocating it. Imports torch: worker processes only.

The work is really done, on torch's fake tensors: they have shapes and storages that live and die as the real ones
would, and no content. A mode below autograd sees every storage that is made; Python tells when it is gone.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from core.models.course import AT as _AT
from core.models.course import PARTS

_CONVOLUTIONS = {torch.ops.aten.convolution.default, torch.ops.aten.convolution_backward.default}


class Meter(TorchDispatchMode):
    """Counts the bytes of all living storages, by the part that each belongs to.

    Attributes:
        part: What is made from now on belongs to this one.
    """

    def __init__(self, scratch: float = 0.0) -> None:
        """
        Args:
            scratch: What a convolution's kernels take for themselves while they run, as a multiple of its inputs
                and outputs.
        """
        super().__init__()
        self.part = "weights"
        self._scratch = scratch
        self._living: dict[int, list] = {}  # address of a storage -> [bytes, part, reference]
        self._now = [0] * len(PARTS)
        self._moments: list[tuple[int, ...]] | None = None

    @property
    def now(self) -> dict[str, int]:
        """Living bytes by part."""
        return dict(zip(PARTS, self._now, strict=True))

    @contextmanager
    def making(self, part: str) -> Iterator[None]:
        """What is made inside belongs to a part."""
        before, self.part = self.part, part
        try:
            yield
        finally:
            self.part = before

    def move(self, tensor: torch.Tensor, part: str) -> None:
        """Count a tensor's storage to another part."""
        entry = self._living.get(tensor.untyped_storage()._cdata)
        if entry is not None:
            self._now[_AT[entry[1]]] -= entry[0]
            self._now[_AT[part]] += entry[0]
            entry[1] = part

    def record(self, work: Callable[[], object]) -> np.ndarray:
        """Do some work; return (M, P) int64 bytes by part at its start and whenever something was made."""
        self._moments = [tuple(self._now)]
        try:
            work()
            return np.array(self._moments, dtype=np.int64)
        finally:
            self._moments = None

    def passing(self, size: int) -> None:
        """Record that so many bytes more were needed for a moment, as temporary ones."""
        if self._moments is not None:
            row = list(self._now)
            row[_AT["temporary"]] += size
            self._moments.append(tuple(row))

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._local_scalar_dense.default:
            # Optimizers ask how many steps were done; there is no content to read it from.
            return 1.0 if args[0].dtype.is_floating_point else 1
        made = func(*args, **(kwargs or {}))
        new = sum([self._add(t) for t in tree_leaves(made) if isinstance(t, torch.Tensor)])
        if self._moments is not None and new:
            self._moments.append(tuple(self._now))
            if self._scratch and func in _CONVOLUTIONS:
                involved = (t for t in tree_leaves([args, made]) if isinstance(t, torch.Tensor))
                self.passing(int(self._scratch * sum(t.numel() * t.element_size() for t in involved)))
        return made

    def _add(self, tensor: torch.Tensor) -> bool:
        storage = tensor.untyped_storage()
        address = storage._cdata
        if address in self._living:
            return False
        # Addresses are used again: the entry must go before the next storage comes, and no other entry with it.
        reference = weakref.ref(storage, lambda _: self._remove(address))
        self._living[address] = [storage.nbytes(), self.part, reference]
        self._now[_AT[self.part]] += storage.nbytes()
        return True

    def _remove(self, address: int) -> None:
        size, part, _ = self._living.pop(address)
        self._now[_AT[part]] -= size


@contextmanager
def pretending() -> Iterator[None]:
    """Tensors made inside have no content."""
    with FakeTensorMode():
        yield


def pretended(model: torch.nn.Module) -> torch.nn.Module:
    """Give a model fake weights, convolutions in channels-last layout.

    Args:
        model: Built on torch's meta device, before `pretending` began.
    """

    def fake(tensor: torch.Tensor) -> torch.Tensor:
        layout = torch.channels_last if tensor.dim() == 4 else torch.contiguous_format
        return torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu", memory_format=layout)

    return model._apply(fake)
