"""One training of a comparison: a label, as the table stands, in a workspace of its own that is thrown away.

Imports torch: for worker processes only.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Row, insert, select

from core.files import write_atomic
from core.jobs.reporter import Reporter
from core.labels.label import MISSING, Label
from core.store import runs, schema
from core.store.cells import TRUSTED, accept, add_cells
from core.store.labels import add_labels
from core.store.proposals import heldout_frame
from core.training.recipe import Recipe
from core.training.rundir import RunDir
from core.training.train import Order, train
from core.workspace import Workspace

_ARRAYS = ("image_ids", "probs", "heldout_ids", "heldout_probs", "heldout_truth")


@dataclass(frozen=True)
class Answers:
    """What a training says.

    Attributes:
        image_ids: (M,) images whose cell had no value, in their order.
        probs: (M, C) calibrated probabilities.
        heldout_ids, heldout_probs, heldout_truth: (H,), (H, C) and (H,) of the known cells that the training did not
            see.
        metrics: accuracy, f1, epoch of the best epoch; seconds, and images that were learned from.
    """

    image_ids: np.ndarray
    probs: np.ndarray
    heldout_ids: np.ndarray
    heldout_probs: np.ndarray
    heldout_truth: np.ndarray
    metrics: dict[str, float]


@dataclass(frozen=True)
class Table:
    """One label of a table.

    Attributes:
        images: Rows of `schema.image`, N of them.
        codes: (N,) class codes, -1 what is to be predicted.
        trusted: (N,) bool, cells that no model had a hand in: only those are held out to measure on.
    """

    label: Label
    images: Sequence[Row]
    codes: np.ndarray
    trusted: np.ndarray

    def key(self, recipe: Recipe) -> str:
        """Return a name for a training on this: the same training is done once, whoever asks for it."""
        ids = np.array([r.id for r in self.images], dtype=np.int64)
        settings = json.dumps([self.label.name, recipe.model_dump(mode="json")], sort_keys=True)
        parts = (settings.encode(), ids.tobytes(), self.codes.astype("<i2").tobytes(), self.trusted.tobytes())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:20]


def answers(
    ws: Workspace, folder: Path, table: Table, recipe_name: str, recipe: Recipe, reporter: Reporter
) -> Answers | None:
    """Train a label and predict what it lacks; None when stopped. What was done before is read, not done again.

    Args:
        ws: Whose pictures they are; nothing of it is changed but the store of decoded pictures.
        folder: Where results of trainings lie, and the present one's own workspace.

    Raises:
        GapwiseError: For everything that a person can do something about.
    """
    key = table.key(recipe)
    done = folder / f"{key}.npz"
    if done.is_file():
        return _read(done)
    root = folder / key
    scratch = _scratch(ws, root, table)
    with scratch.read() as connection:
        begun = next((r.id for r in runs.list_runs(connection) if RunDir(scratch.run_dir(r.id)).whole), None)
    order = Order(table.label.name, recipe_name, recipe, (*TRUSTED, "pseudo"))
    try:
        train(scratch, order, reporter, run_id=begun)
        found = None if reporter.should_stop() else _collect(scratch)
    finally:
        scratch.engine.dispose()
    if found is not None:
        _write(done, found)
        shutil.rmtree(root, ignore_errors=True)
    return found


def _scratch(ws: Workspace, root: Path, table: Table) -> Workspace:
    """Return a workspace with one label, no rules, and the pictures of another workspace."""
    ready = root / "ready"  # what a killed process left half made is made anew
    if not ready.exists():
        shutil.rmtree(root, ignore_errors=True)
    scratch = Workspace.create(root, private=True)
    if ready.exists():
        return scratch
    (ws.root / "cache").mkdir(exist_ok=True)
    with suppress(OSError):  # where links are not allowed, pictures are decoded again
        os.symlink(ws.root / "cache", root / "cache", target_is_directory=True)
    with scratch.write() as connection:
        source = {"id": 1, "name": "comparison", "digest": "-", "file": "-", "images_root": "-", "plan": {},
                  "rows": len(table.images), "created": 0.0}  # fmt: skip
        connection.execute(insert(schema.source_table), source)
        names = ("id", "row", "fname", "path", "width", "height", "bytes", "digest")
        rows = [{"table_id": 1, **{name: getattr(r, name) for name in names}} for r in table.images]
        connection.execute(insert(schema.image), rows)
        label_id = add_labels(connection, [table.label])[0]
        ids = [r.id for r in table.images]
        add_cells(connection, ids, [label_id], np.where(table.trusted, table.codes, MISSING)[:, None])
        guesses = np.flatnonzero(~table.trusted & (table.codes != MISSING)).tolist()
        accept(connection, label_id, {ids[i]: int(table.codes[i]) for i in guesses})
    ready.touch()
    return scratch


def _collect(scratch: Workspace) -> Answers:
    p = schema.proposal.c
    with scratch.read() as connection:
        run = runs.list_runs(connection)[0]
        query = select(p.image_id, p.probs).where(p.run_id == run.id, p.heldout == 0).order_by(p.image_id)
        rows = connection.execute(query).all()
        known = heldout_frame(connection, run.id)
    classes = len(rows[0].probs) if rows else len(known["probs"].iloc[0])
    scores = {name: float(run.metrics[name]) for name in ("accuracy", "f1", "epoch")}
    seconds = float(runs.metrics_frame(scratch, run.id)["seconds"].sum())
    return Answers(
        np.array([r.image_id for r in rows], dtype=np.int64),
        np.array([r.probs for r in rows], dtype=np.float64).reshape(-1, classes),
        known["image_id"].to_numpy(np.int64),
        np.array(known["probs"].tolist(), dtype=np.float64).reshape(-1, classes),
        known["truth"].to_numpy(np.int64),
        {**scores, "seconds": seconds, "images": sum(run.config["train"].values())},
    )


def _write(path: Path, found: Answers) -> None:
    content = io.BytesIO()
    metrics = np.frombuffer(json.dumps(found.metrics).encode(), np.uint8)
    np.savez(content, **{name: getattr(found, name) for name in _ARRAYS}, metrics=metrics)
    write_atomic(path, content.getvalue())


def _read(path: Path) -> Answers:
    with np.load(path, allow_pickle=False) as stored:
        return Answers(**{name: stored[name] for name in _ARRAYS}, metrics=json.loads(stored["metrics"].tobytes()))
