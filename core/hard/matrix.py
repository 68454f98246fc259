"""Runs against images: which are wrong where. Horizontal lines are images that many runs miss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, select

from core.errors import GapwiseError
from core.hard import predictions
from core.labels.label import MISSING
from core.store import schema
from core.store.labels import labels as read_labels
from core.store.profiles import parts
from core.store.runs import list_runs


@dataclass(frozen=True)
class ClassErrors:
    """How hard a class is.

    Attributes:
        value: Its code.
        images: Known held-out images of it that at least one of the runs predicted.
        wrong: Share of the predictions for them that are wrong, 0..1.
        never: How many of them no run got right.
    """

    value: int
    name: str
    images: int
    wrong: float
    never: int


@dataclass(frozen=True)
class Matrix:
    """Predictions of R runs for N images, the hardest image first; among equally hard ones by class.

    Attributes:
        run_ids: R, as they were asked for.
        image_ids: (N,) int64.
        fnames: N.
        truth: (N,) int16 class codes.
        predicted: (N, R) int16, -1 where a run predicted nothing.
        wrong: (N, R) bool.
        per_class: Hardest first.
    """

    run_ids: tuple[int, ...]
    image_ids: np.ndarray
    fnames: tuple[str, ...]
    truth: np.ndarray
    predicted: np.ndarray
    wrong: np.ndarray
    per_class: tuple[ClassErrors, ...]


def matrix(connection: Connection, label_id: int, run_ids: Sequence[int]) -> Matrix:
    """Return what some runs of a label say about its known held-out images.

    Images are sorted by the share of runs that are wrong, of those that predicted it.

    Raises:
        GapwiseError: If no run is named, or one is not there or of another label.
    """
    run_ids = tuple(dict.fromkeys(int(i) for i in run_ids))
    _check(connection, label_id, run_ids)
    found = [(p := predictions.read(connection, i)).some(p.measured) for i in run_ids]
    image_ids = np.unique(np.concatenate([p.image_ids for p in found]))
    truth = np.full(len(image_ids), MISSING, np.int16)
    predicted = np.full((len(image_ids), len(run_ids)), MISSING, np.int16)
    for column, p in enumerate(found):
        at = np.searchsorted(image_ids, p.image_ids)
        truth[at], predicted[at, column] = p.truth, p.value
    there = predicted != MISSING
    wrong = there & (predicted != truth[:, None])
    order = np.lexsort((image_ids, truth, -wrong.sum(axis=1) / there.sum(axis=1)))
    names = file_names(connection, image_ids.tolist())
    label = read_labels(connection)[label_id]
    return Matrix(
        run_ids,
        image_ids[order],
        tuple(names[i] for i in image_ids[order].tolist()),
        truth[order],
        predicted[order],
        wrong[order],
        _per_class(truth, wrong, there, label.names),
    )


def _check(connection: Connection, label_id: int, run_ids: Sequence[int]) -> None:
    theirs = {row.id for row in list_runs(connection, label_id)}
    if not run_ids:
        raise GapwiseError("Name at least one run to look at.")
    if odd := [i for i in run_ids if i not in theirs]:
        name = read_labels(connection)[label_id].name
        raise GapwiseError(f"Run {odd[0]} is no run of {name}; its runs are {', '.join(map(str, sorted(theirs)))}.")


def file_names(connection: Connection, image_ids: Sequence[int]) -> dict[int, str]:
    """Return image id to the name that the table has for it."""
    i = schema.image.c
    found: dict[int, str] = {}
    for part in parts(image_ids):
        found |= dict(connection.execute(select(i.id, i.fname).where(i.id.in_(part))).all())
    return found


def _per_class(truth: np.ndarray, wrong: np.ndarray, there: np.ndarray, names: Sequence[str]) -> tuple:
    rows = []
    for code in np.unique(truth).tolist():
        here = truth == code
        share = wrong[here].sum() / there[here].sum()
        never = int((wrong[here] == there[here]).all(axis=1).sum())
        rows.append(ClassErrors(code, names[code], int(here.sum()), float(share), never))
    return tuple(sorted(rows, key=lambda row: (-row.wrong, -row.never, row.value)))
