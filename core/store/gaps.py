"""Single gaps with their reasons: for people who want to see before they believe."""

from __future__ import annotations

from dataclasses import dataclass

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
    table = load(connection)
    rules = rule_set(connection)
    result = deduction(connection, table)
    free = (result.state == FREE) & (table.values == MISSING)
    found = []
    for position, label in enumerate(table.labels):
        # One example for each distinct row: the same proof ten times tells nothing new.
        rows = np.flatnonzero(free[:, position])
        _, first = np.unique(table.base[rows], axis=0, return_index=True)
        for row in rows[np.sort(first)][:limit]:
            base = table.base[row]
            proof = prove(base, position, rules)
            implied = label.names[result.implied[row, position]]
            sentence = f"{label.name} is {implied}, because {_because(proof, table.labels, base)}"
            image_id = int(table.image_ids[row])
            found.append(Reason(image_id, images.image(connection, image_id).fname, sentence))
    return found[:limit]


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
