"""A set that a small network learns in seconds: `bright`, `high` (of three classes), and `both`, which rules define.

Trainings here queue behind each other, never behind one of the person at this machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.labels.label import MISSING, Label
from core.store.cells import add_cells
from core.store.labels import add_labels, set_rules
from core.workspace import Workspace
from tests import tiny

IMAGES = 120
TRUTH = np.arange(IMAGES) % 2  # of `bright`, also where it is missing; what the pictures show


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GAPWISE_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with tiny.one_thread():
        yield


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return gappy(tmp_path / "ws")


def gappy(root: Path, rules: tuple[str, ...] = ('both = bright and kind != "plain"',)) -> Workspace:
    """Return 120 images: 20 lack `bright`, 30 lack `kind`, all of these lack `both`.

    `kind` is plain where an image is dark, and striped or dotted, in turn, where it is bright.
    """
    kinds = np.where(TRUTH == 0, 0, 1 + (np.arange(IMAGES) // 2) % 2)
    both = TRUTH.copy()
    bright, kind = TRUTH.copy(), kinds.copy()
    bright[70:90], both[70:] = MISSING, MISSING
    kind[90:] = MISSING
    workspace = tiny.workspace(root, bright.tolist())
    with workspace.write() as connection:
        new = add_labels(connection, [Label("kind", ("plain", "striped", "dotted")), Label("both", ("0", "1"))])
        add_cells(connection, list(range(1, IMAGES + 1)), new, np.stack([kind, both], axis=1))
        set_rules(connection, list(rules))
    return workspace
