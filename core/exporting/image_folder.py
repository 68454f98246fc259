"""An image folder with `metadata.csv`, as Hugging Face datasets load it with `load_dataset("imagefolder")`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from core.errors import GapwiseError
from core.exporting.harmless import harmless_frame
from core.exporting.table import FILLING, filled_rows
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
        GapwiseError: If OUT holds something already, or can't be written.
    """
    out, reporter = Path(out), reporter or Silent()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise GapwiseError(f"{out} is there already and not empty. Name a new folder: nothing is overwritten.")
    frame, ids = filled_rows(ws, sources, provenance)
    frame = harmless_frame(frame[ids > 0].reset_index(drop=True))
    with ws.read() as connection:
        i = schema.image.c
        images = {r.id: r for r in connection.execute(select(i.id, i.fname, i.path))}
    rows = [images[image_id] for image_id in ids[ids > 0].tolist()]
    names = [_file_name(row.fname, row.path) for row in rows]
    try:
        for done, (name, row) in enumerate(zip(names, rows, strict=True), 1):
            if reporter.should_stop():
                raise GapwiseError(f"Stopped after {done - 1} of {len(rows)} images; {out} is not complete.")
            target = out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(row.path, target)
            reporter.progress(done, len(rows), "copying images")
        if "file_name" in frame:
            frame = frame.rename(columns={"file_name": "imported_file_name"})
        frame.insert(0, "file_name", names)
        write_atomic(out / "metadata.csv", frame.to_csv(index=False, lineterminator="\n").encode())
    except OSError as error:
        raise GapwiseError(f"Can't write {error.filename or out}: {error.strerror}.") from error
    return len(rows)


def _file_name(fname: str, path: str) -> str:
    """Return where an image goes, relative to the folder. The import made sure that `fname` stays inside."""
    # A table may name images without their extension; loaders need it.
    suffix = Path(path).suffix
    return "images/" + fname.replace("\\", "/").lstrip("/") + ("" if fname.lower().endswith(suffix.lower()) else suffix)
