"""Training and held-out images of a label: chosen once, by groups of identical images, and kept for all runs on it."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, Row, select

from core.errors import GapwiseError
from core.labels.label import Label
from core.store import schema
from core.store.cells import known
from core.store.upsert import upsert

FOLDS = 5  # one of five is held out: 20%
SEED = 0  # not the recipe's: runs with other seeds must be measured on the same images


@dataclass(frozen=True)
class Split:
    """Known cells, rows as `core.store.cells.known` gives them, by image."""

    train: list[Row]
    heldout: list[Row]


def split(connection: Connection, label_id: int, label: Label, sources: Sequence[str]) -> Split:
    """Return a label's training and held-out cells; the first call chooses and stores the held-out images.

    Cells that became known later go to training, unless an identical image is held out: then to neither.

    Args:
        connection: A writing one.
        sources: Whose values to train on. Held-out cells are never pseudo-labels.

    Raises:
        GapwiseError: If there is too little to train or to measure on.
    """
    rows = known(connection, label_id, sources)
    trusted = [r for r in rows if r.source != "pseudo"]
    stored = set(
        connection.execute(select(schema.holdout.c.image_id).where(schema.holdout.c.label_id == label_id)).scalars()
    )
    if not stored:
        _check_known(label, trusted)
        mask = choose_heldout([r.value for r in trusted], [r.digest for r in trusted])
        stored = {r.image_id for r, out in zip(trusted, mask, strict=True) if out}
        pairs = [{"label_id": label_id, "image_id": i} for i in sorted(stored)]
        upsert(connection, schema.holdout, pairs, ("label_id", "image_id"), update=())
    held = _digests(connection, label_id)
    result = Split([r for r in rows if r.digest not in held], [r for r in trusted if r.image_id in stored])
    _check_split(label, result)
    return result


def choose_heldout(values: Sequence[int], groups: Sequence[str]) -> np.ndarray:
    """Return which rows to hold out: about one in five of every class, groups never torn apart.

    Args:
        values: (N,) class codes, at least two classes with two groups each.
        groups: (N,) equal for rows that must stay together.

    Returns:
        (N,) bool. The same for the same rows in the same order.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    values = np.asarray(values)
    sizes = Counter(v for v, _ in set(zip(values.tolist(), groups, strict=True)))
    folds = StratifiedGroupKFold(min(FOLDS, max(sizes.values())), shuffle=True, random_state=SEED)
    with warnings.catch_warnings():
        # A class with fewer images than folds is no error here: the fold chosen below suits it best.
        warnings.simplefilter("ignore", UserWarning)
        parts = [part for _, part in folds.split(values, values, groups)]

    def suits(part: np.ndarray) -> tuple[int, int]:
        trained = len(set(np.delete(values, part).tolist()))  # a class that is only measured is of no use
        return trained, len(set(values[part].tolist()))

    mask = np.zeros(len(values), dtype=bool)
    mask[max(parts, key=suits)] = True
    return mask


def _digests(connection: Connection, label_id: int) -> set[str]:
    h, i = schema.holdout.c, schema.image.c
    query = select(i.digest).join(schema.holdout, h.image_id == i.id).where(h.label_id == label_id)
    return set(connection.execute(query).scalars())


def _check_known(label: Label, rows: Sequence[Row]) -> None:
    different = Counter(v for v, _ in {(r.value, r.digest) for r in rows})
    if len(different) < 2:
        found = f"all of class {label.names[rows[0].value]!r}" if rows else "none at all"
        raise GapwiseError(
            f"Label {label.name!r} has {len(rows)} known cells, {found}. A model learns from at least two classes:"
            " import or review images of another class first."
        )
    if sum(n >= 2 for n in different.values()) < 2:
        counts = ", ".join(f"{label.names[c]!r} {n}" for c, n in sorted(different.items()))
        raise GapwiseError(
            f"Label {label.name!r} has too few different images to train and to measure on: {counts}."
            " At least two classes need two each: import or review more first."
        )


def _check_split(label: Label, parts: Split) -> None:
    if not parts.heldout:
        raise GapwiseError(
            f"None of label {label.name!r}'s held-out images has a value any more, so nothing could be measured."
            " Take back the decisions that emptied them, or import their values again."
        )
    classes = {r.value for r in parts.train}
    if len(classes) < 2:
        left = f"only class {label.names[next(iter(classes))]!r}" if classes else "no images"
        raise GapwiseError(
            f"Label {label.name!r} has {left} left to train on beside its held-out images."
            " Import or review images of another class first."
        )
