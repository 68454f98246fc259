"""Gapwise's own commands, with a limit of seconds: what is over it is asked to stop, as a person would."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from core.errors import GapwiseError

PROJECT = Path(__file__).resolve().parents[2]
PREDICTING = "Predicting"  # what a training says on standard error once it is through
_GRACE = 60.0  # seconds in which a command that was asked to stop has to end


@dataclass(frozen=True)
class Done:
    """How a command went.

    Attributes:
        status: Its exit status.
        said: What it printed.
        why: Its error, or the last line of standard error.
        stopped: Whether it was asked to stop.
    """

    status: int
    seconds: float
    said: str
    why: str
    stopped: bool


def core(root: Path, verb: str, *arguments: str) -> str:
    """Run a verb; return what it printed.

    Raises:
        GapwiseError: If it failed.
    """
    done = command(root, verb, *arguments)
    if done.status:
        raise GapwiseError(f"`{verb}` failed: {done.why}")
    return done.said


def command(root: Path, verb: str, *arguments: str, limit: float | None = None) -> Done:
    """Run a verb on a workspace, and show what it says on standard error.

    Args:
        limit: After so many seconds it is asked to stop, unless it predicts already: that is not worth less undone.
    """
    line = [sys.executable, "-m", "core", verb, *arguments, "--workspace", str(root)]
    began = time.perf_counter()
    told: list[str] = []
    stopped = threading.Event()
    with subprocess.Popen(line, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:

        def stop() -> None:
            if not any(PREDICTING in one for one in told):
                stopped.set()
                process.terminate()
                killer.start()

        killer = threading.Timer(_GRACE, process.kill)
        timer = threading.Timer(limit or 0.0, stop)
        killer.daemon = timer.daemon = True
        if limit is not None:
            timer.start()
        reader = threading.Thread(target=_show, args=(process.stderr, told))
        reader.start()
        try:
            said = process.stdout.read()
            process.wait()
        except BaseException:
            process.terminate()  # ctrl-C: it would train on, and this process wait for it
            raise
        finally:
            timer.cancel()
            killer.cancel()
            reader.join()
    seconds = time.perf_counter() - began
    return Done(process.returncode, seconds, said, _why(told), stopped.is_set())


def _why(told: list[str]) -> str:
    """Return what went wrong, where something did: a wrong rule's error is followed by the rule."""
    last = told[-1] if told else "no word"
    return next((line for line in reversed(told) if line.startswith("error: ")), last).removeprefix("error: ")


def _show(stream, told: list[str]) -> None:
    for line in stream:
        sys.stderr.write(line)
        sys.stderr.flush()
        if line.strip():
            told.append(line.strip())
