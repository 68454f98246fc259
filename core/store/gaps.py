"""Single gaps with their reasons: for people who want to see before they believe."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from sqlalchemy import Connection

from core.labels.deduce import FREE, Proof, prove, smallest_conflicts
from core.labels.label import MISSING, Label
from core.store import images
from core.store.cells import deduction, load, rule_set


@dataclass(frozen=True)
class Reason:
    """One image, one sentence."""

    image_id: int
    fname: str
    sentence: str


def free_examples(connection: Connection, limit: int = 5) -> list[Reason]:
    """Return some free cells that nobody wrote yet, each with its proof, spread over the labels."""
    table, rules = load(connection), rule_set(connection)
    result = deduction(connection, table)
    free = (result.state == FREE) & (table.values == MISSING)
    by_label = [_distinct_rows(table.base, np.flatnonzero(free[:, j]), limit) for j in range(len(table.labels))]
    # The first example of every label, then the second of every label.
    turns = [(row, j) for turn in zip_longest(*by_label) for j, row in enumerate(turn) if row is not None]
    found = []
    for row, position in turns[:limit]:
        base, label = table.base[row], table.labels[position]
        because = _because(prove(base, position, rules), table.labels, base)
        image_id = int(table.image_ids[row])
        sentence = f"{label.name} is {label.names[result.implied[row, position]]}, because {because}"
        found.append(Reason(image_id, images.image(connection, image_id).fname, sentence))
    return found


def _distinct_rows(base: np.ndarray, rows: np.ndarray, limit: int) -> list[int]:
    """Return some of `rows`, each with other values: the same proof ten times tells nothing new."""
    _, first = np.unique(base[rows], axis=0, return_index=True)
    return rows[np.sort(first)][:limit].tolist()


def conflicts(connection: Connection, limit: int = 100) -> list[Reason]:
    """Return images whose known cells break the rules, each with a smallest set of cells that can't all be true."""
    table = load(connection)
    rules = rule_set(connection)
    rows = np.flatnonzero(deduction(connection, table).conflict)[:limit]
    found = []
    for row in rows:
        image_id = int(table.image_ids[row])
        fname = images.image(connection, image_id).fname
        for proof in smallest_conflicts(table.base[row], rules):
            sentence = f"can't all be true: {_because(proof, table.labels, table.base[row])}"
            found.append(Reason(image_id, fname, sentence))
    return found


def _because(proof: Proof, labels: tuple[Label, ...], base: np.ndarray) -> str:
    facts = [f"{labels[i].name} is {labels[i].names[base[i]]}" for i in proof.cells]
    return " and ".join([*facts, *(f"`{r.text}`" for r in proof.rules)])
