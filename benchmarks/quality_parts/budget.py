"""How many epochs fit into a budget of seconds, from what one epoch took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import GapwiseError

MOST_EPOCHS = 100
SPARE = 0.08  # of what is left is not planned with: a machine may get slower
START = 0.5  # of what a training does besides its epochs: a start, which one that is stopped needs again to predict
LEAST_SHARE = 0.75  # of a later label's epochs, which an earlier one leaves it when that happens


@dataclass
class Budget:
    """Seconds for trainings, predictions and all that their commands do.

    Attributes:
        allowed, spent: Seconds.
        pace: Of one epoch, for each known cell of a label; None before the first measured one.
        around: Of a training besides its epochs: start, pictures, predictions and the queue's orders.
    """

    allowed: float
    spent: float = 0.0
    pace: float | None = None
    around: float = 0.0

    @property
    def left(self) -> float:
        return self.allowed - self.spent

    def learn(self, seconds: float, epochs: float, cells: int, wall: float) -> None:
        """Note what a training took: its epochs together, and the whole command.

        Args:
            seconds: Of `epochs` epochs on a label with so many known cells.
        """
        self.pace = seconds / max(1.0, epochs) / max(1, cells)
        self.around = max(0.0, wall - seconds)

    def epochs(self, cells: Sequence[int]) -> int:
        """Return how many epochs of labels with so many known cells fit into what is left; 0 for none."""
        spare = max(SPARE * self.left, START * self.around)
        each = self.pace * sum(cells)
        return int(min(MOST_EPOCHS, max(0.0, (self.left - spare - len(cells) * self.around) // each)))

    def limit(self, epochs: int, later: Sequence[int]) -> float:
        """Return after how many seconds a training has to stop.

        Args:
            epochs: How many are planned for each label.
            later: Known cells of the labels that come after it.
        """
        kept = max(1.0, epochs * LEAST_SHARE)
        theirs = sum(self.around + kept * self.pace * cells for cells in later)
        return max(1.0, self.left - theirs - self.around)  # what is stopped predicts in a command of its own

    def least(self, cells: Sequence[int]) -> float:
        """Return how many seconds one epoch of each of some labels would take, with all that comes with it."""
        most = len(cells) * self.around + self.pace * sum(cells)
        return max(most / (1 - SPARE), most + START * self.around)


class TooLittle(GapwiseError):
    """A budget in which not even one epoch of every label fits."""

    def __init__(self, allowed: float, labels: Sequence[str], needed: float | None) -> None:
        about = f"takes about {needed:.0f} s here" if needed else "takes longer than that here"
        super().__init__(
            f"--seconds {allowed:g} is too little: one epoch of {', '.join(labels)}, with its predictions, {about}."
            " Give more seconds, or a recipe with smaller pictures."
        )
