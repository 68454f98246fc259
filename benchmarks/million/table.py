"""The table: a workspace of many rows x 6 labels, and the same values as CSV and Parquet for the alternatives.

Gaps lie as they do in tables that people made: whole deliveries in which nobody asked for a label, days on which one
annotator skipped it, gaps that hang on another label, and single ones. Two rules hold, one of them written into the
cells already, the other not; some hundred cells were decided by a person.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import insert

from core.labels.label import MISSING, Label
from core.store import cells, decisions, images, schema
from core.store.labels import add_labels
from core.store.rules import change_rules
from core.workspace import Workspace

LABELS = (
    Label("mask", ("0", "1"), ("no mask", "mask")),
    Label("distancing", ("0", "1"), ("too close", "apart")),
    Label("5k", ("0", "1"), ("not 5K", "5K")),
    Label("indoor", ("0", "1"), ("outdoors", "indoors")),
    Label("crowd", ("one", "few", "many")),
    Label("weather", ("none", "sun", "clouds", "rain")),
)
WRITTEN, UNWRITTEN = 'indoor implies weather = "none"', "5k = mask and distancing"
DECISIONS = 200
DELIVERIES, DAY = 20, 1000  # folders; rows that one annotator did in one go
_AT_ONCE = 100_000


def make(root: Path, rows: int, seed: int = 0) -> Workspace:
    """Return the workspace in a folder, made unless one of as many rows is there.

    Raises:
        ValueError: If the folder holds one with another number of rows.
    """
    done = root / "million.json"
    if done.is_file():
        found = json.loads(done.read_text())
        if found["rows"] != rows:
            raise ValueError(f"{root} holds {found['rows']:,} rows and not {rows:,}; name another folder, or --rows")
        return Workspace.open(root)
    rng = np.random.default_rng(seed)
    codes = truth(rng, rows)
    codes[gaps(rng, codes)] = MISSING
    workspace = Workspace.create(root, f"{rows:,} rows")
    with workspace.write() as connection:
        image_ids = _add_images(connection, rows)
        label_ids = add_labels(connection, LABELS)
        cells.add_cells(connection, image_ids, label_ids, codes)
        change_rules(connection, [WRITTEN])
        cells.derive_all(connection)
        change_rules(connection, [WRITTEN, UNWRITTEN])
    _decide(workspace, rng, codes, label_ids)
    frame = as_frame(codes)
    frame.to_csv(root / "table.csv", index=False)
    frame.to_parquet(root / "table.parquet", index=False)
    done.write_text(json.dumps({"rows": rows, "seed": seed}))
    return workspace


def truth(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Return class codes (N, 6) int16 that keep the rules, but for 1 row in 2000."""
    found = np.stack([rng.integers(0, len(label.classes), rows) for label in LABELS], axis=1).astype(np.int16)
    found[:, 2] = found[:, 0] & found[:, 1]
    found[found[:, 3] == 1, 5] = 0
    wrong = rng.random(rows) < 1 / 2000
    found[wrong, 2] = 1 - found[wrong, 2]
    return found


def gaps(rng: np.random.Generator, codes: np.ndarray) -> np.ndarray:
    """Return which cells are missing, (N, 6) bool."""
    rows = len(codes)
    delivery = np.arange(rows) * DELIVERIES // rows
    day = np.arange(rows) // DAY
    found = rng.random(codes.shape) < np.array([0.05, 0.1, 0.2, 0.03, 0.05, 0.05])
    for column, share in enumerate((0.1, 0.15, 0.25, 0.05, 0.1, 0.1)):
        found[:, column] |= (rng.random(day[-1] + 1) < share)[day]  # a day on which nobody filled it in
    found[:, 5] |= delivery < DELIVERIES // 3  # weather was asked for later
    found[:, 4] |= (delivery >= DELIVERIES // 2) & (delivery < DELIVERIES * 13 // 20)
    found[:, 1] |= (codes[:, 0] == 0) & (rng.random(rows) < 0.3)  # who wears no mask was not looked at any further
    return found


def as_frame(codes: np.ndarray) -> pd.DataFrame:
    """Return what the imported table said: a file name and six columns, numbers or texts, empty where missing."""
    frame = pd.DataFrame({"fname": [_name(row, len(codes)) for row in range(len(codes))]})
    for column, label in enumerate(LABELS):
        part = codes[:, column]
        if label.classes == ("0", "1"):
            frame[label.name] = np.where(part == MISSING, np.nan, part)
        else:
            frame[label.name] = pd.Series(np.array([*label.classes, None], dtype=object)[part], dtype="str")
    return frame


def _name(row: int, rows: int) -> str:
    return f"delivery_{row * DELIVERIES // rows:02d}/{row:07d}.jpg"


def _add_images(connection, rows: int) -> list[int]:
    table = {"name": "table.csv", "digest": "million", "file": "table.csv", "images_root": "/photos", "plan": {}}
    statement = insert(schema.source_table).values(**table, rows=rows, created=0.0)
    table_id = connection.execute(statement).inserted_primary_key[0]
    ids: list[int] = []
    for start in range(0, rows, _AT_ONCE):
        part = [_image(table_id, row, rows) for row in range(start, min(rows, start + _AT_ONCE))]
        ids += images.add_images(connection, part)
    return ids


def _image(table_id: int, row: int, rows: int) -> dict:
    name = _name(row, rows)
    size = {"width": 640 + row % 7 * 100, "height": 480, "bytes": 50_000 + row % 1000}
    return {"table_id": table_id, "row": row, "fname": name, "path": f"/photos/{name}", "digest": str(row), **size}


def _decide(workspace: Workspace, rng: np.random.Generator, codes: np.ndarray, label_ids: list[int]) -> None:
    """Answer some of the missing masks, as a person would on the Review page."""
    missing = np.flatnonzero(codes[:, 0] == MISSING)
    for row in rng.choice(missing, min(DECISIONS, len(missing)), replace=False).tolist():
        decide(workspace, row + 1, label_ids[0], row % 2)


def decide_one(workspace: Workspace) -> None:
    """Answer the first open mask: what a person does between two looks at the page."""
    with workspace.read() as connection:
        image_id = cells.open_cells(connection, 1)[0].image_id
    decide(workspace, image_id, 1, 1)


def decide(workspace: Workspace, image_id: int, label_id: int, value: int) -> None:
    with workspace.write() as connection:
        decisions.decide(
            connection, client_id=f"million-{image_id}", reviewer="benchmark", action="choose",
            image_id=image_id, label_id=label_id, value=value,
        )  # fmt: skip
