"""Runs: one training each, with its recipe, checkpoint, metrics and predictions."""

from __future__ import annotations

import csv
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Integer, Row, bindparam, func, insert, select, update

from core.errors import GapwiseError
from core.store import ids, schema

if TYPE_CHECKING:
    import pandas as pd

    from core.workspace import Workspace

METRICS = "metrics.jsonl"
BEST = "best.safetensors"
DATA = "data.csv"
RECIPE = "recipe.toml"
QUALITY = "quality.json"
NOTES = "predict.json"  # temperature, layer of the maps, and the checkpoint that they belong to
ONNX, ONNX_CHECK = "model.onnx", "model.onnx.json"

_CHUNK = 10_000  # ids a statement: SQLite takes a million characters


@dataclass(frozen=True)
class NewLabels:
    """What is known of a run's label now that was not when the run began.

    Attributes:
        trusted: Cells that are given, decided by a person or derived, which the run neither learned from nor was
            measured on. Identical images of held-out ones don't count: no run learns from them.
        pseudo: Cells accepted in bulk, likewise.
        changed: Cells that the run used with another class than they have now.
    """

    trusted: int = 0
    pseudo: int = 0
    changed: int = 0


def add_run(
    connection: Connection, label_id: int, recipe: str, config: Mapping[str, object], job_id: int | None = None
) -> int:
    """Insert a run; return its id, which no run had before."""
    row = {"job_id": job_id, "label_id": label_id, "recipe": recipe, "config": dict(config), "created": time.time()}
    row = ids.numbered(connection, schema.run, [row])[0]
    return connection.execute(insert(schema.run), row).inserted_primary_key[0]


def set_metrics(connection: Connection, run_id: int, metrics: Mapping[str, object]) -> None:
    """Store a run's best metrics."""
    connection.execute(update(schema.run).where(schema.run.c.id == run_id).values(metrics=dict(metrics)))


def run(connection: Connection, run_id: int) -> Row:
    """Return one run: id, job_id, label_id, label (its name), recipe, config, metrics, created.

    Raises:
        GapwiseError: If there is none with that id.
    """
    row = connection.execute(_query().where(schema.run.c.id == run_id)).first()
    if row is None:
        raise GapwiseError(f"There is no run {run_id} in this workspace. Train one with `python -m core train`.")
    return row


def list_runs(connection: Connection, label_id: int | None = None) -> list[Row]:
    """Return the runs, of one label or of all, newest first; columns as in `run`."""
    query = _query().order_by(schema.run.c.id.desc())
    return list(connection.execute(query if label_id is None else query.where(schema.run.c.label_id == label_id)))


def newest(connection: Connection) -> int | None:
    """Return the id of the newest run, None when there is none."""
    return connection.execute(select(func.max(schema.run.c.id))).scalar()


def metrics_frame(ws: Workspace, run_id: int) -> pd.DataFrame:
    """Return a run's metrics, one row per epoch in order; empty before the first epoch is done.

    Columns: epoch (from 1), step, train_loss, loss, accuracy, f1 (of the positive class for a binary
    label, else macro), f1_macro, lr, seconds (of the epoch), images_per_second, device.
    """
    import pandas as pd

    try:
        lines = (ws.run_dir(run_id) / METRICS).read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return pd.DataFrame(columns=["epoch"])
    # What follows the last line break is a line that is being written.
    return pd.DataFrame(
        [json.loads(line) for line in lines[:-1] if line], columns=None if len(lines) > 1 else ["epoch"]
    )


def new_labels(connection: Connection, ws: Workspace, run_id: int) -> NewLabels | None:
    """Count what is known now that a run did not learn from and was not measured on.

    Counted in the database: the label's cells are never loaded.

    Returns:
        None when the run's folder does not say any more which cells it used.

    Raises:
        GapwiseError: If there is no such run.
    """
    label_id = run(connection, run_id).label_id
    try:
        used = _used(ws.run_dir(run_id) / DATA)
    except OSError:
        return None
    known = _known_by_source(connection, label_id)
    twins = _twins(connection, label_id)
    changed = 0
    for code, images in used.items():
        twins.difference_update(images)
        for source, value, count in _now(connection, label_id, images):
            known[source] -= count
            changed += count if value != code else 0
    for chunk in _chunks(sorted(twins)):
        for source, _, count in _now(connection, label_id, chunk):
            known[source] -= count
    pseudo = known.pop("pseudo", 0)
    return NewLabels(sum(known.values()), pseudo, changed)


def _used(path: Path) -> dict[int, tuple[int, ...]]:
    stat = path.stat()
    return _read_used(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)  # a run's data never change; a server looks at a few runs again and again
def _read_used(path: Path, changed: int, size: int) -> dict[int, tuple[int, ...]]:
    """Return class code to the images that a run used with it."""
    found: dict[int, list[int]] = defaultdict(list)
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[int(row["value"])].append(int(row["image_id"]))
    return {code: tuple(ids) for code, ids in found.items()}


def _known_by_source(connection: Connection, label_id: int) -> dict[str, int]:
    c = schema.cell.c
    query = select(c.source, func.count()).where(c.label_id == label_id, c.value.is_not(None)).group_by(c.source)
    return {source: count for source, count in connection.execute(query)}


def _now(connection: Connection, label_id: int, images: tuple[int, ...] | list[int]) -> Iterator[Row]:
    """Yield (source, class code, count) of the cells with a value among some images'."""
    c = schema.cell.c
    # Written into the statement as numbers: as parameters, ten thousand of them take longer than the query.
    among = c.image_id.in_(bindparam("images", expanding=True, literal_execute=True, type_=Integer))
    # The sum keeps SQLite from going through all of the label's cells for each part: it then looks the images up.
    query = select(c.source, c.value, func.count()).where(c.label_id + 0 == label_id, c.value.is_not(None), among)
    query = query.group_by(c.source, c.value)
    for chunk in _chunks(images):
        yield from connection.execute(query, {"images": chunk})


def _twins(connection: Connection, label_id: int) -> set[int]:
    """Return the images that are identical to a held-out one without being held out themselves."""
    h, i = schema.holdout.c, schema.image.c
    held = select(h.image_id).where(h.label_id == label_id)
    digests = select(i.digest).where(i.id.in_(held))
    return set(connection.execute(select(i.id).where(i.digest.in_(digests), i.id.not_in(held))).scalars())


def _chunks(images: tuple[int, ...] | list[int]) -> Iterator[list[int]]:
    for start in range(0, len(images), _CHUNK):
        yield list(images[start : start + _CHUNK])


def _query():
    r = schema.run.c
    columns = (r.id, r.job_id, r.label_id, schema.label.c.name.label("label"), r.recipe, r.config, r.metrics, r.created)
    return select(*columns).join(schema.label, schema.label.c.id == r.label_id)
