"""Orders of a run's predictions that NumPy works out from all of them at once: half a second for a hundred thousand.

Read off an index in the order of confidence, the same rows lie all over the database: that takes several times as long.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection, select

from core.hard import predictions
from core.hard.predictions import Predictions
from core.hard.set_file import places
from core.labels.label import MISSING
from core.store import schema


@dataclass(frozen=True)
class Ordered:
    """Images in the order of a list.

    Attributes:
        image_ids: (N,) int64.
        truth, value: (N,) int16, the class that the cell has now, -1 none, and the predicted one.
        others: Of the runs that disagree: image id to the surest other one, its class and its confidence.
    """

    image_ids: np.ndarray
    truth: np.ndarray
    value: np.ndarray
    others: dict[int, tuple[int, int, float]] = field(default_factory=dict)


def ordered(connection: Connection, label_id: int, run_id: int, which: str) -> Ordered:
    """Return one of the lists wrong, right, open, disagree, and for labels of two classes loss and margin."""
    found = predictions.read(connection, run_id)
    if which == "disagree":
        return _disagree(connection, label_id, run_id, found)
    right = found.value == found.truth
    waits = ~found.heldout & (found.truth == MISSING)
    keep, place = {
        "wrong": (found.measured & ~right, -found.confidence),
        "right": (found.measured & right, found.confidence),
        "open": (waits, found.confidence),
        # With two classes, what the likeliest has not the other one has.
        "loss": (found.measured, np.where(right, found.confidence, 1 - found.confidence)),
        "margin": (waits | found.measured, found.confidence),
    }[which]
    return _sorted(found, np.flatnonzero(keep), place)


def _sorted(found: Predictions, where: np.ndarray, place: np.ndarray) -> Ordered:
    where = where[np.argsort(place[where], kind="stable")]  # ties in the table's order
    return Ordered(found.image_ids[where], found.truth[where], found.value[where])


def _disagree(connection: Connection, label_id: int, run_id: int, found: Predictions) -> Ordered:
    run, value = np.zeros(len(found.image_ids), np.int64), np.full(len(found.image_ids), MISSING, np.int16)
    surest = np.zeros(len(found.image_ids))
    for other in _other_runs(connection, label_id, run_id):
        theirs = predictions.read(connection, other)
        at, here = places(theirs.image_ids, found.image_ids)
        rows = np.flatnonzero(here)
        better = (theirs.value[at] != found.value[rows]) & (theirs.confidence[at] > surest[rows])
        rows, at = rows[better], at[better]
        run[rows], value[rows], surest[rows] = other, theirs.value[at], theirs.confidence[at]
    where = np.flatnonzero(run)
    order = _sorted(found, where, -(found.confidence + surest))
    told = zip(found.image_ids[where].tolist(), zip(run[where], value[where], surest[where], strict=True), strict=True)
    return Ordered(order.image_ids, order.truth, order.value, {i: (int(r), int(v), float(s)) for i, (r, v, s) in told})


def _other_runs(connection: Connection, label_id: int, run_id: int) -> list[int]:
    run = schema.run.c
    query = select(run.id).where(run.label_id == label_id, run.id != run_id).order_by(run.id.desc())
    return list(connection.execute(query).scalars())
