"""Small sets on disk: a folder of different pictures and a table about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.importing.check import Report, check
from core.importing.folder import ImageFolder
from core.importing.guess import guess
from core.importing.read import read_table
from core.workspace import Workspace
from tests.images.pictures import encoded, noise

HEADER = "image_id,fname,mask,distancing,5k"
# The reference set's first five rows: one gap pattern, one complete rows.
ROWS = ("1,1.jpg,1,1,1", "2,2.jpg,0,,", "3,3.jpg,1,1,1", "4,4.jpg,1,1,1", "5,5.jpg,0,0,0")
RULE = "5k = mask and distancing"


def images(folder: Path, names: list[str], first_seed: int = 0) -> Path:
    """Write a different picture under each name."""
    for seed, name in enumerate(names, first_seed):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encoded(noise(seed), "JPEG"))
    return folder


def table(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def checked(path: Path, folder: Path, ws: Workspace | None = None, **options: object) -> Report:
    """Guess a plan for a table and check it."""
    source, scanned = read_table(path), ImageFolder.scan(folder)
    plan = guess(source, scanned, table_path=path, **options)
    return check(plan, source, None, ws, scanned)


def problems(report: Report) -> set[tuple[int | None, str, str]]:
    """Return (row in the file, file, problem) of all lines."""
    frame = report.problems
    rows = [None if np.ma.is_masked(r) or r != r else int(r) for r in frame["row"].astype("float").tolist()]
    return set(zip(rows, frame["file"], frame["problem"], strict=True))
