"""How many pictures go through a network at once: as many as memory has room for. Imports torch: for workers only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from core.errors import GapwiseError
from core.explain.tap import out_of_memory

CHUNK = 64  # passes at once where each channel has one
Relief = Callable[[], bool]
Work = Callable[[torch.Tensor, int], object]


class Room:
    """What fitted into a device's memory so far, and what is tried when it runs out.

    Attributes:
        chunk: Passes at once where a picture takes many.
    """

    def __init__(self, device: torch.device, title: str, many: bool, relieve: Relief | None) -> None:
        """
        Args:
            title: What is made, for the words where nothing fits.
            many: Whether a picture takes many passes.
            relieve: Frees what else lies there, and says whether there was anything.
        """
        self.device, self._title, self._relieve = device, title, relieve
        self._most, self.chunk = 1 << 30, CHUNK if many else 1

    def parts(self, pictures: torch.Tensor, work: Work) -> Iterator:
        """Yield what `work` returns for each part of a batch and where it begins; half as many where memory runs out.

        Raises:
            GapwiseError: If not even one picture fits.
        """
        start = 0
        while start < len(pictures):
            part = pictures[start : start + self._most]
            done = self._unless_full(work, part, start)
            if done is None:
                self._take_less(len(part), pictures.shape)
                continue
            yield done
            start += len(part)

    def _unless_full(self, work: Work, part: torch.Tensor, start: int) -> object | None:
        """Return what work returns, None where memory ran out; the error is gone by then, and what its frames held."""
        try:
            return work(part.to(self.device), start)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
        return None

    def _take_less(self, tried: int, shape: torch.Size) -> None:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if self._relieve is not None and self._relieve():
            return  # what lay beside it is gone: as many once more
        if tried > 1:
            self._most = tried // 2
        elif self.chunk > 1:
            self.chunk //= 2
        else:
            raise GapwiseError(
                f"Not even one picture of {shape[-1]} x {shape[-2]} px fits into the memory of {self.device} for"
                f" {self._title}. Stop what else runs there, or choose a deeper layer or another method."
            )
