"""A workspace of a few drawn squares, and a recipe that learns it in a second: for tests of what trains."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from sqlalchemy import insert

from core.labels.label import MISSING, Label
from core.store import schema
from core.store.cells import add_cells
from core.store.images import add_images
from core.store.labels import add_labels
from core.training.recipe import Recipe
from core.workspace import Workspace

SIDE = 32
LABEL = Label("bright", ("0", "1"), ("dark", "bright"))


@contextmanager
def one_thread() -> Iterator[None]:
    """Networks this small gain nothing from threads, and lose a lot where other work waits for the cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def recipe(**values: object) -> Recipe:
    """A network of some 10,000 parameters on 32 px."""
    own = {"model": "tf_efficientnetv2_b0", "width": 0.1, "depth": 0.1, "size": SIDE, "epochs": 3, "batch_size": 8,
           "lr": 5e-3, "warmup_epochs": 1, "color_jitter": 0.0, "scale": (0.9, 1.0)}  # fmt: skip
    return Recipe(**{**own, **values})


def workspace(
    root: Path, values: Sequence[int], label: Label = LABEL, twins: Sequence[tuple[int, int]] = ()
) -> Workspace:
    """One image per value: noise, with a bright square for class 1; -1 is a gap.

    Args:
        twins: Pairs (a, b): image b is a copy of image a.
    """
    ws = Workspace.create(root)
    random = np.random.default_rng(0)
    rows, contents = [], []
    for i, value in enumerate(values):
        pixels = random.integers(0, 90, (SIDE, SIDE, 3), dtype=np.uint8)
        if value == 1 or (value == MISSING and i % 2):
            pixels[8:20, 8:20] = 240
        contents.append(pixels)
        for a, b in twins:
            if b == i:
                contents[i] = contents[a]
        path = ws.root / "images" / f"{i:03d}.png"
        Image.fromarray(contents[i]).save(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        rows.append({"table_id": 1, "row": i, "fname": path.name, "path": str(path), "width": SIDE, "height": SIDE,
                     "bytes": path.stat().st_size, "digest": digest})  # fmt: skip
    with ws.write() as connection:
        table = {"id": 1, "name": "tiny", "digest": "x", "file": "x", "images_root": str(ws.root / "images"),
                 "plan": {}, "rows": len(rows), "created": time.time()}  # fmt: skip
        connection.execute(insert(schema.source_table), table)
        ids = add_images(connection, rows)
        label_ids = add_labels(connection, [label])
        add_cells(connection, ids, label_ids, np.array(values)[:, None])
    return ws
