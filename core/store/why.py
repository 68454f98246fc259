"""Why a cell is what it is: where its value came from, what it rests on, what an answer to it would settle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection, select

from core.errors import GapwiseError
from core.labels.deduce import CONFLICT, FREE, OPEN, prove, smallest_conflicts
from core.labels.label import MISSING, Label
from core.labels.leverage import expected, settled_by
from core.labels.rules import RuleSet
from core.store import profiles, schema
from core.store.cells import CellTable, deduction, load, rule_set
from core.store.gaps import because

STATES = {FREE: "free", OPEN: "open", CONFLICT: "conflict"}


@dataclass(frozen=True)
class CellReason:
    """One cell of an image.

    Attributes:
        label: Its name.
        value: What the table writes for its class, None for a gap without a value.
        given: Likewise, as imported.
        state: given, human, derived, pseudo, free, open or conflict.
        because: What a derived or free cell rests on, in words; of a human one, who decided it.
        implied: What a free cell's value would be, else None.
        settles: Of an open cell: class to the number of open cells that this answer settles, itself included.
        leverage: Their mean, every class being as likely; 0 for other cells.
    """

    label: str
    value: str | None
    given: str | None
    state: str
    because: str = ""
    implied: str | None = None
    settles: Mapping[str, int] = field(default_factory=dict)
    leverage: float = 0.0


def why(connection: Connection, image_id: int) -> tuple[list[CellReason], list[str]]:
    """Return all cells of an image, labels in table order, and its conflicts in words.

    Each conflict is a smallest set: leave out any of its cells and the others can be true.

    Raises:
        GapwiseError: If there are no labels.
    """
    table, rules = load(connection, [image_id]), rule_set(connection)
    if not table.labels:
        raise GapwiseError("This workspace has no labels yet. Import a table with label columns first.")
    result = deduction(connection, table)
    deciders = _deciders(connection, image_id)
    found = []
    for j, (label_id, label) in enumerate(zip(table.label_ids, table.labels, strict=True)):
        implied = _text(label, int(result.implied[0, j]))
        found.append(_reason(table, rules, j, int(result.state[0, j]), implied, deciders.get(label_id)))
    base = table.base[0]
    return found, [because(proof, table.labels, base) for proof in smallest_conflicts(base, rules)]


def premises(connection: Connection) -> dict[tuple[int, int], str]:
    """Return what derived cells rest on, in words, by profile and label: proved once for all images of a profile."""
    found, rules = profiles.read(connection), rule_set(connection)
    told = {}
    for row, j in zip(*np.nonzero(found.sources == profiles.SOURCES.index("derived")), strict=True):
        proof = prove(found.base[row], int(j), rules)
        if proof is not None:
            told[int(found.ids[row]), found.label_ids[j]] = because(proof, found.labels, found.base[row])
    return told


def _reason(
    table: CellTable, rules: RuleSet, j: int, state: int, implied: str | None, decider: str | None
) -> CellReason:
    base, label, code = table.base[0], table.labels[j], int(table.values[0, j])
    texts = {"value": _text(label, code), "given": _text(label, int(table.given[0, j]))}
    if code != MISSING:
        source = profiles.SOURCES[table.sources[0, j]]
        proof = prove(base, j, rules) if source == "derived" else None
        told = because(proof, table.labels, base) if proof else f"decided by {decider}" if decider else ""
        return CellReason(label.name, **texts, state=source, because=told)
    if state == FREE:
        proof = prove(base, j, rules)
        return CellReason(label.name, **texts, state="free", because=because(proof, table.labels, base),
                          implied=implied)  # fmt: skip
    settles = settled_by(base, j, rules) if state == OPEN else {}
    return CellReason(label.name, **texts, state=STATES[state], leverage=expected(settles),
                      settles={label.classes[c]: n for c, n in settles.items()})  # fmt: skip


def _deciders(connection: Connection, image_id: int) -> dict[int, str]:
    c, d = schema.cell.c, schema.decision.c
    query = select(c.label_id, d.reviewer).join(schema.decision, d.id == c.decision_id)
    rows = connection.execute(query.where(c.image_id == image_id, c.source == "human")).all()
    return dict(tuple(row) for row in rows)


def _text(label: Label, code: int) -> str | None:
    return None if code == MISSING else label.classes[code]
