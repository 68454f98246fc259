"""Cells: the current state of every image x label, and the only place that writes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from core.labels.deduce import FREE, OPEN, Deduction, deduce
from core.labels.label import MISSING, Label
from core.labels.rules import RuleSet, parse_rules
from core.store import schema
from core.store.labels import labels as read_labels
from core.store.labels import rules as read_rules

SOURCES = ("given", "human", "derived", "pseudo")
_BATCH = 50_000  # rows a statement; keeps the parameters of a large import out of memory


@dataclass(frozen=True)
class CellTable:
    """All cells as arrays, images in import order, labels in table order.

    Attributes:
        image_ids: (N,) int64.
        label_ids: (L,) ids of `labels`.
        given: (N, L) int16, the imported class codes, -1 a gap.
        values: (N, L) int16, the current class codes, -1 none.
        sources: (N, L) int8, index into SOURCES, -1 none.
    """

    image_ids: np.ndarray
    label_ids: tuple[int, ...]
    labels: tuple[Label, ...]
    given: np.ndarray
    values: np.ndarray
    sources: np.ndarray

    @property
    def base(self) -> np.ndarray:
        """(N, L) values that stand on their own: derived ones taken out."""
        return np.where(self.sources == SOURCES.index("derived"), MISSING, self.values).astype(np.int16)


def add_cells(
    connection: Connection, image_ids: Sequence[int], label_ids: Sequence[int], codes: np.ndarray
) -> None:
    """Insert the cells of new images (or of new labels), codes (N, L) of imported classes, -1 a gap."""
    if codes.shape != (len(image_ids), len(label_ids)):
        raise ValueError(f"codes has shape {codes.shape}; expected {(len(image_ids), len(label_ids))}")
    rows = []
    for image_id, line in zip(image_ids, codes.tolist(), strict=True):
        for label_id, code in zip(label_ids, line, strict=True):
            value, source = (None, None) if code == MISSING else (code, "given")
            rows.append({"image_id": image_id, "label_id": label_id, "given": value, "value": value, "source": source})
        if len(rows) >= _BATCH:
            connection.execute(insert(schema.cell), rows)
            rows = []
    if rows:
        connection.execute(insert(schema.cell), rows)


def fill_given(connection: Connection, cells: Iterable[tuple[int, int, int]]) -> int:
    """Give imported values (image id, label id, code) to gaps without a value; return how many were filled.

    Cells that have a value keep it: a later table never overwrites a decision.
    """
    c = schema.cell.c
    filled = 0
    for image_id, label_id, code in cells:
        statement = update(schema.cell).where(c.image_id == image_id, c.label_id == label_id)
        statement = statement.where(c.given.is_(None), (c.value.is_(None)) | (c.source == "derived"))
        filled += connection.execute(statement.values(given=code, value=code, source="given")).rowcount
    return filled


def load(connection: Connection, image_ids: Sequence[int] | None = None) -> CellTable:
    """Return all cells, or those of some images (at most a few hundred)."""
    labels = read_labels(connection)
    c = schema.cell.c
    query = select(c.image_id, c.label_id, c.given, c.value, c.source)
    if image_ids is not None:
        query = query.where(c.image_id.in_(list(image_ids)))
    rows = connection.execute(query).all()
    ids = np.unique(np.fromiter((r[0] for r in rows), dtype=np.int64, count=len(rows)))
    columns = {label_id: i for i, label_id in enumerate(labels)}
    at = np.searchsorted(ids, np.fromiter((r[0] for r in rows), dtype=np.int64, count=len(rows)))
    column = np.fromiter((columns[r[1]] for r in rows), dtype=np.int64, count=len(rows))
    codes = {None: MISSING, **{name: i for i, name in enumerate(SOURCES)}}
    given, values = (np.full((len(ids), len(labels)), MISSING, dtype=np.int16) for _ in range(2))
    sources = np.full((len(ids), len(labels)), MISSING, dtype=np.int8)
    given[at, column] = [MISSING if r[2] is None else r[2] for r in rows]
    values[at, column] = [MISSING if r[3] is None else r[3] for r in rows]
    sources[at, column] = [codes[r[4]] for r in rows]
    return CellTable(ids, tuple(labels), tuple(labels.values()), given, values, sources)


def rule_set(connection: Connection) -> RuleSet:
    """Return the workspace's rules, bound to its labels."""
    return parse_rules(read_rules(connection), list(read_labels(connection).values()))


def deduction(connection: Connection, table: CellTable) -> Deduction:
    """Deduce from everything that stands on its own, so that derived cells never prove each other."""
    return deduce(table.base, rule_set(connection))


def known(connection: Connection, label_id: int, sources: Sequence[str] = SOURCES) -> list[Row]:
    """Return (image_id, path, digest, fname, value, source) of a label's cells with a value, by image."""
    c, i = schema.cell.c, schema.image.c
    query = (
        select(c.image_id, i.path, i.digest, i.fname, c.value, c.source)
        .join(schema.image, i.id == c.image_id)
        .where(c.label_id == label_id, c.value.is_not(None), c.source.in_(list(sources)))
    )
    return list(connection.execute(query.order_by(c.image_id)))


def open_cells(connection: Connection, label_id: int) -> list[Row]:
    """Return (image_id, path, digest, fname) of a label's cells that have no value and are not free, by image."""
    table = load(connection)
    state = deduction(connection, table).state[:, table.label_ids.index(label_id)]
    wanted = set(table.image_ids[state == OPEN].tolist())
    c, i = schema.cell.c, schema.image.c
    query = (
        select(c.image_id, i.path, i.digest, i.fname)
        .join(schema.image, i.id == c.image_id)
        .where(c.label_id == label_id, c.value.is_(None))
    )
    return [r for r in connection.execute(query.order_by(c.image_id)) if r.image_id in wanted]


def derive_all(connection: Connection) -> dict[str, int]:
    """Write every free cell with source `derived` and withdraw derived ones that follow no more.

    Returns:
        Label name to how many cells were written, labels with none left out.
    """
    table = load(connection)
    result = deduction(connection, table)
    free = result.state == FREE
    derived = table.sources == SOURCES.index("derived")
    _write(connection, table, free & (~derived | (table.values != result.implied)), result.implied)
    _write(connection, table, derived & ~free, np.full_like(result.implied, MISSING))
    written = (free & ~derived).sum(axis=0)
    return {label.name: int(n) for label, n in zip(table.labels, written, strict=True) if n}


def withdraw_stale(connection: Connection) -> int:
    """Withdraw derived cells that follow no more, after the rules changed; return how many."""
    table = load(connection)
    result = deduction(connection, table)
    derived = table.sources == SOURCES.index("derived")
    stale = derived & ((result.state != FREE) | (result.implied != table.values))
    _write(connection, table, stale, np.full_like(result.implied, MISSING))
    return int(stale.sum())


def settle(connection: Connection, image_id: int, before: CellTable, restore: Sequence[int] = ()) -> dict:
    """Bring one image's derived cells up to date after one of its other cells changed.

    Derived cells that still follow stay, the others are withdrawn; cells that follow now and did
    not before are written. Cells that were free before and that nobody wrote stay as they were: writing all
    free cells is a decision of its own.

    Args:
        before: The image's cells before the change.
        restore: Label ids that a decision had withdrawn: written again if they follow again.

    Returns:
        {"written": {label id: code}, "withdrawn": [label ids]}.
    """
    rules = rule_set(connection)
    now = load(connection, [image_id])
    old, new = deduce(before.base, rules), deduce(now.base, rules)
    free_before, free = old.state == FREE, new.state == FREE
    derived = now.sources == SOURCES.index("derived")
    again = np.isin(np.array(now.label_ids), list(restore))[None, :]
    write = free & (np.where(derived, now.values != new.implied, ~free_before | again))
    withdraw = derived & ~free
    _write(connection, now, write, new.implied)
    _write(connection, now, withdraw, np.full_like(new.implied, MISSING))
    ids = np.array(now.label_ids)
    return {
        "written": {int(i): int(c) for i, c in zip(ids[write[0]], new.implied[0][write[0]], strict=True)},
        "withdrawn": [int(i) for i in ids[withdraw[0]]],
    }


def put(
    connection: Connection,
    image_id: int,
    label_id: int,
    value: int | None,
    source: str | None,
    decision_id: int | None = None,
    proposal_id: int | None = None,
) -> None:
    """Set one cell. `given` is never touched."""
    c = schema.cell.c
    statement = update(schema.cell).where(c.image_id == image_id, c.label_id == label_id)
    connection.execute(
        statement.values(value=value, source=source, decision_id=decision_id, proposal_id=proposal_id)
    )


def _write(connection: Connection, table: CellTable, where: np.ndarray, codes: np.ndarray) -> None:
    rows, columns = np.nonzero(where)
    if not len(rows):
        return
    c = schema.cell.c
    statement = (
        update(schema.cell)
        .where(c.image_id == bindparam("at_image"), c.label_id == bindparam("at_label"))
        .values(value=bindparam("new_value"), source=bindparam("new_source"), decision_id=None, proposal_id=None)
    )
    ids = np.array(table.label_ids)
    changes = [
        {
            "at_image": int(image_id),
            "at_label": int(label_id),
            "new_value": None if code == MISSING else int(code),
            "new_source": None if code == MISSING else "derived",
        }
        for image_id, label_id, code in zip(table.image_ids[rows], ids[columns], codes[rows, columns], strict=True)
    ]
    connection.execute(statement, changes)
