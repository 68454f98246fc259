"""How long work tells about itself. Training, prediction and preview making take one of these."""

from __future__ import annotations

import sys
from typing import Protocol


class Reporter(Protocol):
    """What work may call while it runs."""

    def progress(self, done: float, total: float, message: str = "", **figures: object) -> None:
        """Tell how far it is. Cheap enough to call at every step: what is written is thinned out."""

    def should_stop(self) -> bool:
        """Whether somebody asked for a stop. Work looks at it at every step and ends tidily."""


class Silent:
    """Reports nothing and is never stopped."""

    def progress(self, done: float, total: float, message: str = "", **figures: object) -> None:
        pass

    def should_stop(self) -> bool:
        return False


class Console(Silent):
    """One line on standard error, overwritten; plain lines where it is no terminal."""

    def __init__(self) -> None:
        self._shown = -1

    def progress(self, done: float, total: float, message: str = "", **figures: object) -> None:
        percent = int(100 * done / total) if total else 100
        if percent == self._shown or (not sys.stderr.isatty() and percent % 10):
            return
        self._shown = percent
        end = "\r" if sys.stderr.isatty() and percent < 100 else "\n"
        print(f"{percent:3d}% {message}", end=end, file=sys.stderr, flush=True)
