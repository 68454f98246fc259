"""Single gaps with their reasons: for people who want to see before they believe."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection, Row, select

from core.labels.deduce import FREE, Proof, prove, smallest_conflicts
from core.labels.label import MISSING, Label
from core.store import profiles, schema
from core.store.cells import deduction, load, rule_set

_GROUPS_A_PROOF = 10  # a proof leaves out what it does not need, so several groups of images may share it


@dataclass(frozen=True)
class Reason:
    """One image, one sentence."""

    image_id: int
    fname: str
    sentence: str


@dataclass(frozen=True)
class FreeCells:
    """Cells of one label that follow from the same cells of their images.

    Attributes:
        sentence: What follows, and from what.
        cells: How many images' cells.
        fname: One of the images.
    """

    sentence: str
    cells: int
    fname: str


def free_proofs(connection: Connection, limit: int = 100) -> tuple[list[FreeCells], int]:
    """Return the proofs of all free cells that nobody wrote yet, most cells first, and how many cells they are for.

    A proof needs only labels that rules tie together: images that are alike in those share it.

    Args:
        limit: How many proofs at most.
    """
    found, rules = profiles.read(connection), rule_set(connection)
    result = deduction(connection, found)
    free = (result.state == FREE) & (found.values == MISSING)
    groups: list[tuple[int, int, int]] = []  # images, a row, label position
    for columns, _ in rules.components:
        _, where = np.unique(found.base[:, list(columns)], axis=0, return_inverse=True)
        for position in columns:
            for alike in np.unique(where.reshape(-1)[free[:, position]]):
                rows = np.flatnonzero((where.reshape(-1) == alike) & free[:, position])
                groups.append((int(found.images[rows].sum()), int(rows[0]), position))
    groups.sort(key=lambda group: -group[0])
    proofs: dict[str, FreeCells] = {}
    for images, row, position in groups[: limit * _GROUPS_A_PROOF]:
        base, label = found.base[row], found.labels[position]
        grounds = because(prove(base, position, rules), found.labels, base)
        sentence = f"{label.name} is {label.names[result.implied[row, position]]}, because {grounds}"
        if sentence not in proofs:
            proofs[sentence] = FreeCells(sentence, 0, images_with(connection, [int(found.ids[row])], 1)[0].fname)
        proofs[sentence] = replace(proofs[sentence], cells=proofs[sentence].cells + images)
    most_first = sorted(proofs.values(), key=lambda proof: -proof.cells)
    return most_first[:limit], sum(images for images, _, _ in groups)


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


def contradictions(connection: Connection, image_id: int, label_id: int) -> list[str]:
    """Return what of an image can't all be true together with one of its labels, in words; mostly nothing.

    Each is a smallest set: leave out any of its cells, and the others can be true.
    """
    table, rules = load(connection, [image_id]), rule_set(connection)
    tied, _ = rules.around(table.label_ids.index(label_id))
    base = table.base[0]
    broken = (proof for proof in smallest_conflicts(base, rules) if proof.rules[0].labels & set(tied))
    return [because(proof, table.labels, base) for proof in broken]


def images_with(connection: Connection, profile_ids: list[int], limit: int) -> list[Row]:
    """Return the first images (id, fname, profile_id) that have one of some profiles, in the table's order."""
    i = schema.image.c
    query = select(i.id, i.fname, i.profile_id).order_by(i.id).limit(limit)
    rows = [
        row for part in profiles.parts(profile_ids) for row in connection.execute(query.where(i.profile_id.in_(part)))
    ]
    return sorted(rows, key=lambda row: row.id)[:limit]


def because(proof: Proof, labels: tuple[Label, ...], base: np.ndarray) -> str:
    """Return a proof in words: the cells it rests on, then the rules.

    Args:
        base: (L,) class codes of the image that stand on their own.
    """
    facts = [f"{labels[i].name} is {labels[i].names[base[i]]}" for i in proof.cells]
    return " and ".join([*facts, *(f"`{r.text}`" for r in proof.rules)])
