"""A set whose labels a small network learns in seconds: `bright`, and `lit`, which the rule says is the same."""

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
TRUTH = np.arange(IMAGES) % 2  # what the pictures show, also where the label is missing


@pytest.fixture(autouse=True, scope="module")
def _alone() -> Iterator[None]:
    with tiny.one_thread():
        yield


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return gappy(tmp_path / "ws")


def gappy(root: Path) -> Workspace:
    """Return a workspace of 120 images: 70 complete, 20 lack `lit`, 15 lack `bright`, 15 lack both."""
    bright, lit = TRUTH.copy(), TRUTH.copy()
    lit[70:90] = MISSING
    bright[90:105] = MISSING
    bright[105:] = lit[105:] = MISSING
    workspace = tiny.workspace(root, bright.tolist())
    with workspace.write() as connection:
        new = add_labels(connection, [Label("lit", ("0", "1"))])
        add_cells(connection, list(range(1, IMAGES + 1)), new, lit[:, None])
        set_rules(connection, ["lit = bright"])
    return workspace
