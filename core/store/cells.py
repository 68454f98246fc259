"""Cells: the current state of every image x label, and the only place that writes it; read in `cell_table`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, bindparam, insert, select, update

from core.labels.deduce import FREE, deduce
from core.labels.label import MISSING
from core.labels.rules import RuleSet
from core.store import beliefs, profiles, ranks, schema, waiting
from core.store.cell_table import TRUSTED, CellTable, deduction, known, load, open_cells, rule_set
from core.store.labels import labels as read_labels
from core.store.profiles import SOURCES, Profiles

__all__ = (
    "SOURCES", "TRUSTED", "CellTable", "accept", "add_cells", "deduction", "derive_all", "fill_given", "known", "load",
    "open_cells", "put", "rule_set", "settle", "tied_to_decisions", "withdraw_stale",
)  # fmt: skip

_BATCH = 50_000  # rows a statement; keeps the parameters of a large import out of memory
# Written once: each decision runs them, and making a statement takes longer than running it.
_C = schema.cell.c
_AT = (_C.image_id == bindparam("at_image"), _C.label_id == bindparam("at_label"))
_SET = {"value": bindparam("new_value"), "source": bindparam("new_source"), "decision_id": bindparam("by")}
_PUT = update(schema.cell).where(*_AT).values(**_SET, proposal_id=bindparam("new_proposal"))
_WRITE = update(schema.cell).where(*_AT).values(**_SET, proposal_id=None)
_SETTLED = select(_C.label_id).where(
    _C.image_id == bindparam("image"), _C.source == "derived", _C.decision_id.is_not(None)
)
_EFFECTS = select(schema.decision.c.effects).where(
    schema.decision.c.image_id == bindparam("image"), schema.decision.c.effects.is_not(None)
)


def add_cells(connection: Connection, image_ids: Sequence[int], label_ids: Sequence[int], codes: np.ndarray) -> None:
    """Insert the cells of new images, or of new labels for images that are there.

    Args:
        label_ids: All labels, in table order, for new images.
        codes: (N, L) imported classes, -1 a gap.
    """
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
    if len(label_ids) == len(read_labels(connection)):
        sources = np.where(codes == MISSING, MISSING, SOURCES.index("given"))
        profiles.assign(connection, image_ids, profiles.pack(codes, codes, sources))
    else:
        profiles.rebuild(connection)


def fill_given(connection: Connection, cells: Iterable[tuple[int, int, int]]) -> int:
    """Give imported values (image id, label id, code) to gaps without a value; return how many were filled.

    Cells that have a value keep it: a later table never overwrites a decision.
    """
    c = schema.cell.c
    filled = []
    for image_id, label_id, code in cells:
        statement = update(schema.cell).where(c.image_id == image_id, c.label_id == label_id)
        statement = statement.where(c.given.is_(None), (c.value.is_(None)) | (c.source == "derived"))
        new = {"given": code, "value": code, "source": "given", "decision_id": None, "proposal_id": None}
        filled += [image_id] * connection.execute(statement.values(new)).rowcount
    _changed(connection, filled)
    return len(filled)


def accept(connection: Connection, label_id: int, codes: Mapping[int, int]) -> int:
    """Fill cells of a label that have no value with a model's answers, source `pseudo`; return how many were filled.

    Args:
        codes: Image id to class code.
    """
    c = schema.cell.c
    statement = update(schema.cell).where(c.image_id == bindparam("at"), c.label_id == label_id, c.value.is_(None))
    statement = statement.values(value=bindparam("to"), source="pseudo")
    rows = [{"at": image_id, "to": code} for image_id, code in codes.items()]
    filled = sum(connection.execute(statement, part).rowcount for part in profiles.parts(rows, _BATCH))
    _changed(connection, list(codes))
    return filled


def derive_all(connection: Connection) -> dict[str, int]:
    """Write every free cell with source `derived` and withdraw derived ones that follow no more.

    Returns:
        Label name to how many cells were written, labels with none left out.
    """
    found = profiles.read(connection)
    result = deduction(connection, found)
    free = result.state == FREE
    derived = found.sources == SOURCES.index("derived")
    _derive(connection, found, (free & (found.values != result.implied)) | (derived & ~free), result.implied)
    # From now on they stand because they were asked for, not because of the decision that settled them first.
    c = schema.cell.c
    connection.execute(
        update(schema.cell).where(c.source == "derived", c.decision_id.is_not(None)).values(decision_id=None)
    )
    written = found.images @ (free & ~derived)
    return {label.name: int(n) for label, n in zip(found.labels, written, strict=True) if n}


def withdraw_stale(connection: Connection) -> int:
    """Withdraw derived cells that follow no more, after the rules changed; return how many."""
    found = profiles.read(connection)
    result = deduction(connection, found)
    derived = found.sources == SOURCES.index("derived")
    stale = derived & ((result.state != FREE) | (result.implied != found.values))
    _derive(connection, found, stale, np.full_like(result.implied, MISSING))
    return int((found.images @ stale).sum())


def settle(connection: Connection, image_id: int, decision_id: int, changed: bool = False) -> dict:
    """Bring one image's derived cells up to date after a decision or an undo changed another of its cells.

    Which free cells have a value depends on what stands now, not on the way there, so that undoing in whatever order
    leads back: those that `derive_all` once wrote, and all that rules tie to a cell that a person decided or accepted
    in bulk. Other free cells stay as they are: writing them is a decision of its own.

    Args:
        decision_id: The decision or undo; noted in the cells that it settles.
        changed: Whether `put` left the image's profile for this to bring up to date.

    Returns:
        {"written": {label id: code}, "withdrawn": [label ids], "unasked": [label ids], "conflict": whether the image's
        cells now break a rule}; the unasked are those of the withdrawn that `derive_all` had written: they come back
        when they follow again.
    """
    rules, now = rule_set(connection), load(connection, [image_id])
    new, ids = deduce(now.base, rules), np.array(now.label_ids)
    derived = (now.sources == SOURCES.index("derived"))[0]
    # Most images have neither, and a decision waits for every query.
    standing = derived & ~np.isin(ids, _settled_labels(connection, image_id) if derived.any() else [])
    free = new.state[0] == FREE
    asked = standing | np.isin(ids, _once_asked(connection, image_id) if free.any() else [])
    target = free & (tied_to_decisions(now.sources[0], rules) | asked)
    write = target & (~derived | (now.values != new.implied)[0])
    _write(connection, now, (write & asked)[None, :], new.implied)
    _write(connection, now, (write & ~asked)[None, :], new.implied, decision_id)
    _write(connection, now, (derived & ~target)[None, :], np.full_like(new.implied, MISSING))
    if changed or write.any() or (derived & ~target).any():
        _changed(connection, [image_id])
    return {
        "written": {int(i): int(c) for i, c in zip(ids[write], new.implied[0][write], strict=True)},
        "withdrawn": ids[derived & ~target].tolist(),
        "unasked": ids[standing & ~target].tolist(),
        "conflict": bool(new.conflict[0]),
    }


def tied_to_decisions(sources: np.ndarray, rules: RuleSet) -> np.ndarray:
    """Return (L,) bool: labels that rules tie to one that a person decided or accepted in bulk, of one image.

    Args:
        sources: (L,) index into SOURCES, -1 none.
    """
    decided = np.isin(sources, [SOURCES.index("human"), SOURCES.index("pseudo")])
    tied = np.zeros(len(sources), dtype=bool)
    for positions, _ in rules.components:
        columns = list(positions)
        tied[columns] = decided[columns].any()
    return tied


def _settled_labels(connection: Connection, image_id: int) -> list[int]:
    return list(connection.execute(_SETTLED, {"image": image_id}).scalars())


def _once_asked(connection: Connection, image_id: int) -> list[int]:
    effects = connection.execute(_EFFECTS, {"image": image_id}).scalars()
    return [label_id for e in effects if e for label_id in e.get("unasked", [])]


def put(
    connection: Connection,
    image_id: int,
    label_id: int,
    value: int | None,
    source: str | None,
    decision_id: int | None = None,
    proposal_id: int | None = None,
    settled_next: bool = False,
) -> None:
    """Set one cell; `given` is never touched. What hangs on it through rules is the business of `settle`.

    Args:
        settled_next: The caller calls `settle` next, with `changed`: what is drawn from the cells is made once then.
    """
    new = {"new_value": value, "new_source": source, "by": decision_id, "new_proposal": proposal_id}
    connection.execute(_PUT, {"at_image": image_id, "at_label": label_id, **new})
    if not settled_next:
        _changed(connection, [image_id])


def _changed(connection: Connection, image_ids: Sequence[int]) -> None:
    """Keep true what is drawn from cells; whoever changes some calls this in the same transaction."""
    profiles.refresh(connection, image_ids)
    waiting.refresh(connection, image_ids)
    ranks.refresh(connection, image_ids)
    beliefs.refresh(connection, image_ids)


def _derive(connection: Connection, found: Profiles, where: np.ndarray, codes: np.ndarray) -> None:
    """Set derived cells of all images of some profiles.

    Args:
        where: (P, L) bool, the cells to set.
        codes: (P, L), what to; -1 withdraws them.
    """
    c, i = schema.cell.c, schema.image.c
    theirs = select(i.id).where(i.profile_id == bindparam("at_profile"))
    statement = update(schema.cell).where(c.label_id == bindparam("at_label"), c.image_id.in_(theirs))
    statement = statement.values(
        value=bindparam("new_value"), source=bindparam("new_source"), decision_id=None, proposal_id=None
    )
    p = schema.proposal.c
    settled = update(schema.proposal).where(p.label_id == bindparam("at_label"), p.image_id.in_(theirs))
    settled = settled.values(settled=bindparam("now_settled"))
    rows, columns = np.nonzero(where)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        code = int(codes[row, column])
        value, source = (None, None) if code == MISSING else (code, "derived")
        at = {"at_profile": int(found.ids[row]), "at_label": found.label_ids[column]}
        connection.execute(statement, {**at, "new_value": value, "new_source": source})
        connection.execute(settled, {**at, "now_settled": int(value is not None)})
    values = np.where(where, codes, found.values)
    sources = np.where(where, np.where(codes == MISSING, MISSING, SOURCES.index("derived")), found.sources)
    packed = profiles.pack(found.given, values, sources)
    changed = np.flatnonzero(where.any(axis=1)).tolist()
    profiles.move(connection, {int(found.ids[row]): packed[row] for row in changed})
    if changed:
        ranks.rebuild(connection)


def _write(
    connection: Connection, table: CellTable, where: np.ndarray, codes: np.ndarray, decision_id: int | None = None
) -> None:
    """Set the derived cells at `where` (N, L) to `codes`, -1 to withdraw them."""
    rows, columns = np.nonzero(where)
    if not len(rows):
        return
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
    connection.execute(_WRITE, changes)
