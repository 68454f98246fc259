"""Pictures that lie beside each other and are known as different classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, func, select

from core.hard import predictions
from core.hard.set_file import SetMap, label_values, places
from core.labels.label import MISSING
from core.store import schema


@dataclass(frozen=True)
class Beside:
    """Images, each with another one that it is held against, in the order of the list.

    Attributes:
        image_ids, others: (N,) int64.
        value, other_value: (N,) int16, their classes.
        known: (N,) bool, whether `value` is what the cell has; else it is what the run predicts.
        alike: (N,) float32, -1..1; 2 for copies of one file.
    """

    image_ids: np.ndarray
    others: np.ndarray
    value: np.ndarray
    other_value: np.ndarray
    known: np.ndarray
    alike: np.ndarray

    def some(self, where: np.ndarray) -> Beside:
        """Return those at some places."""
        return Beside(*(getattr(self, name)[where] for name in self.__dataclass_fields__))


# Both must hold. Tiny pictures of one set correlate by 0.84 at most (the demo and the 5K look-alike, 1.3 million
# pairs); saved anew, resized, brightened or cropped by 3% a picture keeps 0.92 at least, cropped by 6% or mirrored not.
SAME_TO_NETWORK, SAME_PICTURE = 0.9, 0.9


def near_other(connection: Connection, label_id: int, run_id: int, found: SetMap) -> Beside:
    """Return the images whose nearest known image is of another class, the most alike first.

    An image without a value stands with what the run predicts for it. The nearest known one is among those that were
    known when the map was made; who lost its value since is passed over.
    """
    value, known, near = _classes(connection, label_id, run_id, found)
    theirs = np.where(near >= 0, np.where(known, value, MISSING)[near], MISSING)  # (N, K)
    first = (theirs != MISSING).argmax(axis=1)
    rows = np.arange(len(found))
    other = theirs[rows, first]
    where = np.flatnonzero((value != MISSING) & (other != MISSING) & (other != value))
    beside = Beside(
        found.image_ids[where].astype(np.int64), found.near[where, first[where]].astype(np.int64), value[where],
        other[where], known[where], found.cosine[where, first[where]],
    )  # fmt: skip
    return beside.some(np.argsort(-beside.alike, kind="stable"))


def duplicates(connection: Connection, label_id: int, found: SetMap | None) -> Beside:
    """Return known images that are nearly the same as one known as another class, the most alike pairs first.

    Copies of one file are found by their digest; other near-duplicates where there is a map of the set.
    """
    pairs = [_copies(connection, label_id)]
    if found is not None and len(found):
        pairs.append(_alike(connection, label_id, found))
    first, second, value, other, alike = (np.concatenate(part) for part in zip(*pairs, strict=True))
    # Both of a pair are shown, one after the other; an image once, with the one that it is most alike to.
    low, high = np.minimum(first, second), np.maximum(first, second)
    order = np.lexsort((first, high, low, -alike))
    _, once = np.unique(first[order], return_index=True)
    order = order[np.sort(once)]
    known = np.ones(len(order), bool)
    return Beside(first[order], second[order], value[order], other[order], known, alike[order])


def _classes(connection: Connection, label_id: int, run_id: int, found: SetMap) -> tuple[np.ndarray, ...]:
    """Return (N,) classes, known or predicted, (N,) whether they are known, and (N, K) places of the near ones."""
    value, _ = label_values(connection, label_id, found.image_ids)
    known = value != MISSING
    said = predictions.read(connection, run_id)
    at, here = places(said.image_ids, found.image_ids)
    predicted = np.full(len(found), MISSING, np.int16)
    predicted[here] = said.value[at]
    return np.where(known, value, predicted).astype(np.int16), known, _places_of_near(found)


def _places_of_near(found: SetMap) -> np.ndarray:
    at, here = places(found.image_ids, found.near.reshape(-1))
    near = np.full(found.near.size, -1, np.int64)
    near[here] = at
    return near.reshape(found.near.shape)


def _alike(connection: Connection, label_id: int, found: SetMap) -> tuple[np.ndarray, ...]:
    value, _ = label_values(connection, label_id, found.image_ids)
    near = _places_of_near(found)
    same = (near >= 0) & (found.cosine >= SAME_TO_NETWORK) & (found.picture >= SAME_PICTURE)
    rows, columns = np.nonzero(same)
    others, alike = near[rows, columns], found.picture[rows, columns]
    differ = (value[rows] != MISSING) & (value[others] != MISSING) & (value[rows] != value[others])
    a, b, alike = rows[differ], others[differ], alike[differ]
    first, second = np.concatenate([a, b]), np.concatenate([b, a])
    ids = found.image_ids.astype(np.int64)
    return ids[first], ids[second], value[first], value[second], np.concatenate([alike, alike]).astype(np.float32)


def _copies(connection: Connection, label_id: int) -> tuple[np.ndarray, ...]:
    """Return each image of which another copy of the same file is known as another class, with that one."""
    i, c = schema.image.c, schema.cell.c
    known = (
        select(i.digest, i.id, c.value)
        .join(schema.cell, (c.image_id == i.id) & (c.label_id == label_id))
        .where(c.value.is_not(None))
    )
    several = select(i.digest).group_by(i.digest).having(func.count() > 1)
    groups: dict[str, list[tuple[int, int]]] = {}
    for digest, image_id, value in connection.execute(known.where(i.digest.in_(several)).order_by(i.id)):
        groups.setdefault(digest, []).append((image_id, value))
    rows = []
    for group in groups.values():
        for image_id, value in group:
            other = next(((o, v) for o, v in group if v != value), None)
            if other is not None:
                rows.append((image_id, other[0], value, other[1]))
    first, second, value, other_value = np.array(rows, np.int64).reshape(-1, 4).T
    return first, second, value.astype(np.int16), other_value.astype(np.int16), np.full(len(rows), 2.0, np.float32)
