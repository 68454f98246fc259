"""Trainings here queue behind each other, never behind a training of the person at this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.workspace import Workspace
from tests import tiny

VALUES = [0, 1] * 12 + [-1] * 6


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GAPWISE_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with tiny.one_thread():
        yield


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """24 known cells of two classes and 6 open ones."""
    return tiny.workspace(tmp_path / "ws", VALUES)
