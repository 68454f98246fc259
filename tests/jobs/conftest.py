"""Jobs whose worker counts instead of training: real processes, without torch."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.jobs import process
from core.workspace import PROJECT, Workspace

COUNTER = Path(__file__).with_name("counter.py")


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("GAPWISE_LOCKS", str(tmp_path / "locks"))
    return Workspace.create(tmp_path / "ws")


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Started jobs run `counter.py` with the same arguments instead of `python -m core`."""

    def spawn(arguments: list[str], log: Path) -> int:
        with open(log, "ab") as output:
            child = subprocess.Popen(
                [sys.executable, str(COUNTER), *arguments],
                stdout=output,
                stderr=output,
                cwd=PROJECT,
                start_new_session=True,
            )
        threading.Thread(target=child.wait, daemon=True).start()
        return child.pid

    monkeypatch.setattr(process, "spawn", spawn)


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Poll until a condition holds; fail when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
