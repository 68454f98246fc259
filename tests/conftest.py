"""A small workspace, written straight through core.store, and ways to look at it.

`build` makes one from a table of text; `propose` gives it a run with predictions; `cells_of` reads it back.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sqlalchemy import Row, insert, select

from core.labels.label import Label
from core.store import cells, images, proposals, schema
from core.store.labels import add_labels, label_id, set_rules
from core.workspace import Workspace

BINARY = ("0", "1")
FIVE_K = "5k = mask and distancing"
# Trainings in processes of their own that are stopped, killed and resumed: each loads torch, and together they take a
# third of the suite's time. `make test-slow` runs them, and so does CI; `make test` runs all others.
SLOW = (
    "cluster/test_real.py",
    "training/test_train_job.py",
    "training/test_kill.py",
    "training/test_trouble.py",
    "training/test_features.py",
    "training/sweep/test_run.py",
    "cli/test_cascade.py",
)
# By default pytest-xdist leaves files with few tests for the end, however long they take, with one core idle.
FIRST = (*SLOW, "browser/test_review_faults.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow files and put the slowest first, so that both workers end at about the same time."""
    place = {item: _place(item) for item in items}
    for item in items:
        if place[item] < len(SLOW):
            item.add_marker(pytest.mark.slow)
    items.sort(key=place.__getitem__)


def _place(item: pytest.Item) -> int:
    path = item.path.as_posix()
    return next((n for n, name in enumerate(FIRST) if path.endswith(name)), len(FIRST))


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Workspace]:
    """Return a function that makes a workspace out of columns of text, "" a gap.

    `fname` names the images (`0.png`, … without it); every column in `labels` (name to classes) is a label, all
    other columns only lie in the table. `aside` maps rows that have no image to the reason.
    """

    def make(
        columns: Mapping[str, Sequence[str]],
        labels: Mapping[str, tuple[str, ...]],
        rules: Sequence[str] = (),
        aside: Mapping[int, str] | None = None,
        where: str = "ws",
    ) -> Workspace:
        ws, aside = Workspace.create(tmp_path / where), aside or {}
        rows = len(next(iter(columns.values())))
        columns = dict(columns)
        columns.setdefault("fname", [f"{i}.png" for i in range(rows)])
        pd.DataFrame(columns, dtype=object).to_parquet(ws.root / "tables" / "table.parquet")
        kept = [i for i in range(rows) if i not in aside]
        plan = {
            "labels": [{"name": n, "column": n, "classes": list(c)} for n, c in labels.items()],
            "missing": ["", "?", "nan"],
        }
        codes = np.array([[_code(columns[n][i], c) for n, c in labels.items()] for i in kept], dtype=np.int16)
        with ws.write() as connection:
            table = {"name": "t.csv", "digest": where, "file": "tables/table.parquet", "images_root": str(ws.root)}
            more = {"plan": plan, "rows": rows, "created": time.time()}
            table_id = connection.execute(insert(schema.source_table), {**table, **more}).inserted_primary_key[0]
            pictures = [_picture(ws.root / "images", i, columns["fname"][i]) for i in kept]
            ids = images.add_images(connection, [{"table_id": table_id, **p} for p in pictures])
            label_ids = add_labels(connection, [Label(n, c) for n, c in labels.items()])
            cells.add_cells(connection, ids, label_ids, codes.reshape(len(ids), len(label_ids)))
            set_rules(connection, list(rules))
            for i, reason in aside.items():
                row = {"table_id": table_id, "row": i, "fname": columns["fname"][i], "problem": "broken"}
                connection.execute(insert(schema.aside), {**row, "detail": reason})
        return ws

    return make


@pytest.fixture
def five_k(build) -> Workspace:
    """Return six rows of the 5K kind; row 1 has a free cell (mask is 0), rows 2 to 4 have open ones."""
    return build(
        {
            "mask": ["1", "0", "", "1", "", "0"],
            "distancing": ["1", "", "1", "", "0", "0"],
            "5k": ["1", "", "", "", "", "0"],
        },
        {"mask": BINARY, "distancing": BINARY, "5k": BINARY},
        [FIVE_K],
    )


def propose(ws: Workspace, label: str, probs: Mapping[str, Sequence[float]], heldout: bool = False) -> int:
    """Store a run's predictions, file name to class probabilities; return the run's id."""
    with ws.write() as connection:
        at = label_id(connection, label)
        run = {"label_id": at, "recipe": "quick-cpu", "config": {}, "created": time.time()}
        run_id = connection.execute(insert(schema.run), run).inserted_primary_key[0]
        rows = [
            {
                "run_id": run_id,
                "image_id": images.image_by_name(connection, fname).id,
                "label_id": at,
                "probs": list(p),
                "value": int(np.argmax(p)),
                "confidence": float(max(p)),
                "heldout": int(heldout),
            }
            for fname, p in probs.items()
        ]
        proposals.put_proposals(connection, rows)
    return run_id


def cells_of(ws: Workspace) -> dict[tuple[str, str], tuple[int, str]]:
    """Return (file name, label) to (class code, source) of all cells with a value."""
    c, i, n = schema.cell.c, schema.image.c, schema.label.c
    query = (
        select(i.fname, n.name, c.value, c.source)
        .join(schema.image, i.id == c.image_id)
        .join(schema.label, n.id == c.label_id)
        .where(c.value.is_not(None))
    )
    with ws.read() as connection:
        return {(fname, name): (value, source) for fname, name, value, source in connection.execute(query)}


def waiting(build: Callable[..., Workspace], images: int) -> Workspace:
    """Return a workspace in which `mask` waits for as many answers as there are images; a yes makes `5k` follow."""
    labels, gaps = dict.fromkeys(("mask", "distancing", "5k"), BINARY), [""] * images
    made = build({"mask": gaps, "distancing": ["1"] * images, "5k": gaps}, labels, [FIVE_K])
    propose(made, "mask", {f"{i}.png": [0.4, 0.6] for i in range(images)})
    return made


def log(ws: Workspace) -> list[Row]:
    """Return the log of decisions, oldest first."""
    with ws.read() as connection:
        return list(connection.execute(select(schema.decision).order_by(schema.decision.c.id)))


def at(ws: Workspace, fname: str, label: str) -> dict[str, int]:
    """Return the ids of a cell, as `decide` takes them."""
    with ws.read() as connection:
        return {"image_id": images.image_by_name(connection, fname).id, "label_id": label_id(connection, label)}


def _code(text: str, classes: tuple[str, ...]) -> int:
    text = text.strip()
    return classes.index(text.removesuffix(".0")) if text not in ("", "?", "nan") else -1


def _picture(folder: Path, row: int, fname: str) -> dict[str, object]:
    path = folder / f"{row}.png"
    Image.new("RGB", (8, 6), (row % 256, row // 256, 40)).save(path)
    content = path.read_bytes()
    facts = {"path": str(path), "width": 8, "height": 6, "bytes": len(content)}
    return {"row": row, "fname": fname, "digest": hashlib.sha256(content).hexdigest(), **facts}
