"""Workspaces to review in, of any size, made in a moment: few pictures under many names."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from sqlalchemy import insert

from core.images.previews import LONG_SIDE, save_preview
from core.labels.label import Label
from core.store import cells, images, proposals, schema
from core.store.labels import add_labels, set_rules
from core.workspace import Workspace

PICTURES = 24  # distinct ones; neighbours in the queue always differ
READY = 3000  # previews that an import would have made; the rest is never reached
_BATCH = 50_000
_MAP = np.linspace(0, 255, 49).astype(np.uint8).tobytes()


def photos(folder: Path, width: int, height: int) -> list[Path]:
    """Draw PICTURES pictures of a size, with as much detail as photographs have; return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for n in range(PICTURES):
        path = folder / f"{n:02d}.jpg"
        if not path.exists():
            rng = np.random.default_rng(n)
            coarse = rng.integers(0, 256, (height // 40 + 1, width // 40 + 1, 3), np.uint8)
            picture = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.int16)
            picture = picture + rng.integers(-12, 13, picture.shape[:2], np.int16)[:, :, None]
            Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(path, "JPEG", quality=90)
        made.append(path)
    return made


def workspace(root: Path, count: int, pictures: list[Path]) -> Workspace:
    """Return a workspace with `count` images x 3 labels, `mask` open and proposed; one that is there is used again."""
    if root.exists():
        shutil.rmtree(root)
    ws = Workspace.create(root)
    with Image.open(pictures[0]) as first:
        width, height = first.size
    sizes = [p.stat().st_size for p in pictures]
    with ws.write() as connection:
        table = {"name": "t", "digest": "t", "file": "t", "images_root": str(pictures[0].parent), "plan": {}}
        connection.execute(insert(schema.source_table), {**table, "rows": count, "created": 0.0})
        ids = images.add_images(
            connection,
            [
                {
                    "table_id": 1,
                    "row": i,
                    "fname": f"{i:07d}.jpg",
                    "path": str(pictures[i % PICTURES]),
                    "width": width,
                    "height": height,
                    "bytes": sizes[i % PICTURES],
                    "digest": f"{i % PICTURES:064x}",
                }
                for i in range(count)
            ],
        )
        names = ("mask", "distancing", "5k")
        label_ids = add_labels(connection, [Label(n, ("0", "1"), (f"no {n}", n)) for n in names])
        cells.add_cells(connection, ids, label_ids, np.tile(np.array([-1, 1, -1], np.int16), (count, 1)))
        set_rules(connection, ["5k = mask and distancing"])
        run = {"label_id": label_ids[0], "recipe": "by hand", "config": {}, "created": 0.0}
        run_id = connection.execute(insert(schema.run), run).inserted_primary_key[0]
        for at in range(0, count, _BATCH):
            rows = [_proposal(run_id, i, label_ids[0], count) for i in ids[at : at + _BATCH]]
            proposals.put_proposals(connection, rows)
    _previews(ws, ids[:READY], pictures)
    return ws


def _proposal(run_id: int, image_id: int, label_id: int, count: int) -> dict:
    p = 0.5 + 0.49 * image_id / count  # the least certain first is the order of the table: the ready previews
    about = {"run_id": run_id, "image_id": image_id, "label_id": label_id, "probs": [1 - p, p], "value": 1}
    return {**about, "confidence": p, "heldout": 0, "map": _MAP, "map_height": 7, "map_width": 7}


def _previews(ws: Workspace, ids: list[int], pictures: list[Path]) -> None:
    made = ws.root / "previews" / "made"
    made.mkdir(parents=True)
    for n, path in enumerate(pictures):
        with Image.open(path) as picture:
            picture.draft("RGB", (LONG_SIDE * 2, LONG_SIDE * 2))
            save_preview(picture.convert("RGB"), made / f"{n}.jpg")
    for image_id in ids:
        target = ws.preview_path(image_id)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(made / f"{(image_id - 1) % PICTURES}.jpg", target)


def table(path: Path, count: int, pictures: list[Path]) -> None:
    """Write the CSV table that the usual page keeps its answers in."""
    lines = [f"{i:07d}.jpg,{pictures[i % PICTURES]},,1," for i in range(count)]
    path.write_text("\n".join(["fname,path,mask,distancing,5k", *lines]) + "\n")
