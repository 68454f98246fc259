"""The filled table: the imported schema and row order, gaps filled, every value's origin beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Row, select

from core.errors import GapwiseError
from core.exporting.harmless import harmless_frame
from core.files import write_atomic
from core.labels.label import Label
from core.store import schema
from core.store.labels import labels as read_labels
from core.workspace import Workspace

FILLING = ("human", "derived", "pseudo")
PROVENANCE = ("source", "confidence", "run", "reviewer")
NOTE = "gapwise_note"


def filled_table(ws: Workspace, sources: Sequence[str] = FILLING, provenance: bool = False) -> pd.DataFrame:
    """Return the imported rows, in their order, with gaps filled.

    Args:
        sources: Which values may stand in the table beside the given ones: any of FILLING. A given value that a
            person corrected is replaced only with "human".
        provenance: Add for each label LABEL_source, LABEL_confidence, LABEL_run and LABEL_reviewer, and a column
            that says which rows were set aside at import and why.

    Returns:
        Text in every column, "" where there is nothing. Rows that were set aside at import are there, unchanged.

    Raises:
        GapwiseError: If nothing was imported, or a source does not exist.
    """
    return filled_rows(ws, sources, provenance)[0]


def filled_rows(
    ws: Workspace, sources: Sequence[str] = FILLING, provenance: bool = False
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return `filled_table` and the image of each row, (N,) image ids, 0 where the row was set aside."""
    unknown = set(sources) - set(FILLING)
    if unknown:
        raise GapwiseError(f"There is no source {', '.join(sorted(unknown))}; a table is filled from {', '.join(FILLING)}.")
    with ws.read() as connection:
        labels = read_labels(connection)
        tables = connection.execute(select(schema.source_table).order_by(schema.source_table.c.id)).all()
        if not tables:
            raise GapwiseError("Nothing was imported yet, so there is nothing to export.")
        cells = _cells(connection)
        parts = [_one(ws, connection, t, labels, cells, set(sources), provenance) for t in tables]
    frame = pd.concat([p[0] for p in parts], ignore_index=True).fillna("") if len(parts) > 1 else parts[0][0]
    return frame, np.concatenate([p[1] for p in parts])


def write_csv(ws: Workspace, out: Path | str, sources: Sequence[str] = FILLING, provenance: bool = False) -> int:
    """Write the filled table as CSV (UTF-8), in one step; return its number of rows.

    Raises:
        GapwiseError: If it can't be written there.
    """
    out = Path(out)
    frame = filled_table(ws, sources, provenance)
    try:
        write_atomic(out, _csv(frame))
    except OSError as error:
        raise GapwiseError(f"Can't write {out}: {error.strerror}. Name a file in a folder you may write to.") from error
    return len(frame)


def csv_bytes(ws: Workspace, sources: Sequence[str] = FILLING, provenance: bool = False) -> bytes:
    """Return the filled table as the bytes of a CSV file, safe to open in a spreadsheet."""
    return _csv(filled_table(ws, sources, provenance))


def _csv(frame: pd.DataFrame) -> bytes:
    return harmless_frame(frame).to_csv(index=False, lineterminator="\n").encode()


def _cells(connection: Connection) -> pd.DataFrame:
    c, p, d = schema.cell.c, schema.proposal.c, schema.decision.c
    query = (
        select(c.image_id, c.label_id, c.given, c.value, c.source, p.confidence, p.run_id.label("run"), d.reviewer)
        .outerjoin(schema.proposal, p.id == c.proposal_id)
        .outerjoin(schema.decision, d.id == c.decision_id)
    )
    rows = connection.execute(query)
    return pd.DataFrame(rows.all(), columns=list(rows.keys()))


def _one(
    ws: Workspace,
    connection: Connection,
    table: Row,
    labels: dict[int, Label],
    cells: pd.DataFrame,
    sources: set[str],
    provenance: bool,
) -> tuple[pd.DataFrame, np.ndarray]:
    frame = pd.read_parquet(ws.root / table.file).astype(object).fillna("")
    i, a = schema.image.c, schema.aside.c
    images = connection.execute(select(i.id, i.row).where(i.table_id == table.id)).all()
    at = pd.Series({r.id: r.row for r in images}, dtype="int64")
    query = select(a.row, a.detail).where(a.table_id == table.id, a.row.is_not(None))
    aside = dict(tuple(r) for r in connection.execute(query))
    for label_id, label in labels.items():
        mine = cells[(cells["label_id"] == label_id) & cells["image_id"].isin(at.index)]
        _fill(frame, mine.assign(row=at.loc[mine["image_id"]].to_numpy()), label, sources, provenance)
    if provenance:
        note = np.full(len(frame), "", dtype=object)
        for row, detail in aside.items():
            note[row] = f"set aside: {detail}"
        frame[NOTE] = note
    # Rows of a later table that name images of an earlier one are in that one already.
    kept = sorted({*at.tolist(), *aside})
    ids = np.zeros(len(frame), dtype=np.int64)
    ids[at.to_numpy()] = at.index
    return frame.iloc[kept].reset_index(drop=True), ids[kept]


def _fill(frame: pd.DataFrame, cells: pd.DataFrame, label: Label, sources: set[str], provenance: bool) -> None:
    text = frame[label.name].to_numpy(dtype=object).copy() if label.name in frame else np.full(len(frame), "", object)
    spelling = _spelling(text, cells, label)
    changed = cells[cells["source"].isin(sources) & cells["value"].notna()]
    text[changed["row"]] = [spelling[int(v)] for v in changed["value"]]
    frame[label.name] = text
    if not provenance:
        return
    shown = {name: np.full(len(frame), "", dtype=object) for name in PROVENANCE}
    given = cells[cells["given"].notna()]
    shown["source"][given["row"]] = "given"
    for name in PROVENANCE:
        told = changed[name]
        if name == "confidence":
            told = told.map(lambda v: "" if pd.isna(v) else f"{v:.4f}")
        elif name == "run":
            told = told.map(lambda v: "" if pd.isna(v) else str(int(v)))
        shown[name][changed["row"]] = told.astype(object).where(told.notna(), "")
    for name, values in shown.items():
        frame[_free_name(frame, f"{label.name}_{name}")] = values


def _spelling(text: np.ndarray, cells: pd.DataFrame, label: Label) -> list[str]:
    """Return how this column writes each class: `1.0` where the imported ones are `1.0`."""
    found = list(label.classes)
    given = cells[cells["given"].notna()]
    raw = pd.Series(text[given["row"]], dtype=object)
    for code, written in raw.groupby(given["given"].astype(int).to_numpy()):
        found[code] = written.mode().iloc[0]
    known = [v for c, v in enumerate(found) if v != label.classes[c]]
    if known and all(v == f"{c}.0" for c, v in zip(label.classes, found, strict=True) if v != c):
        # A class that the table never shows is written like its neighbours.
        found = [v if v != c else f"{c}.0" for c, v in zip(label.classes, found, strict=True)]
    return found


def _free_name(frame: pd.DataFrame, name: str) -> str:
    while name in frame:
        name += "_"
    return name
