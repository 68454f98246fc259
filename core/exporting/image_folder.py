"""An image folder with `metadata.csv`, as Hugging Face datasets load it with `load_dataset("imagefolder")`."""

from __future__ import annotations

import posixpath
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
from sqlalchemy import Row, select

from core.errors import GapwiseError
from core.exporting.table import FILLING, csv, filled_rows, refuse_own
from core.files import write_atomic
from core.jobs.reporter import Reporter, Silent
from core.store import schema
from core.workspace import Workspace


def write_image_folder(
    ws: Workspace,
    out: Path | str,
    sources: Sequence[str] = FILLING,
    provenance: bool = False,
    reporter: Reporter | None = None,
) -> int:
    """Copy the images to OUT/images/ and write OUT/metadata.csv, whose `file_name` points at them.

    Rows that were set aside at import have no usable image and are left out.

    Returns:
        The number of images.

    Raises:
        GapwiseError: If OUT holds something already, is the workspace's own, or can't be written.
    """
    out, reporter = Path(out), reporter or Silent()
    refuse_own(ws, out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise GapwiseError(f"{out} is there already and not empty. Name a new folder: nothing is overwritten.")
    frame, ids = filled_rows(ws, sources, provenance)
    frame = frame[ids > 0].reset_index(drop=True)
    with ws.read() as connection:
        i = schema.image.c
        images = {r.id: r for r in connection.execute(select(i.id, i.fname, i.path))}
    rows = [images[image_id] for image_id in ids[ids > 0].tolist()]
    names = _file_names(rows)
    gone = [row.fname for row in rows if not Path(row.path).is_file()]
    if gone:
        raise GapwiseError(
            f"{len(gone)} of {len(rows)} images are not where they were any more, for example {gone[0]}."
            " Put them back, or import the table again from the new place. Nothing was written."
        )
    try:
        for done, (name, row) in enumerate(zip(names, rows, strict=True), 1):
            if reporter.should_stop():
                raise GapwiseError(f"Stopped after {done - 1} of {len(rows)} images; {out} is not complete.")
            target = out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(row.path, target)
            reporter.progress(done, len(rows), "copying images")
        out.mkdir(parents=True, exist_ok=True)
        frame.columns = _column_names(frame)
        frame.insert(0, "file_name", names)
        write_atomic(out / "metadata.csv", csv(frame))
    except OSError as error:
        raise GapwiseError(f"Can't export to {out}: {error.filename or out}: {error.strerror}.") from error
    return len(rows)


def _file_names(images: Iterable[Row]) -> list[str]:
    """Return where each image goes, relative to the folder: as the table names it, no two the same."""
    taken, names = set(), []
    for image in images:
        # A table may name images without their extension; loaders need it.
        suffix = Path(image.path).suffix
        inside = posixpath.normpath("/" + image.fname.replace("\\", "/")).lstrip("/")
        present = bool(suffix) and inside.lower().endswith(suffix.lower())
        stem, ending = (inside[: -len(suffix)], inside[-len(suffix) :]) if present else (inside, suffix)
        name, number = stem + ending, 1
        # Names that differ by case only are one file on many disks.
        while name.casefold() in taken:
            number += 1
            name = f"{stem}_{number}{ending}"
        taken.add(name.casefold())
        names.append(f"images/{name}")
    return names


def _column_names(frame: pd.DataFrame) -> list[str]:
    """Return the imported columns' names; loaders open what columns called `…file_name` hold, so these are renamed."""
    names: list[str] = []
    for column in frame.columns:
        name = re.sub(r"file_name(s?)$", r"filename\1", column)
        while name != column and (name in names or name in frame):
            name += "_"
        names.append(name)
    return names
