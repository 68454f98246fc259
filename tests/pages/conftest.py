"""A small demo workspace with proposals, and the app on it, without a browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert
from streamlit.testing.v1 import AppTest

from core.demo.build import build
from core.jobs import process
from core.models.catalog import Catalog
from core.store import cells, schema
from core.store.labels import label_id
from core.store.proposals import put_proposals
from core.workspace import Workspace
from pages.ui import training_facts, training_memory
from tests.pages.form import NAMES

PROJECT = Path(__file__).resolve().parents[2]
IMAGES = 30


@pytest.fixture(scope="session")
def demo_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    build(home / "demo", n=IMAGES)
    return home


@pytest.fixture
def demo(demo_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A fresh copy of the demo in a home of its own."""
    home = tmp_path / "home"
    shutil.copytree(demo_once, home)
    monkeypatch.setenv("GAPWISE_HOME", str(home))
    monkeypatch.delenv("GAPWISE_WORKSPACE", raising=False)
    return Workspace.open(home / "demo")


@pytest.fixture
def proposed(demo: Workspace) -> Workspace:
    """The demo with one run on `mask`: it proposes class 1 for every open cell, and is wrong on held-out ones."""
    with demo.write() as connection:
        mask = label_id(connection, "mask")
        row = {"label_id": mask, "recipe": "by hand", "config": {}, "created": 0.0}
        run = connection.execute(insert(schema.run), row).inserted_primary_key[0]
        values = np.arange(49, dtype=np.uint8).tobytes()
        shared = {"run_id": run, "label_id": mask, "map": values, "map_height": 7, "map_width": 7, "value": 1}
        rows = []
        for i, cell in enumerate(cells.open_cells(connection, mask)):
            p = 0.6 + 0.3 * i / IMAGES
            rows.append({**shared, "image_id": cell.image_id, "probs": [1 - p, p], "confidence": p, "heldout": 0})
        for cell in cells.known(connection, mask)[:6]:
            rows.append({**shared, "image_id": cell.image_id, "probs": [0.1, 0.9], "confidence": 0.9, "heldout": 1})
        put_proposals(connection, rows)
    return demo


class _Nobody:
    """Stands in for the processes that a page asks about device, names and memory; only names are known yet."""

    waiting = False

    def name(self) -> None:
        return None

    def catalog(self) -> Catalog:
        return NAMES

    def ask(self, *_: object) -> None:
        return None


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the Fine-tune page from starting one with torch for every test that opens it."""
    for module, name in (
        (training_facts, "_probe"), (training_facts, "_listing"), (training_memory, "_forecast"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, _Nobody)


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Command lines of started workers, which do not start."""
    found: list[list[str]] = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: found.append(list(arguments)) or 2**22 + 1)
    return found


@pytest.fixture
def app(demo: Workspace, open_page: Callable[[str], AppTest]) -> AppTest:
    """The Fine-tune page on the demo."""
    return open_page("fine_tune")


@pytest.fixture
def open_page() -> Callable[[str], AppTest]:
    """Open a page of the app by its file's name; fails when it shows an exception."""

    def opened(name: str) -> AppTest:
        app = AppTest.from_file(str(PROJECT / "pages" / "ui" / "shell.py"), default_timeout=60)
        app.run()
        assert not app.exception, app.exception[0].value
        app.switch_page(f"../{name}.py").run()
        assert not app.exception, app.exception[0].value
        return app

    return opened
