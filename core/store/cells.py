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
TRUSTED = SOURCES[:3]  # what a training learns from unless it is asked to learn from bulk decisions as well
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


def add_cells(connection: Connection, image_ids: Sequence[int], label_ids: Sequence[int], codes: np.ndarray) -> None:
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
        new = {"given": code, "value": code, "source": "given", "decision_id": None, "proposal_id": None}
        filled += connection.execute(statement.values(new)).rowcount
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
    # From now on they stand because they were asked for, not because of the decision that settled them first.
    c = schema.cell.c
    connection.execute(
        update(schema.cell).where(c.source == "derived", c.decision_id.is_not(None)).values(decision_id=None)
    )
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


def settle(connection: Connection, image_id: int, decision_id: int) -> dict:
    """Bring one image's derived cells up to date after a decision or an undo changed another of its cells.

    Which free cells have a value depends on what stands now, not on the way there, so that undoing in whatever order
    leads back: those that `derive_all` once wrote, and all that rules tie to a cell that a person decided. Other
    free cells stay as they are: writing them is a decision of its own.

    Args:
        decision_id: The decision or undo; noted in the cells that it settles.

    Returns:
        {"written": {label id: code}, "withdrawn": [label ids], "unasked": [label ids]}; the last are those of the
        withdrawn that `derive_all` had written: they come back when they follow again.
    """
    rules, now = rule_set(connection), load(connection, [image_id])
    new, ids = deduce(now.base, rules), np.array(now.label_ids)
    derived = (now.sources == SOURCES.index("derived"))[0]
    standing = derived & ~np.isin(ids, _settled_labels(connection, image_id))
    asked = standing | np.isin(ids, _once_asked(connection, image_id))
    target = (new.state[0] == FREE) & (_tied_to_decisions(now, rules) | asked)
    write = target & (~derived | (now.values != new.implied)[0])
    _write(connection, now, (write & asked)[None, :], new.implied)
    _write(connection, now, (write & ~asked)[None, :], new.implied, decision_id)
    _write(connection, now, (derived & ~target)[None, :], np.full_like(new.implied, MISSING))
    return {
        "written": {int(i): int(c) for i, c in zip(ids[write], new.implied[0][write], strict=True)},
        "withdrawn": ids[derived & ~target].tolist(),
        "unasked": ids[standing & ~target].tolist(),
    }


def _tied_to_decisions(now: CellTable, rules: RuleSet) -> np.ndarray:
    """(L,) bool: labels that rules tie to one that a person decided, of the one image in `now`."""
    tied = np.zeros(len(now.labels), dtype=bool)
    for positions, _ in rules.components:
        columns = list(positions)
        tied[columns] = (now.sources[0, columns] == SOURCES.index("human")).any()
    return tied


def _settled_labels(connection: Connection, image_id: int) -> list[int]:
    c = schema.cell.c
    query = select(c.label_id).where(c.image_id == image_id, c.source == "derived", c.decision_id.is_not(None))
    return list(connection.execute(query).scalars())


def _once_asked(connection: Connection, image_id: int) -> list[int]:
    d = schema.decision.c
    effects = connection.execute(select(d.effects).where(d.image_id == image_id)).scalars()
    return [label_id for e in effects if e for label_id in e.get("unasked", [])]


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
    connection.execute(statement.values(value=value, source=source, decision_id=decision_id, proposal_id=proposal_id))


def _write(
    connection: Connection, table: CellTable, where: np.ndarray, codes: np.ndarray, decision_id: int | None = None
) -> None:
    """Set the derived cells at `where` (N, L) to `codes`, -1 to withdraw them."""
    rows, columns = np.nonzero(where)
    if not len(rows):
        return
    c = schema.cell.c
    statement = (
        update(schema.cell)
        .where(c.image_id == bindparam("at_image"), c.label_id == bindparam("at_label"))
        .values(
            value=bindparam("new_value"), source=bindparam("new_source"), decision_id=bindparam("by"), proposal_id=None
        )
    )
    ids = np.array(table.label_ids)
    changes = [
        {
            "at_image": int(image_id),
            "at_label": int(label_id),
            "new_value": None if code == MISSING else int(code),
            "new_source": None if code == MISSING else "derived",
            "by": None if code == MISSING else decision_id,
        }
        for image_id, label_id, code in zip(table.image_ids[rows], ids[columns], codes[rows, columns], strict=True)
    ]
    connection.execute(statement, changes)
