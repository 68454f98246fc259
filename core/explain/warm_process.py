"""The warm worker as the server sees it: a process, a line of questions, and what comes back. No torch.

Messages are lines of JSON through the process's own standard input and output; what libraries print goes elsewhere.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from itertools import count

from core.aside import spin_less, start_aside

log = logging.getLogger(__name__)

COMMAND = ("-m", "core.explain.warm_worker")
_TAIL = 40  # lines of its standard error that are kept, for the words about how it ended


class Died(Exception):
    """The process ended before it answered.

    Attributes:
        tidy: Whether it ended by itself, as one does that nobody has asked for long: a new one will answer.
    """

    def __init__(self, why: str, tidy: bool) -> None:
        super().__init__(why)
        self.tidy = tidy


class Worker:
    """One process. Safe to share between threads."""

    def __init__(self) -> None:
        """
        Raises:
            OSError: If it can't be started.
        """
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        environment = dict(os.environ)
        spin_less(environment)
        self._process = start_aside(COMMAND, **pipes, env=environment)
        self._lock = threading.Lock()
        self._waiting: dict[int, Future] = {}
        self._ids, self._said, self._over = count(1), deque(maxlen=_TAIL), ""
        self._state: dict[str, object] = {}
        self.warmed: set[tuple] = set()  # what it has been told to load, so that it is told once
        self._tail = self._thread(self._listen)
        self._thread(self._read)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self._over

    def state(self) -> dict[str, object]:
        """Return pid, how many wait for it, and what it said last about itself: memory, models, device."""
        with self._lock:
            return {"pid": self.pid, "waiting": len(self._waiting), **self._state}

    def send(self, messages: Sequence[Mapping[str, object]]) -> list[tuple[int, Future]]:
        """Put questions into its line, all at once; return for each its number and what the reply will be in, a dict.

        Raises:
            Died: If it has ended.
        """
        with self._lock:
            if self._over:
                raise Died(self._over, self._tidy)
            sent = [(next(self._ids), Future()) for _ in messages]
            self._waiting |= dict(sent)
            self._write([{**message, "id": number} for message, (number, _) in zip(messages, sent, strict=True)])
        return sent

    def withdraw(self, number: int) -> None:
        """Forget a question that nobody waits for any more; a map that is being made already is stored all the same."""
        with self._lock:
            if self._waiting.pop(number, None) is not None and not self._over:
                self._write([{"do": "withdraw", "id": number}])

    def end(self) -> None:
        """Let it end: it does as soon as its standard input is closed, whatever it works on."""
        with self._lock:
            try:
                self._process.stdin.close()
            except OSError:
                return

    def _write(self, questions: Sequence[Mapping[str, object]]) -> None:
        try:
            self._process.stdin.write(json.dumps(questions).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):  # it has ended: whoever reads tells all that wait
            log.debug("the worker for maps takes no more questions")

    def _read(self) -> None:
        for line in self._process.stdout:
            if not line.endswith(b"\n"):
                break  # killed while it wrote: half a reply is none, and whoever waits is told below
            reply = json.loads(line)
            with self._lock:
                self._state = reply.get("state", self._state)
                future = self._waiting.pop(reply.get("id"), None)
            if future is not None:
                future.set_result(reply)
        status = self._process.wait()
        self._tail.join(2.0)
        with self._lock:
            self._tidy, self._over = status == 0, _why(status, list(self._said))
            left, self._waiting = list(self._waiting.values()), {}
        for future in left:
            future.set_exception(Died(self._over, self._tidy))

    def _listen(self) -> None:
        for line in self._process.stderr:
            text = line.decode(errors="replace").rstrip()[:500]
            self._said.append(text)
            log.debug("maps: %s", text)

    def _thread(self, work) -> threading.Thread:
        thread = threading.Thread(target=work, name=f"maps-{work.__name__}-{self.pid}", daemon=True)
        thread.start()
        return thread


def _why(status: int, said: list[str]) -> str:
    if status == 0:
        return "The process that makes maps had ended."
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        hint = ", perhaps because memory ran out" if status == -signal.SIGKILL else ""
        return f"The process that makes maps was ended by {name}{hint}."
    last = next((line for line in reversed(said) if line.strip()), "")
    return f"The process that makes maps failed{f': {last}' if last else ''}."
