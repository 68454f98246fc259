"""The filled table: the imported schema and row order, gaps filled, every value's origin beside it."""

from __future__ import annotations

from collections.abc import Sequence
from csv import QUOTE_ALL, QUOTE_MINIMAL
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Row, select

from core.errors import GapwiseError
from core.exporting.harmless import harmless_frame
from core.files import write_out
from core.importing.values import encode
from core.labels.label import Label
from core.store import schema
from core.store.labels import labels as read_labels
from core.store.why import premises
from core.workspace import Workspace

FILLING = ("human", "derived", "pseudo")
PROVENANCE = ("source", "confidence", "run", "reviewer", "because")
NOTE = "gapwise_note"
_OTHER_FORMATS = (".xlsx", ".xlsm", ".xls", ".ods", ".parquet", ".pq")  # CSV under such a name opens nowhere


def filled_table(ws: Workspace, sources: Sequence[str] = FILLING, provenance: bool = False) -> pd.DataFrame:
    """Return the imported rows, in their order, with gaps filled.

    Args:
        sources: Which values may stand in the table beside the given ones: any of FILLING. A given value that a
            person corrected is replaced only with "human".
        provenance: Add for each label LABEL_source, LABEL_confidence, LABEL_run, LABEL_reviewer and LABEL_because
            (what a derived value rests on), and a column that says which rows were set aside at import and why.

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
        named = ", ".join(sorted(unknown))
        raise GapwiseError(f"There is no source {named}; a table is filled from {', '.join(FILLING)}.")
    with ws.read() as connection:
        labels = read_labels(connection)
        tables = connection.execute(select(schema.source_table).order_by(schema.source_table.c.id)).all()
        if not tables:
            raise GapwiseError("Nothing was imported yet, so there is nothing to export.")
        cells = _cells(connection, provenance)
        parts = [_one(ws, connection, t, labels, cells, set(sources), provenance) for t in tables]
    frame = pd.concat([p[0] for p in parts], ignore_index=True).fillna("") if len(parts) > 1 else parts[0][0]
    return frame, np.concatenate([p[1] for p in parts])


def write_csv(ws: Workspace, out: Path | str, sources: Sequence[str] = FILLING, provenance: bool = False) -> int:
    """Write the filled table as CSV (UTF-8), in one step; return its number of rows.

    Raises:
        GapwiseError: If it can't be written there, is the workspace's own, or is named like another format.
    """
    out = Path(out)
    refuse_own(ws, out)
    if out.suffix.lower() in _OTHER_FORMATS:
        raise GapwiseError(f"The table is written as CSV; {out.name} would not open. Name it {out.stem}.csv.")
    frame = filled_table(ws, sources, provenance)
    try:
        write_out(out, csv(frame))
    except OSError as error:
        raise GapwiseError(f"Can't write {out}: {error.strerror}. Name a file in a folder you may write to.") from error
    return len(frame)


def refuse_own(ws: Workspace, out: Path) -> None:
    """See that an export does not replace what the workspace itself is made of.

    Raises:
        GapwiseError: If it would.
    """
    if ws.owns(out):
        raise GapwiseError(f"{out} belongs to the workspace itself. Name a file or folder outside {ws.root}.")


def csv_bytes(ws: Workspace, sources: Sequence[str] = FILLING, provenance: bool = False) -> bytes:
    """Return the filled table as the bytes of a CSV file, safe to open in a spreadsheet."""
    return csv(filled_table(ws, sources, provenance))


def csv(frame: pd.DataFrame) -> bytes:
    """Return a table of text as CSV (UTF-8) that is safe to open in a spreadsheet."""
    safe = harmless_frame(frame)
    # A lone carriage return is not quoted by the csv module of Python 3.11 and 3.12, yet ends a row for many readers.
    stray = any("\r" in c for c in safe) or any("\r" in v for line in safe.to_numpy() for v in line)
    quoting = QUOTE_ALL if stray else QUOTE_MINIMAL
    return safe.to_csv(index=False, lineterminator="\n", quoting=quoting).encode()


def _cells(connection: Connection, provenance: bool) -> pd.DataFrame:
    c, p, d, i = schema.cell.c, schema.proposal.c, schema.decision.c, schema.image.c
    told = (p.confidence, p.run_id.label("run"), d.reviewer, i.profile_id)
    query = (
        select(c.image_id, c.label_id, c.given, c.value, c.source, *told)
        .join(schema.image, i.id == c.image_id)
        .outerjoin(schema.proposal, p.id == c.proposal_id)
        # A derived cell names the decision that settled it, which is not about that cell.
        .outerjoin(schema.decision, (d.id == c.decision_id) & (c.source != "derived"))
    )
    rows = connection.execute(query)
    frame = pd.DataFrame(rows.all(), columns=list(rows.keys()))
    if provenance:
        proved = premises(connection)
        keys = zip(frame["profile_id"], frame["label_id"], strict=True)
        because = [proved.get(key, "") for key in keys]
        frame["because"] = np.where(frame["source"] == "derived", np.array(because, dtype=object), "")
    return frame


def _one(
    ws: Workspace,
    connection: Connection,
    table: Row,
    labels: dict[int, Label],
    cells: pd.DataFrame,
    sources: set[str],
    provenance: bool,
) -> tuple[pd.DataFrame, np.ndarray]:
    frame = _imported(ws.root / table.file)
    i, a = schema.image.c, schema.aside.c
    images = connection.execute(select(i.id, i.row).where(i.table_id == table.id)).all()
    at = pd.Series({r.id: r.row for r in images}, dtype="int64")
    query = select(a.row, a.detail).where(a.table_id == table.id, a.row.is_not(None))
    aside = dict(tuple(r) for r in connection.execute(query))
    plans = {plan["name"]: plan for plan in table.plan.get("labels", [])}
    missing = table.plan.get("missing", ())
    for label_id, label in labels.items():
        mine = cells[(cells["label_id"] == label_id) & cells["image_id"].isin(at.index)]
        column = _column(frame, label, plans)
        mine = mine.assign(row=at.loc[mine["image_id"]].to_numpy())
        frame[column] = _filled(frame[column].to_numpy(dtype=object), mine, label, missing, sources)
        if provenance:
            _add_provenance(frame, mine, label, sources)
    if provenance:
        note = np.full(len(frame), "", dtype=object)
        for row, detail in aside.items():
            note[row] = f"set aside: {detail}"
        frame[_free_name(frame, NOTE)] = note
    # Rows of a later table that name images of an earlier one are in that one already.
    kept = sorted({*at.tolist(), *aside})
    ids = np.zeros(len(frame), dtype=np.int64)
    ids[at.to_numpy()] = at.index
    return frame.iloc[kept].reset_index(drop=True), ids[kept]


def _imported(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path).astype(object).fillna("")
    except (OSError, ValueError) as error:  # ValueError: pyarrow's for a damaged file
        reason = "it is gone" if isinstance(error, FileNotFoundError) else f"it is damaged ({error})"
        raise GapwiseError(
            f"The workspace's copy of the imported table, {path}, can't be read: {reason}. Restore it from a backup."
        ) from error


def _column(frame: pd.DataFrame, label: Label, plans: dict[str, dict]) -> str:
    """Return the column that holds a label, added when this table has none: the plan may have renamed it."""
    column = plans.get(label.name, {}).get("column")
    if column is None or column not in frame:
        column = _free_name(frame, label.name)
        frame[column] = ""
    return column


def _filled(
    text: np.ndarray, cells: pd.DataFrame, label: Label, missing: Sequence[str], sources: set[str]
) -> np.ndarray:
    """Return a label's column, (N,) text, with the values of the sources and those that another table gave."""
    text = text.copy()
    codes, spelled = encode(text, label.classes, missing)
    spelling = _spelling(spelled, label)
    # Whatever this table has no class for and was given all the same came with a later table.
    later = cells[cells["given"].notna() & (codes[cells["row"]] < 0)]
    text[later["row"]] = [spelling[int(v)] for v in later["given"]]
    changed = cells[cells["source"].isin(sources) & cells["value"].notna()]
    text[changed["row"]] = [spelling[int(v)] for v in changed["value"]]
    return text


def _add_provenance(frame: pd.DataFrame, cells: pd.DataFrame, label: Label, sources: set[str]) -> None:
    shown = {name: np.full(len(frame), "", dtype=object) for name in PROVENANCE}
    shown["source"][cells[cells["given"].notna()]["row"]] = "given"
    changed = cells[cells["source"].isin(sources) & cells["value"].notna()]
    spell = {"confidence": lambda v: f"{v:.4f}", "run": lambda v: str(int(v))}
    for name in PROVENANCE:
        told = ["" if pd.isna(v) else spell.get(name, str)(v) for v in changed[name]]
        shown[name][changed["row"]] = told
    for name, values in shown.items():
        frame[_free_name(frame, f"{label.name}_{name}")] = values


def _spelling(spelled: dict[str, str], label: Label) -> list[str]:
    """Return how this column writes each class: `1.0` where the imported ones are `1.0`."""
    found = [spelled.get(c, c) for c in label.classes]
    if spelled and all(v == f"{c}.0" for c, v in spelled.items()):
        # A class that the table never shows is written like its neighbours.
        found = [f"{c}.0" for c in label.classes]
    return found


def _free_name(frame: pd.DataFrame, name: str) -> str:
    while name in frame:
        name += "_"
    return name
