"""What is proposed for cells that wait: each run's probabilities, with the word of the rules and of what is known.

A proposal keeps the run's own probabilities (`probs`). What people are asked (`value`, `confidence`) is made of them by
`core.labels.joint`, with all waiting cells of the image together, and made anew in the same transaction whenever one of
its cells changes, proposals come or rules change: no image is ever proposed something impossible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection, bindparam, func, select, update

from core.labels.joint import Joint, joint
from core.labels.label import MISSING, Label
from core.labels.rules import RuleSet, parse_rules
from core.store import profiles, schema
from core.store.labels import labels as read_labels
from core.store.labels import rules as read_rules

SPAN = 5_000  # images at once: some ten megabytes
_P = schema.proposal.c
_WAITING = select(_P.id, _P.run_id, _P.image_id, _P.label_id, _P.heldout, _P.probs, _P.value, _P.confidence, _P.joint)
_WAITING = _WAITING.where(_P.settled == 0).order_by(_P.run_id)
_OF_SOME = _WAITING.where(_P.image_id.in_(bindparam("some", expanding=True)))
_OF_SPAN = _WAITING.where(_P.image_id.between(bindparam("first"), bindparam("last")))
_STORE = (
    update(schema.proposal)
    .where(_P.id == bindparam("at"))
    .values(value=bindparam("to"), confidence=bindparam("sure"), joint=bindparam("together"))
)


@dataclass(frozen=True)
class Beliefs:
    """What is known and believed of some images.

    Attributes:
        image_ids: (N,) int64, in order.
        label_ids, labels: L of them, in table order.
        values: (N, L) int16 class codes, -1 what has no value.
        probs: (N, C) by label, the newest run's own probabilities; NaN where nothing is predicted.
        proposals: (N, L) int64, the newest run's proposals that wait, 0 none.
        runs: (N, L) int64, which run that is, 0 none.
    """

    image_ids: np.ndarray
    label_ids: tuple[int, ...]
    labels: tuple[Label, ...]
    values: np.ndarray
    probs: tuple[np.ndarray, ...]
    proposals: np.ndarray
    runs: np.ndarray
    joint: Joint
    rules: RuleSet
    stored: dict[int, tuple] = field(repr=False)


def refresh(connection: Connection, image_ids: Sequence[int]) -> int:
    """Bring what is proposed for some images up to date; return how many proposals changed."""
    wanted = list(dict.fromkeys(int(i) for i in image_ids))
    changed = 0
    for part in profiles.parts(wanted):
        rows = connection.execute(_OF_SOME, {"some": part}).all()
        if rows and (read_rules(connection) or any(r.joint is not None for r in rows)):
            ids = sorted({r.image_id for r in rows})
            changed += store(connection, _beliefs(connection, rows, *profiles.cells_of(connection, ids)))
    return changed


def refresh_all(connection: Connection) -> int:
    """Bring all that is proposed up to date, for instance after the rules changed: a minute for each million."""
    return sum(store(connection, believe_span(connection, *span)) for span in spans(connection))


def spans(connection: Connection, waiting: bool = True) -> list[tuple[int, int]]:
    """Return the first and last id of groups of images, of those with waiting proposals or of all."""
    if waiting:
        query = select(func.min(_P.image_id), func.max(_P.image_id)).where(_P.settled == 0)
    else:
        query = select(func.min(schema.image.c.id), func.max(schema.image.c.id))
    first, last = connection.execute(query).one()
    if first is None:
        return []
    return [(start, min(start + SPAN - 1, last)) for start in range(first, last + 1, SPAN)]


def believe_span(connection: Connection, first: int, last: int) -> Beliefs:
    """Return what is believed of the images with ids from `first` to `last`."""
    rows = connection.execute(_OF_SPAN, {"first": first, "last": last}).all()
    return _beliefs(connection, rows, *profiles.cells_of(connection, (first, last), consecutive=True))


def believe(connection: Connection, image_ids: Sequence[int]) -> Beliefs:
    """Return what is believed of some images, at most some hundred."""
    ids = [int(i) for i in image_ids]
    rows = connection.execute(_OF_SOME, {"some": ids}).all()
    return _beliefs(connection, rows, *profiles.cells_of(connection, ids))


def store(connection: Connection, found: Beliefs) -> int:
    """Write what is proposed where it is something else than what stands there; return how many proposals changed."""
    changes = []
    confidence = found.joint.confidence
    for i, j in zip(*np.nonzero(found.proposals), strict=True):
        at = int(found.proposals[i, j])
        heldout, value, sure, together = found.stored[at]
        if heldout:
            continue
        new = _told(found, int(i), int(j), float(confidence[i, j]))
        if (new["to"], new["together"]) != (value, together) or abs(new["sure"] - sure) > 1e-6:
            changes.append({"at": at, **new})
    if changes:
        connection.execute(_STORE, changes)
    return len(changes)


def _told(found: Beliefs, i: int, j: int, sure: float) -> dict[str, object]:
    raw, together = found.probs[j][i], found.joint.probs[j][i]
    if found.joint.conflict[i, j] or np.abs(together - raw).max() < 2e-6:
        value = int(raw.argmax()) if found.joint.conflict[i, j] else int(found.joint.proposed[i, j])
        return {"to": value, "sure": float(raw[value]), "together": None}
    return {"to": int(found.joint.proposed[i, j]), "sure": sure, "together": [round(float(p), 6) for p in together]}


def _beliefs(connection: Connection, rows: Sequence, ids: np.ndarray, cells: np.ndarray) -> Beliefs:
    named = read_labels(connection)
    label_ids, labels = tuple(named), tuple(named.values())
    _, values, _ = profiles.unpack(cells)
    proposals, runs = np.zeros(values.shape, np.int64), np.zeros(values.shape, np.int64)
    probs = tuple(np.full((len(ids), len(label.classes)), np.nan) for label in labels)
    of_label: dict[int, list] = {label_id: [] for label_id in label_ids}
    for row in rows:
        of_label[row.label_id].append(row)
    for j, label_id in enumerate(label_ids):
        theirs = of_label[label_id]
        if theirs:
            at = np.searchsorted(ids, [r.image_id for r in theirs])
            # In the order of runs: the newest one's stays. A class that is new since has no probability.
            table = [[*r.probs, *[0.0] * (probs[j].shape[1] - len(r.probs))] for r in theirs]
            probs[j][at] = table
            proposals[at, j], runs[at, j] = [r.id for r in theirs], [r.run_id for r in theirs]
    rules = parse_rules(read_rules(connection), labels)
    stored = {r.id: (r.heldout, r.value, r.confidence, r.joint) for r in rows}
    return Beliefs(ids, label_ids, labels, values, probs, proposals, runs, joint(values, probs, rules), rules, stored)


def unpredicted(found: Beliefs) -> np.ndarray:
    """Return (N, L) bool: cells without a value for which nothing speaks."""
    return (found.values == MISSING) & ~found.joint.informed
