"""What is proposed for cells that wait: each run's probabilities, with the word of the rules and of what is known.

A proposal keeps the run's own probabilities (`probs`), class and confidence (`own_value`, `own_confidence`). What
people are asked (`value`, `confidence`) is made of them by `core.labels.joint`, with all waiting cells of the image
together, and made anew in the same transaction whenever one of its cells changes, proposals come or rules change: no
image is ever proposed something impossible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection, Select, bindparam, func, select, update

from core.labels.joint import Joint, joint
from core.labels.label import Label
from core.labels.rules import RuleSet, parse_rules
from core.store import profiles, schema
from core.store.labels import labels as read_labels
from core.store.labels import rules as read_rules

SPAN = 5_000  # images at once: some ten megabytes
_SAME = 2e-6  # probabilities closer than that are the same: they are kept to six places
_P = schema.proposal.c
_WAITING = select(_P.id, _P.run_id, _P.image_id, _P.label_id, _P.heldout, _P.probs, _P.value, _P.confidence, _P.joint)
_WAITING = _WAITING.where(_P.settled == 0).order_by(_P.run_id)
_OF_SOME = _WAITING.where(_P.image_id.in_(bindparam("some", expanding=True)))
_OF_SPAN = _WAITING.where(_P.image_id.between(bindparam("first"), bindparam("last")))
_STORE = (
    update(schema.proposal)
    .where(_P.id == bindparam("at"))
    .values(
        value=bindparam("to"),
        confidence=bindparam("sure"),
        joint=bindparam("together"),
        own_value=bindparam("own"),
        own_confidence=bindparam("own_sure"),
    )
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
        heldout: (N, L) bool, whether that proposal is there for measuring.
        stored: (N, L) and (N, L), class and confidence as they stand in those proposals.
        together: Proposal to the probabilities that stand there as the rules' part, where there are some.
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
    heldout: np.ndarray
    stored: tuple[np.ndarray, np.ndarray]
    together: dict[int, list[float]] = field(repr=False)


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


def refresh_many(connection: Connection, images: Select, label_id: int) -> int:
    """Bring what is proposed for the images of a query up to date, of which one label's cells changed.

    Memory stays the same however many they are; time is that of `refresh_all` for as many.
    """
    found = images.subquery().c
    first, last = connection.execute(select(func.min(found[0]), func.max(found[0]))).one()
    named = read_labels(connection)
    _, bound = parse_rules(read_rules(connection), list(named.values())).around(list(named).index(label_id))
    query = _OF_SPAN.where(_P.image_id.in_(images))
    if not bound:  # nothing follows from that label now; some of it may still be as former rules had it
        query = query.where(_P.own_value.is_not(None))
    changed = 0
    for start in () if first is None else range(first, last + 1, SPAN):
        span = {"first": start, "last": min(start + SPAN - 1, last)}
        rows = connection.execute(query, span).all()
        if rows:
            ids, cells = profiles.cells_of(connection, tuple(span.values()), consecutive=True)
            here = np.isin(ids, [row.image_id for row in rows])
            changed += store(connection, _beliefs(connection, rows, ids[here], cells[here]))
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
    for j in range(len(found.labels)):
        rows = np.flatnonzero((found.proposals[:, j] > 0) & ~found.heldout[:, j])
        if not len(rows):
            continue
        raw, joined = found.probs[j][rows], found.joint.probs[j][rows]
        ruled = ~found.joint.conflict[rows, j] & (np.abs(joined - raw).max(axis=1) >= _SAME)
        value = np.where(found.joint.conflict[rows, j], raw.argmax(axis=1), found.joint.proposed[rows, j])
        sure = np.where(ruled[:, None], joined, raw)[np.arange(len(rows)), value]
        before, sure_before = (table[rows, j] for table in found.stored)
        had = [found.together.get(at) for at in found.proposals[rows, j].tolist()]
        new = (
            (value != before)
            | (np.abs(sure - sure_before) >= _SAME)
            | (ruled != np.array([h is not None for h in had]))
        )
        for k in np.flatnonzero(new | ruled).tolist():
            told = [round(float(p), 6) for p in joined[k]] if ruled[k] else None
            if new[k] or np.abs(np.subtract(told, had[k])).max() >= _SAME:
                at = {"at": int(found.proposals[rows[k], j]), "to": int(value[k]), "sure": float(sure[k])}
                changes.append({**at, "together": told, **_own(raw[k], int(value[k]), ruled[k])})
    if changes:
        connection.execute(_STORE, changes)
    return len(changes)


def _own(raw: np.ndarray, value: int, ruled: bool) -> dict[str, object]:
    """Return what the run says by itself, as it is stored: only where what is proposed is something else."""
    own = int(raw.argmax())
    return {"own": own, "own_sure": float(raw[own])} if ruled or own != value else {"own": None, "own_sure": None}


def _beliefs(connection: Connection, rows: Sequence, ids: np.ndarray, cells: np.ndarray) -> Beliefs:
    named = read_labels(connection)
    label_ids, labels = tuple(named), tuple(named.values())
    _, values, _ = profiles.unpack(cells)
    proposals, runs, codes = (np.zeros(values.shape, np.int64) for _ in range(3))
    heldout, sure = np.zeros(values.shape, dtype=bool), np.zeros(values.shape)
    probs = tuple(np.full((len(ids), len(label.classes)), np.nan) for label in labels)
    of_label: dict[int, list] = {label_id: [] for label_id in label_ids}
    for row in rows:
        of_label[row.label_id].append(row)
    for j, theirs in enumerate(of_label.values()):
        if not theirs:
            continue
        run, at, out, told, value, confidence = zip(
            *((r[1], r[2], r[4], r[5], r[6], r[7]) for r in theirs), strict=True
        )
        at = np.searchsorted(ids, at)
        # In the order of runs: the newest one's stays. A class that is new since has no probability.
        width = probs[j].shape[1]
        probs[j][at] = [one if len(one) == width else [*one, *[0.0] * (width - len(one))] for one in told]
        proposals[at, j], runs[at, j], codes[at, j] = [r[0] for r in theirs], run, value
        heldout[at, j], sure[at, j] = np.array(out) == 1, confidence
    rules = parse_rules(read_rules(connection), labels)
    together = {r.id: r.joint for r in rows if r.joint is not None}
    made = joint(values, probs, rules)
    return Beliefs(
        ids, label_ids, labels, values, probs, proposals, runs, made, rules, heldout, (codes, sure), together
    )
