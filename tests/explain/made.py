"""Runs that nobody trained: a folder as a training leaves it, with weights drawn at random. Imports torch when used."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from sqlalchemy import select

from core.store import runs, schema
from core.store.proposals import put_proposals
from core.workspace import Workspace
from tests import tiny


def run_of(ws: Workspace, seed: int = 1, label_id: int = 1, **recipe: object) -> int:
    """Give a workspace a run of its label with a tiny network; return its number."""
    from core.training.rundir import Known, RunDir

    i, c = schema.image.c, schema.cell.c
    query = select(i.id, c.value, i.digest, i.path).join(schema.cell, c.image_id == i.id)
    with ws.write() as connection:
        run_id = runs.add_run(connection, label_id, "tiny", {})
        known = [Known(*row) for row in connection.execute(query.where(c.label_id == label_id, c.value.is_not(None)))]
    facts = {"classes": ["0", "1"], "mean": [0.3] * 3, "std": [0.2] * 3}
    RunDir(ws.run_dir(run_id)).create(tiny.recipe(**recipe), facts, known, known)
    weigh(ws, run_id, seed)
    return run_id


def weigh(ws: Workspace, run_id: int, seed: int) -> None:
    """Give a run other weights, as a training does that goes on."""
    import torch

    from core.models.zoo import build
    from core.training.checkpoint import save_best
    from core.training.rundir import RunDir

    folder = RunDir(ws.run_dir(run_id))
    recipe = folder.recipe()
    torch.manual_seed(seed)
    model = build(recipe.model, 2, "random", recipe.width, recipe.depth, size=recipe.pixels)
    head = model.get_classifier()
    with torch.no_grad():  # a head that starts near zero has no opinion
        head.weight.normal_(0, 5)
        head.weight -= head.weight.mean(1, keepdim=True)  # what is bright in all channels decides nothing
    save_best(folder.best, model, recipe.pixels)


def fake_run(ws: Workspace, weights: bytes = b"weights", label_id: int = 1) -> int:
    """Give a workspace a run whose weights are just bytes: enough for all that never loads them."""
    with ws.write() as connection:
        run_id = runs.add_run(connection, label_id, "tiny", {})
    ws.run_dir(run_id).mkdir(parents=True)
    (ws.run_dir(run_id) / runs.BEST).write_bytes(weights)
    return run_id


def notes(ws: Workspace, run_id: int, **values: object) -> None:
    """Write what a prediction with the present weights leaves in the run's folder."""
    from core.explain.stored import checkpoint

    own = {"checkpoint": checkpoint(ws.run_dir(run_id)), "temperature": 2.0, "layer": "blocks.4", "mixed": False}
    path = ws.run_dir(run_id) / runs.NOTES
    path.write_text(json.dumps({**own, **values}))
    os.utime(path)


def predict(ws: Workspace, run_id: int, image_ids: Sequence[int], value: int = 1, heldout: int = 0) -> None:
    """Store predictions of one class, each with a map of 2 x 3 cells."""
    probs = [0.1, 0.1]
    probs[value] = 0.9
    about = {"run_id": run_id, "label_id": 1, "probs": probs, "value": value, "confidence": 0.9, "heldout": heldout}
    cells = {"map": bytes([0, 50, 255, 7, 8, 9]), "map_height": 2, "map_width": 3}
    with ws.write() as connection:
        put_proposals(connection, [{**about, **cells, "image_id": i} for i in image_ids])
