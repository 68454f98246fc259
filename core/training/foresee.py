"""The memory that a training will need, asked of a short-lived process: the server itself has no torch."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from dataclasses import dataclass

from core.aside import start_aside
from core.training.need import Need, Room, Verdict, judge, question
from core.training.recipe import Recipe

FRESH_SECONDS = 300.0  # after which it is asked again how much memory is free
_KEPT = 64  # answers


@dataclass(frozen=True)
class Answer:
    """What a worker found out.

    Attributes:
        name: The device, as people read it.
        time: When, on `time.monotonic`'s clock.
        problem: Why there is no answer; need and room are None then.
    """

    name: str
    time: float
    need: Need | None = None
    room: Room | None = None
    problem: str = ""

    def verdict(self, recipe: Recipe) -> Verdict | None:
        """Return whether a recipe that was asked about fits, with any batches."""
        if self.need is None or self.room is None:
            return None
        return judge(self.need.with_batch(recipe.batch_size, recipe.accumulate), self.room)


class Forecast:
    """Asks about one recipe at a time, in one process; never blocks. Threads may share it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._answers: dict[tuple, Answer] = {}
        self._asked: tuple | None = None
        self._by = ""
        self._process: subprocess.Popen | None = None

    def ask(self, recipe: Recipe, classes: int, by: str = "") -> Answer | None:
        """Return what is known; None while the first answer is on its way: ask again then.

        Args:
            by: Who asks. Another question of the same one ends the one before; others wait for their turn.
        """
        asked = question(recipe, classes)
        with self._guard:
            self._collect()
            known = self._answers.get(asked)
            if self._asked not in (None, asked) and self._by == by:
                self._cancel()
            old = known is None or time.monotonic() - known.time > FRESH_SECONDS
            if old and self._asked is None:
                self._start(asked, recipe, classes, by)
        return known

    @property
    def busy(self) -> bool:
        """Whether a question is being answered."""
        with self._guard:
            return self._process is not None and self._process.poll() is None

    def cancel(self) -> None:
        """End the question that is being answered."""
        with self._guard:
            self._cancel()

    def _cancel(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._process = self._asked = None

    def _start(self, asked: tuple, recipe: Recipe, classes: int, by: str) -> None:
        self._asked, self._by = asked, by
        self._process = start_aside(
            ["-m", "core.training.foretell"], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdin is not None
        # Less than a pipe holds, so that nobody waits for the worker to read it.
        self._process.stdin.write(json.dumps({"recipe": recipe.model_dump(mode="json"), "classes": classes}))
        self._process.stdin.close()
        self._process.stdin = None

    def _collect(self) -> None:
        if self._process is None or self._process.poll() is None:
            return
        out, errors = self._process.communicate()
        asked, status = self._asked, self._process.returncode
        self._process = self._asked = None
        if asked is not None:
            self._answers.pop(asked, None)
            while len(self._answers) >= _KEPT:
                del self._answers[next(iter(self._answers))]
            self._answers[asked] = _read(out, errors, status)


def _read(out: str, errors: str, status: int) -> Answer:
    if status:
        last = (errors.strip().splitlines() or [f"the worker ended with {status}"])[-1]
        return Answer("", time.monotonic(), problem=f"The memory could not be estimated: {last}")
    found = json.loads(out)
    if "problem" in found:
        return Answer("", time.monotonic(), problem=found["problem"])
    return Answer(found["name"], time.monotonic(), Need.from_json(found["need"]), Room(**found["room"]))
