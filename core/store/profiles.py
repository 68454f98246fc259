"""Profiles: what images have in common, and how many share it.

All cells of an image together, given values, present values and their sources, are its profile. Tables that people
label have few: six labels with gaps make some hundred, whether there are a thousand images or a million. Whoever
changes cells calls `refresh`, `assign` or `move` in the same transaction, so that the counts are always true.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, Select, String, bindparam, cast, func, select, update

from core.labels.label import MISSING, Label
from core.store import schema
from core.store.labels import labels as read_labels
from core.store.upsert import upsert

SOURCES = ("given", "human", "derived", "pseudo")
_CODES = {None: MISSING, **{name: i for i, name in enumerate(SOURCES)}}
_C, _I, _P = schema.cell.c, schema.image.c, schema.profile.c
# Written once: each decision runs them, and making a statement takes longer than running it.
_CELLS = select(_C.image_id, _C.label_id, _C.given, _C.value, _C.source)
_CELLS_OF_ONE = _CELLS.where(_C.image_id == bindparam("image"))
_PROFILE_OF_ONE = select(_I.id, _I.profile_id).where(_I.id == bindparam("image"))
_COUNT = update(schema.profile).where(_P.id == bindparam("at")).values(images=_P.images + bindparam("by"))
_POINT = update(schema.image).where(_I.id == bindparam("at")).values(profile_id=bindparam("to"))
_BY_DIGEST = select(_P.digest, _P.id).where(_P.digest == bindparam("one"))
AT_ONCE = 500  # ids in one statement: SQLite's older builds take 999 parameters
_STREAM = 100_000  # rows of the cell table read at once


@dataclass(frozen=True)
class CellArrays:
    """Cells as arrays, one row for each image or profile, labels in table order.

    Attributes:
        label_ids: (L,) ids of `labels`.
        given: (N, L) int16, the imported class codes, -1 a gap.
        values: (N, L) int16, the current class codes, -1 none.
        sources: (N, L) int8, index into SOURCES, -1 none.
    """

    label_ids: tuple[int, ...]
    labels: tuple[Label, ...]
    given: np.ndarray
    values: np.ndarray
    sources: np.ndarray

    @property
    def base(self) -> np.ndarray:
        """(N, L) values that stand on their own: derived ones taken out."""
        return np.where(self.sources == SOURCES.index("derived"), MISSING, self.values).astype(np.int16)

    @property
    def stated(self) -> np.ndarray:
        """(N, L) values that the table or a person says: what rules or models wrote taken out."""
        trusted = np.isin(self.sources, [SOURCES.index(source) for source in ("given", "human")])
        return np.where(trusted, self.values, MISSING).astype(np.int16)


@dataclass(frozen=True)
class Profiles(CellArrays):
    """The profiles that images have now, in the order of their ids.

    Attributes:
        ids: (P,) int64.
        images: (P,) int64, how many images have each, at least 1.
    """

    ids: np.ndarray
    images: np.ndarray


def read(connection: Connection) -> Profiles:
    """Return the profiles of all images; none where there are no labels."""
    found = read_labels(connection)
    p = schema.profile.c
    rows = connection.execute(select(p.id, p.images, p.cells).where(p.images > 0).order_by(p.id)).all()
    ids, images = (np.fromiter((row[i] for row in rows), np.int64, len(rows)) for i in (0, 1))
    cells = _whole(b"".join(row.cells for row in rows), len(found))
    return Profiles(tuple(found), tuple(found.values()), *unpack(cells), ids, images)


def by_image(connection: Connection) -> tuple[np.ndarray, np.ndarray]:
    """Return (N,) int64 ids of all images, in their order, and (N,) int64 ids of their profiles."""
    i = schema.image.c
    # One text of numbers for each profile: a million rows through the driver take three times as long.
    listed = func.aggregate_strings(cast(i.id, String), ",")
    query = select(i.profile_id, listed).where(i.profile_id.is_not(None)).group_by(i.profile_id)
    rows = connection.execute(query).all()
    theirs = [np.fromstring(numbers, np.int64, sep=",") for _, numbers in rows]
    ids = np.concatenate([np.zeros(0, np.int64), *theirs])
    profiles = np.repeat(np.array([row[0] for row in rows], np.int64), [len(part) for part in theirs])
    order = np.argsort(ids)
    return ids[order], profiles[order]


def refresh(connection: Connection, image_ids: Sequence[int]) -> None:
    """Bring the profiles of images up to date with their cells."""
    for part in parts(list(dict.fromkeys(image_ids))):
        ids, cells = cells_of(connection, part)
        if len(ids) == 1:
            rows = connection.execute(_PROFILE_OF_ONE, {"image": int(ids[0])})
        else:
            rows = connection.execute(select(_I.id, _I.profile_id).where(_I.id.in_(ids.tolist())))
        before = dict(rows.all())
        now = zip(ids.tolist(), _profile_ids(connection, cells).tolist(), strict=True)
        moved = {image_id: profile for image_id, profile in now if before[image_id] != profile}
        if not moved:
            continue
        _point(connection, moved)
        change = Counter(moved.values())
        change.subtract(before[image_id] for image_id in moved)
        connection.execute(_COUNT, [{"at": at, "by": by} for at, by in change.items() if at is not None and by])


def rebuild(connection: Connection) -> None:
    """Make the profiles of all images anew from their cells: for workspaces of older versions, and for new labels."""
    ids = connection.execute(select(schema.image.c.id).order_by(schema.image.c.id)).scalars().all()
    labels = len(read_labels(connection))
    for part in parts(ids if labels else [], max(1, _STREAM // max(1, labels))):
        found, cells = cells_of(connection, part, part[-1] - part[0] + 1 == len(part))
        _point(connection, dict(zip(found.tolist(), _profile_ids(connection, cells).tolist(), strict=True)))
    _recount(connection)


def assign(connection: Connection, image_ids: Sequence[int], cells: np.ndarray) -> None:
    """Give new images their profiles; their cells are known, so nothing is read.

    Args:
        image_ids: N images that have none yet.
        cells: (N, L, 3) int16, as `schema.profile` holds them.
    """
    if cells.size:  # images without any label have no profile
        _point(connection, dict(zip(image_ids, _profile_ids(connection, cells).tolist(), strict=True)))
        _recount(connection)


def move(connection: Connection, changes: Mapping[int, np.ndarray]) -> None:
    """Change the cells of all images of some profiles alike. The caller changes the cells themselves.

    Args:
        changes: Id of a profile to its images' new cells, (L, 3) int16.

    Raises:
        ValueError: If a profile that images go to is one that others leave: the order would decide.
    """
    if not changes:
        return
    targets = _profile_ids(connection, np.stack(list(changes.values()))).tolist()
    if set(targets) & set(changes):
        raise ValueError("images can't go to a profile that is left in the same step")
    statement = update(schema.image).where(schema.image.c.profile_id == bindparam("old"))
    statement = statement.values(profile_id=bindparam("new"))
    connection.execute(statement, [{"old": old, "new": new} for old, new in zip(changes, targets, strict=True)])
    _recount(connection)


def regroup(connection: Connection, groups: Sequence[tuple[Select, np.ndarray]]) -> None:
    """Give many images new profiles. The caller changes the cells themselves.

    Args:
        groups: Queries for the ids of images that are alike, not asking for profiles, each with their new cells
            (L, 3) int16.
    """
    if not groups:
        return
    targets = _profile_ids(connection, np.stack([cells for _, cells in groups])).tolist()
    for (query, _), target in zip(groups, targets, strict=True):
        statement = update(schema.image).where(schema.image.c.id.in_(query))
        connection.execute(statement.values(profile_id=target))
    _recount(connection)


def pack(given: np.ndarray, values: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Return (N, L, 3) int16 cells of three arrays (N, L), as `schema.profile` holds them."""
    return np.stack([given, values, sources], axis=2).astype("<i2")


def _recount(connection: Connection) -> None:
    """Count every profile's images, and forget the profiles that none has."""
    i, p = schema.image.c, schema.profile.c
    count = select(func.count()).where(i.profile_id == p.id).correlate(schema.profile).scalar_subquery()
    connection.execute(update(schema.profile).values(images=count))
    connection.execute(schema.profile.delete().where(p.images == 0))


def _point(connection: Connection, profile_of: Mapping[int, int]) -> None:
    connection.execute(_POINT, [{"at": at, "to": to} for at, to in profile_of.items()])


def _profile_ids(connection: Connection, cells: np.ndarray) -> np.ndarray:
    """Return (N,) ids of the profiles with these cells (N, L, 3), L at least 1; they are made where there are none."""
    size = cells.shape[1] * 6  # bytes of a profile
    content = np.ascontiguousarray(cells, dtype="<i2").tobytes()
    packed = list(dict.fromkeys(content[at : at + size] for at in range(0, len(content), size)))
    digests = [hashlib.blake2b(value, digest_size=16).hexdigest() for value in packed]
    rows = [{"digest": d, "cells": c, "images": 0} for d, c in zip(digests, packed, strict=True)]
    known = dict(connection.execute(_BY_DIGEST, {"one": digests[0]}).all()) if len(rows) == 1 else {}
    for part in parts([] if known else rows):
        upsert(connection, schema.profile, part, ("digest",), update=())
        query = select(_P.digest, _P.id).where(_P.digest.in_([row["digest"] for row in part]))
        known |= dict(connection.execute(query).all())
    id_of = {c: known[d] for c, d in zip(packed, digests, strict=True)}
    return np.fromiter((id_of[content[at : at + size]] for at in range(0, len(content), size)), np.int64, len(cells))


def cells_of(
    connection: Connection, image_ids: Sequence[int], consecutive: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return (N,) ids of images and their cells (N, L, 3) int16, read from the cell table."""
    if len(image_ids) == 1:
        rows = connection.execute(_CELLS_OF_ONE, {"image": int(image_ids[0])}).all()
    elif consecutive:
        rows = connection.execute(_CELLS.where(_C.image_id.between(image_ids[0], image_ids[-1]))).all()
    else:
        rows = connection.execute(_CELLS.where(_C.image_id.in_(list(image_ids)))).all()
    column = {label_id: j for j, label_id in enumerate(read_labels(connection))}
    ids = np.unique(np.fromiter((row[0] for row in rows), np.int64, len(rows)))
    cells = np.full((len(ids), len(column), 3), MISSING, dtype=np.int16)
    at = np.searchsorted(ids, np.fromiter((row[0] for row in rows), np.int64, len(rows)))
    label = np.fromiter((column[row[1]] for row in rows), np.int64, len(rows))
    for k in (0, 1):
        cells[at, label, k] = [MISSING if row[2 + k] is None else row[2 + k] for row in rows]
    cells[at, label, 2] = [_CODES[row[4]] for row in rows]
    return ids, cells


def _whole(content: bytes, labels: int) -> np.ndarray:
    """Return (P, L, 3) int16 cells of P profiles, one after the other."""
    return np.frombuffer(content, "<i2").reshape(len(content) // (6 * max(1, labels)), labels, 3)


def unpack(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return given (N, L) int16, values (N, L) int16 and sources (N, L) int8 of cells (N, L, 3)."""
    given, values, sources = (cells[:, :, i] for i in range(3))
    return given.astype(np.int16), values.astype(np.int16), sources.astype(np.int8)


def parts(items: Sequence, size: int = AT_ONCE) -> Iterator[list]:
    """Yield the items in lists of at most `size`."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
