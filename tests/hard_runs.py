"""Runs by hand whose mistakes are known beforehand, and a map of the set with two clouds."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from sqlalchemy import insert, select

from core.hard import set_file
from core.store import cells, schema
from core.store.labels import label_id
from core.store.proposals import put_proposals
from core.workspace import Workspace


def add_run(ws: Workspace, wrong: Collection[int], heldout: int = 6, label: str = "mask") -> int:
    """Add a run that is wrong on some of the first known images, counted from 0; return its id.

    Its map of a wrong answer is bright in the upper left corner, that of a right one in the middle.
    """
    corner, middle = np.zeros((7, 7), np.uint8), np.zeros((7, 7), np.uint8)
    corner[:2, :2], middle[2:5, 2:5] = 255, 255
    with ws.write() as connection:
        of = label_id(connection, label)
        row = {"label_id": of, "recipe": "by hand", "config": {}, "created": 0.0}
        run = connection.execute(insert(schema.run), row).inserted_primary_key[0]
        common = {"run_id": run, "label_id": of, "map_height": 7, "map_width": 7}
        rows = []
        for n, known in enumerate(cells.known(connection, of)[:heldout]):
            said = 1 - known.value if n in wrong else known.value
            rows.append({**common, "image_id": known.image_id, "value": said, "heldout": 1, "confidence": 0.9,
                         "probs": [0.1, 0.9] if said else [0.9, 0.1],
                         "map": (corner if n in wrong else middle).tobytes()})  # fmt: skip
        for known in cells.open_cells(connection, of):
            rows.append({**common, "image_id": known.image_id, "value": 1, "heldout": 0, "confidence": 0.7,
                         "probs": [0.3, 0.7], "map": middle.tobytes()})  # fmt: skip
        put_proposals(connection, rows)
    return run


def known_images(ws: Workspace, label: str = "mask") -> list[int]:
    """Return the images whose cells are known, in the order that `add_run` counts them."""
    with ws.read() as connection:
        return [row.image_id for row in cells.known(connection, label_id(connection, label))]


def two_clouds(ws: Workspace, run_id: int, left: Sequence[int]) -> None:
    """Store a map of a run: some images in a cloud at the left, all others in one at the right."""
    with ws.read() as connection:
        ids = list(connection.execute(select(schema.image.c.id).order_by(schema.image.c.id)).scalars())
    random = np.random.default_rng(0)
    xy = random.uniform(-0.1, 0.1, (len(ids), 2)) + np.array([[-0.9 if i in set(left) else 0.9, 0.0] for i in ids])
    none = np.zeros((len(ids), 1), np.float32)
    made = set_file.SetMap(np.array(ids, np.int32), xy.astype(np.float32), np.full((len(ids), 1), -1, np.int32), none,
                           none, set_file.checkpoint_digest(ws, run_id))  # fmt: skip
    ws.run_dir(run_id).mkdir(parents=True, exist_ok=True)
    set_file.write(ws, run_id, made)
