"""Rows of a table against the images that a workspace has already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, select

from core.errors import GapwiseError
from core.labels.label import MISSING, Label
from core.store import cells, schema
from core.store.labels import labels as read_labels


@dataclass(frozen=True)
class Incoming:
    """Rows that can become images.

    Attributes:
        rows: (M,) positions in the table.
        fnames: (M,) names as the table writes them.
        paths: (M,) absolute paths.
        sizes: (M,) width and height in pixels after EXIF orientation, and bytes.
        digests: (M,) SHA-256 of the files.
        codes: (M, L) int16 class codes, -1 missing.
    """

    rows: np.ndarray
    fnames: tuple[str, ...]
    paths: tuple[str, ...]
    sizes: tuple[tuple[int, int, int], ...]
    digests: tuple[str, ...]
    codes: np.ndarray


@dataclass(frozen=True)
class Comparison:
    """What is new about the rows.

    Attributes:
        ids: (M,) int64 id of the image that a row is, -1 for a new one.
        taken: Rows whose name belongs to a picture with other content.
        moved: (row, image id): the picture is known and its old file is another one.
        fills: (row, image id, label position in the plan, code) of gaps that get a value.
        differing: (row, detail) of cells that have another value; they keep it.
    """

    ids: np.ndarray
    taken: list[int]
    moved: list[tuple[int, int]]
    fills: list[tuple[int, int, int, int]]
    differing: list[tuple[int, str]]


def compare(connection: Connection, labels: Sequence[Label], incoming: Incoming) -> Comparison:
    """Compare rows with the workspace. An image is known by its name in the table, else by its file."""
    t = schema.image.c
    present = connection.execute(select(t.id, t.fname, t.path, t.digest)).all()
    by_name = {row.fname: row for row in present}
    by_path = {row.path: row for row in present}
    ids = np.full(len(incoming.rows), -1, dtype=np.int64)
    taken, moved = [], []
    for at, (fname, path, digest) in enumerate(zip(incoming.fnames, incoming.paths, incoming.digests, strict=True)):
        row = by_name.get(fname) or by_path.get(path)
        if row is None:
            continue
        if row.digest != digest:
            taken.append(at)
            continue
        ids[at] = row.id
        if row.path != path:
            moved.append((at, row.id))
    fills, differing = _cells(connection, labels, incoming.codes, ids)
    return Comparison(ids, taken, moved, fills, differing)


def refuse_changed(present: Sequence[Label], labels: Sequence[Label]) -> None:
    """See that labels which are there already are planned with the same classes.

    Raises:
        GapwiseError: If one is not.
    """
    by_name = {label.name: label for label in present}
    for label in labels:
        there = by_name.get(label.name, label)
        if there.classes != label.classes:
            raise GapwiseError(
                f"Label {label.name!r} has the classes {', '.join(there.classes)} in this workspace, but"
                f" {', '.join(label.classes)} in this import. Use the same, or import into a workspace of its own."
            )


def _cells(
    connection: Connection, labels: Sequence[Label], codes: np.ndarray, ids: np.ndarray
) -> tuple[list[tuple[int, int, int, int]], list[tuple[int, str]]]:
    by_name = {label.name: i for i, label in enumerate(read_labels(connection).values())}
    shared = [(position, by_name[label.name]) for position, label in enumerate(labels) if label.name in by_name]
    rows = np.flatnonzero(ids >= 0)
    if not len(rows) or not shared:
        return [], []
    table = cells.load(connection)
    at = np.searchsorted(table.image_ids, ids[rows])
    fills, differing = [], []
    for position, column in shared:
        new, now = codes[rows, position], table.base[at, column]
        fillable = (new != MISSING) & (now == MISSING) & (table.given[at, column] == MISSING)
        fills += [(int(rows[i]), int(ids[rows[i]]), position, int(new[i])) for i in np.flatnonzero(fillable)]
        label = labels[position]
        for i in np.flatnonzero((new != MISSING) & (now != MISSING) & (new != now)):
            detail = f"{label.name}: {label.classes[new[i]]!r} here, {label.classes[now[i]]!r} in the workspace"
            differing.append((int(rows[i]), detail))
    return fills, differing
