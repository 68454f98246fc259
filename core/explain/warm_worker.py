"""The warm worker: `python -m core.explain.warm_worker`, started and asked by `core.explain.warm`.

Questions come on standard input, a list of them in JSON on each line; replies go to standard output, one on a line. It
ends when its standard input does, and so with the server that started it, and by itself when nobody has asked for long.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from core.errors import GapwiseError
from core.explain.methods import METHODS

IDLE = 15 * 60.0  # seconds without a question; torch and five networks are a gigabyte that others may need
TOGETHER = 16  # questions of one kind that are answered at once; who asks next waits for no more than these


class Line:
    """Questions that wait, in the order in which they came."""

    def __init__(self) -> None:
        self._questions: deque[dict] = deque()
        self._changed = threading.Condition()

    def put(self, questions: list[dict]) -> None:
        """Add questions that came together; one that says `withdraw` takes an earlier one out."""
        gone = {q["id"] for q in questions if q["do"] == "withdraw"}
        with self._changed:
            self._questions = deque(q for q in self._questions if q["id"] not in gone)
            self._questions.extend(q for q in questions if q["do"] != "withdraw")
            self._changed.notify()

    def take(self, seconds: float) -> list[dict]:
        """Return the first question, and with it all alike; [] when none came in so many seconds.

        What takes long comes after all that does not: who compares methods sees most of them at once.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._questions, seconds):
                return []
            first = min(self._questions, key=takes_long)
            alike = [q for q in self._questions if kind(q) == kind(first)][:TOGETHER]
            taken = {q["id"] for q in alike}
            self._questions = deque(q for q in self._questions if q["id"] not in taken)
            return alike


def kind(question: dict) -> tuple:
    """Return what questions have in common that one batch can answer: all but image and target."""
    own = question["ask"] if question["do"] == "map" else {"only": question["id"]}
    about = sorted((k, v) for k, v in own.items() if k not in ("image_id", "target"))
    return question["do"], question["workspace"], repr(about)


def takes_long(question: dict) -> bool:
    """Whether a question takes many passes for each picture."""
    ask = question["ask"]
    return question["do"] == "map" and (ask["trust"] or METHODS[ask["method"]].slow)


def main() -> int:
    questions, replies = _pipes()
    line = Line()
    threading.Thread(target=_read, args=(questions, line), name="questions", daemon=True).start()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    from core.explain.warm_desk import Desk  # torch: while it is loaded, questions are taken already

    desk = Desk()
    while asked := line.take(IDLE):
        for number, reply in _answered(desk, asked):
            replies.write(json.dumps({"id": number, **reply, "state": desk.state()}).encode() + b"\n")
            replies.flush()
        desk.tidy()
    desk.close()
    return 0


def _answered(desk, asked: list[dict]) -> Iterator[tuple[int, dict]]:
    """Yield a reply to each question, whatever happens."""
    left = {q["id"] for q in asked}
    try:
        for number, reply in desk.answer(asked):
            left.discard(number)
            yield number, reply
    except Exception as error:  # noqa: BLE001  whoever asked is told, and the next question is answered
        if not isinstance(error, GapwiseError):
            traceback.print_exc()
        words = desk.words(error)
        for number in sorted(left):
            yield number, {"error": words}


def _read(questions: BinaryIO, line: Line) -> None:
    for text in questions:
        line.put(json.loads(text))
    os._exit(0)  # the server is gone: nobody waits for what is being computed


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take standard input and output for the messages alone; what libraries print goes to standard error."""
    questions, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return questions, replies


if __name__ == "__main__":
    sys.exit(main())
