"""Several people: how far they agree about the same cells, and where they don't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sqlalchemy import ColumnElement, Connection, Row, literal, literal_column, select
from sqlalchemy.orm import aliased

from core.errors import GapwiseError
from core.store import decisions, schema
from core.store.profiles import parts


@dataclass(frozen=True)
class Agreement:
    """Two people's answers to the same cells of a label.

    Attributes:
        cells: How many both answered.
        agreed: The share they gave the same class.
        kappa: Cohen's kappa: 1 for full agreement, 0 for as much as chance alone gives; None where both always gave
            one and the same class, which chance alone explains.
    """

    label_id: int
    first: str
    second: str
    cells: int
    agreed: float
    kappa: float | None


def cohens_kappa(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Return how far two people agree beyond chance (Cohen 1960); None where chance explains all of it.

    Args:
        first, second: (N,) class codes of the same cells, N >= 1.

    Raises:
        ValueError: If they are not equally many, or none.
    """
    a, b = np.asarray(first), np.asarray(second)
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise ValueError(f"{a.shape} and {b.shape} answers can't be compared")
    classes = np.unique(np.concatenate([a, b]))
    chance = float(sum((a == c).mean() * (b == c).mean() for c in classes))
    return None if len(classes) == 1 else float(((a == b).mean() - chance) / (1 - chance))


def agreements(connection: Connection, label_id: int | None = None) -> list[Agreement]:
    """Return how far each two people agree about each label, by their latest answers that stand; most cells first."""
    d = schema.decision.c
    query = select(d.label_id, d.image_id, d.reviewer, d.value).where(_stands(schema.decision), d.value.is_not(None))
    query = query if label_id is None else query.where(d.label_id == label_id)
    said: dict[int, dict[str, dict[int, int]]] = {}
    for row in connection.execute(query.order_by(d.id)):
        said.setdefault(row.label_id, {}).setdefault(row.reviewer, {})[row.image_id] = row.value
    found = [
        _agreement(label, one, two, people[one], people[two])
        for label, people in said.items()
        for one, two in combinations(sorted(people), 2)
        if people[one].keys() & people[two].keys()
    ]
    return sorted(found, key=lambda a: -a.cells)


def conflicts(connection: Connection, label_id: int | None = None, limit: int = 100) -> list[Row]:
    """Return answers that were kept beside a cell's value and differ from it, for a second opinion; newest first.

    One is settled once somebody else has confirmed the cell's value since, or changed it to this answer.

    Returns:
        Rows (decision_id, image_id, label_id, fname, value, source, by, said, reviewer): the cell's value, its source
        and who decided it (None for an imported one), and what the other person said.
    """
    d, c, i = schema.decision, schema.cell.c, schema.image.c
    first, later = aliased(schema.decision), aliased(schema.decision)
    confirmed = (
        select(literal(1))
        .where(later.c.image_id == d.c.image_id, later.c.label_id == d.c.label_id, later.c.id > d.c.id)
        .where(later.c.value == c.value, later.c.reviewer != d.c.reviewer, _stands(later))
        .correlate(d, schema.cell)
        .exists()
    )
    query = (
        select(d.c.id.label("decision_id"), d.c.image_id, d.c.label_id, i.fname, c.value, c.source,
               first.c.reviewer.label("by"), d.c.value.label("said"), d.c.reviewer)
        .join(schema.cell, (c.image_id == d.c.image_id) & (c.label_id == d.c.label_id))
        .join(schema.image, i.id == d.c.image_id)
        .outerjoin(first, first.c.id == c.decision_id)
        .where(d.c.applied == 0, d.c.value.is_not(None), d.c.value != c.value, _stands(d), ~confirmed)
    )  # fmt: skip
    # Those first that were kept beside a value, by an index of their own: in one query SQLite goes through all cells.
    second = select(d.c.id).where(d.c.applied == literal_column("0"), d.c.value.is_not(None))
    second = second if label_id is None else second.where(d.c.label_id == label_id)
    found: list[Row] = []
    for part in parts(connection.execute(second.order_by(d.c.id.desc())).scalars().all()):
        found += connection.execute(query.where(d.c.id.in_(part)).order_by(d.c.id.desc()))
        if len(found) >= limit:
            break
    return found[:limit]


def settle(
    connection: Connection, *, client_id: str, reviewer: str, image_id: int, label_id: int, value: int
) -> decisions.Outcome:
    """Decide a cell that people disagree about, over the first decision.

    Where the value is what the cell has, that is confirmed; else it replaces the first answer, which an undo brings
    back.

    Raises:
        GapwiseError: If nobody disagrees about the cell, or the value is no class.
    """
    earlier = decisions.arrived(connection, client_id)
    if earlier is not None:
        return earlier
    open_ones = conflicts(connection, label_id, limit=10_000)
    found = next((row for row in open_ones if row.image_id == image_id), None)
    if found is None:
        raise GapwiseError("Nobody disagrees about that cell any more.")
    return decisions.decide(connection, client_id=client_id, reviewer=reviewer, action="choose", image_id=image_id,
                            label_id=label_id, value=value, over=value != found.value)  # fmt: skip


def _agreement(label_id: int, one: str, two: str, first: dict[int, int], second: dict[int, int]) -> Agreement:
    shared = sorted(first.keys() & second.keys())
    a, b = [first[i] for i in shared], [second[i] for i in shared]
    agreed = sum(x == y for x, y in zip(a, b, strict=True)) / len(shared)
    return Agreement(label_id, one, two, len(shared), agreed, cohens_kappa(a, b))


def _stands(decision) -> ColumnElement[bool]:
    """Whether an entry of the log about one cell is a decision that was not undone."""
    undone = aliased(schema.decision)
    back = select(literal(1)).where(undone.c.undoes == decision.c.id).correlate(decision).exists()
    return decision.c.image_id.is_not(None) & decision.c.action.not_in(decisions.BACK) & ~back
