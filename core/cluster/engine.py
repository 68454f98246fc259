"""What starts training processes and knows whether they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.cluster.folder import Attempt


@dataclass(frozen=True)
class Ended:
    """How the processes ended.

    Attributes:
        well: Whether all of them ended by themselves and without an error.
        message: What the engine says about it; empty when it ended well.
        clear: Whether the message tells people what to do.
        passing: Whether the same may go well another time.
    """

    well: bool
    message: str = ""
    clear: bool = False
    passing: bool = False


class Ranks(Protocol):
    """Training processes somewhere. No call blocks for long but `start` and `end`.

    Attributes:
        count: How many there are.
    """

    count: int

    def describe(self) -> str:
        """Return what runs there, for people."""

    def start(self, arguments: Sequence[str], attempt: Attempt) -> None:
        """Start core.training.rank with these arguments in each process, and note in the attempt how to end them."""

    def waiting(self) -> str | None:
        """Return what they wait for before they can begin, None when they wait for nothing."""

    def ended(self) -> Ended | None:
        """Return how they ended, None while they run."""

    def end(self) -> None:
        """End them at once, wherever they are.

        Raises:
            GapwiseError: If it is not known whether they have ended.
        """
