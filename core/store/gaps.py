"""Single gaps with their reasons: for people who want to see before they believe."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from sqlalchemy import Connection, Row, select

from core.labels.deduce import FREE, Proof, prove, smallest_conflicts
from core.labels.label import MISSING, Label
from core.store import profiles, schema
from core.store.cells import deduction, rule_set


@dataclass(frozen=True)
class Reason:
    """One image, one sentence."""

    image_id: int
    fname: str
    sentence: str


def free_examples(connection: Connection, limit: int = 5) -> list[Reason]:
    """Return some free cells that nobody wrote yet, each with its proof, spread over the labels."""
    found, rules = profiles.read(connection), rule_set(connection)
    result = deduction(connection, found)
    free = (result.state == FREE) & (found.values == MISSING)
    by_label = [_distinct_rows(found.base, np.flatnonzero(free[:, j]), limit) for j in range(len(found.labels))]
    # The first example of every label, then the second of every label.
    turns = [(row, j) for turn in zip_longest(*by_label) for j, row in enumerate(turn) if row is not None]
    reasons = []
    for row, position in turns[:limit]:
        base, label = found.base[row], found.labels[position]
        grounds = because(prove(base, position, rules), found.labels, base)
        image = images_with(connection, [int(found.ids[row])], 1)[0]
        sentence = f"{label.name} is {label.names[result.implied[row, position]]}, because {grounds}"
        reasons.append(Reason(image.id, image.fname, sentence))
    return reasons


def conflicts(connection: Connection, limit: int = 100) -> list[Reason]:
    """Return images whose known cells break the rules, each with a smallest set of cells that can't all be true."""
    found, rules = profiles.read(connection), rule_set(connection)
    rows = np.flatnonzero(deduction(connection, found).conflict)
    row_of = {int(found.ids[row]): int(row) for row in rows}
    reasons = []
    for image in images_with(connection, list(row_of), limit):
        base = found.base[row_of[image.profile_id]]
        for proof in smallest_conflicts(base, rules):
            sentence = f"can't all be true: {because(proof, found.labels, base)}"
            reasons.append(Reason(image.id, image.fname, sentence))
    return reasons


def images_with(connection: Connection, profile_ids: list[int], limit: int) -> list[Row]:
    """Return the first images (id, fname, profile_id) that have one of some profiles, in the table's order."""
    i = schema.image.c
    query = select(i.id, i.fname, i.profile_id).order_by(i.id).limit(limit)
    rows = [
        row for part in profiles.parts(profile_ids) for row in connection.execute(query.where(i.profile_id.in_(part)))
    ]
    return sorted(rows, key=lambda row: row.id)[:limit]


def _distinct_rows(base: np.ndarray, rows: np.ndarray, limit: int) -> list[int]:
    """Return some of `rows`, each with other values: the same proof ten times tells nothing new."""
    _, first = np.unique(base[rows], axis=0, return_index=True)
    return rows[np.sort(first)][:limit].tolist()


def because(proof: Proof, labels: tuple[Label, ...], base: np.ndarray) -> str:
    """Return a proof in words: the cells it rests on, then the rules.

    Args:
        base: (L,) class codes of the image that stand on their own.
    """
    facts = [f"{labels[i].name} is {labels[i].names[base[i]]}" for i in proof.cells]
    return " and ".join([*facts, *(f"`{r.text}`" for r in proof.rules)])
