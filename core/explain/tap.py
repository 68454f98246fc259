"""A model borrowed to be looked into: locked, frozen, its layer's output caught, and given back as it was.

Imports torch: for worker processes only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import torch
from torch import nn

from core.errors import GapwiseError

_LOCKS: WeakKeyDictionary[nn.Module, threading.Lock] = WeakKeyDictionary()
_GUARD = threading.Lock()
_OWNERS: dict[int, int] = {}  # of a lock that is held: its id to the thread that holds it


@contextmanager
def borrowed(model: nn.Module) -> Iterator[None]:
    """Hold a model alone, in evaluation mode, without gradients of its parameters; whatever happens it is given back.

    Nothing in front of a layer needs a graph, and no parameter a gradient: that halves time and memory. Other threads
    wait for their turn.

    Raises:
        RuntimeError: If this thread holds the model already: it would wait for itself.
    """
    with _GUARD:
        lock = _LOCKS.setdefault(model, threading.Lock())
    if _OWNERS.get(id(lock)) == threading.get_ident():
        raise RuntimeError("this model is being explained already, by the same thread: leave that `with` block first")
    with lock:
        _OWNERS[id(lock)] = threading.get_ident()
        modes = [(m, m.training) for m in model.modules()]
        flags = [(p, p.requires_grad) for p in model.parameters()]
        try:
            model.eval()
            for parameter, _ in flags:
                parameter.requires_grad_(False)
            yield
        finally:
            for parameter, flag in flags:
                parameter.requires_grad_(flag)
            for module, mode in modes:
                module.training = mode
            del _OWNERS[id(lock)]


class Tap:
    """One layer of a model, whose output can be read and replaced while the model runs."""

    def __init__(self, model: nn.Module, name: str) -> None:
        """
        Args:
            name: Of a module, as `model.named_modules()` has it.

        Raises:
            GapwiseError: If there is no such module.
        """
        self.model, self.name = model, name
        try:
            self.layer = model.get_submodule(name)
        except AttributeError:
            raise GapwiseError(f"The network has no layer {name!r}. `layers` lists those it has.") from None
        if not name:
            raise GapwiseError("The whole network is no layer: name one of those that `layers` lists.")
        self._narrow = True  # until a model shows that it can't take one picture for many activations

    def forward(self, pictures: torch.Tensor, graph: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Return outputs (B, classes) and the layer's output (B, C, h, w); a graph leads from these to those only.

        Raises:
            GapwiseError: If the layer gives no feature map, or not exactly one.
        """
        caught: list[torch.Tensor] = []

        def catch(_module: nn.Module, _inputs: tuple, output: object) -> torch.Tensor:
            if not isinstance(output, torch.Tensor) or output.ndim != 4:
                raise GapwiseError(f"Layer {self.name} has no places left to map: its output is {_shape(output)}.")
            caught.append(output.detach().requires_grad_(graph))
            return caught[-1].clone()  # what follows may work in place

        with self._hooked(catch), torch.set_grad_enabled(graph):
            outputs = _table(self.model(pictures))
        if len(caught) != 1:
            raise GapwiseError(
                f"Layer {self.name} runs {len(caught)} times for one picture; a map needs one that runs once."
            )
        if caught[0].shape[0] != len(pictures):
            raise GapwiseError(
                f"Layer {self.name} mixes pictures: {len(pictures)} went in, {caught[0].shape[0]} came out."
            )
        return outputs, caught[0]

    def rest(self, picture: torch.Tensor, activations: torch.Tensor) -> torch.Tensor:
        """Return outputs (K, classes) of one picture (1, 3, H, W) for K outputs of the layer, (K, C, h, w).

        What comes before the layer is computed for the one picture, not K times.
        """

        def replace(_module: nn.Module, _inputs: tuple, _output: object) -> torch.Tensor:
            return activations.clone()

        with self._hooked(replace), torch.no_grad():
            if self._narrow:
                try:
                    return _table(self.model(picture), len(activations))
                except (RuntimeError, GapwiseError) as error:
                    if out_of_memory(error):
                        raise
                    self._narrow = False  # a branch around the layer is joined to it in a way that needs K of both
            return _table(self.model(picture.expand(len(activations), -1, -1, -1)), len(activations))

    @contextmanager
    def _hooked(self, hook: Callable) -> Iterator[None]:
        handle = self.layer.register_forward_hook(hook)
        try:
            yield
        finally:
            handle.remove()


def out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory ran out, on any device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    words = ("out of memory", "can't allocate memory", "alloc_failed", "not enough memory")
    return isinstance(error, RuntimeError) and any(w in text for w in words)


def _table(outputs: object, rows: int | None = None) -> torch.Tensor:
    if not isinstance(outputs, torch.Tensor) or outputs.ndim != 2 or (rows and len(outputs) != rows):
        raise GapwiseError(f"The network is no classifier of single images: its output is {_shape(outputs)}.")
    return outputs


def _shape(output: object) -> str:
    if isinstance(output, torch.Tensor):
        return " x ".join(map(str, output.shape)) or "one number"
    return f"a {type(output).__name__}"
