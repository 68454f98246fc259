"""Runs: one training each, with its recipe, checkpoint, metrics and predictions."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Row, insert, select, update

from core.errors import GapwiseError
from core.store import schema

if TYPE_CHECKING:
    import pandas as pd

    from core.workspace import Workspace

METRICS = "metrics.jsonl"
BEST = "best.safetensors"


def add_run(
    connection: Connection, label_id: int, recipe: str, config: Mapping[str, object], job_id: int | None = None
) -> int:
    """Insert a run; return its id."""
    row = {"job_id": job_id, "label_id": label_id, "recipe": recipe, "config": dict(config), "created": time.time()}
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


def _query():
    r = schema.run.c
    columns = (r.id, r.job_id, r.label_id, schema.label.c.name.label("label"), r.recipe, r.config, r.metrics, r.created)
    return select(*columns).join(schema.label, schema.label.c.id == r.label_id)
