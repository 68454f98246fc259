"""What cells hold, without changing any: all of them as arrays, those with a value, those that nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, Row, select

from core.labels.deduce import OPEN, Deduction, deduce
from core.labels.rules import RuleSet, parse_rules
from core.store import profiles, schema
from core.store.labels import labels as read_labels
from core.store.labels import rules as read_rules
from core.store.profiles import SOURCES, CellArrays

TRUSTED = SOURCES[:3]  # what a training learns from unless it is asked to learn from bulk decisions as well


@dataclass(frozen=True)
class CellTable(CellArrays):
    """All cells as arrays, images in import order; `image_ids` (N,) int64."""

    image_ids: np.ndarray


def load(connection: Connection, image_ids: Sequence[int] | None = None) -> CellTable:
    """Return all cells, or those of some images (at most a few hundred)."""
    if image_ids is not None:  # from the cells themselves: a transaction may be changing them
        labels = read_labels(connection)
        ids, cells = profiles.cells_of(connection, image_ids)
        return CellTable(tuple(labels), tuple(labels.values()), *profiles.unpack(cells), ids)
    found = profiles.read(connection)
    ids, profile_ids = profiles.by_image(connection)
    at = np.searchsorted(found.ids, profile_ids)
    return CellTable(found.label_ids, found.labels, found.given[at], found.values[at], found.sources[at], ids)


def rule_set(connection: Connection) -> RuleSet:
    """Return the workspace's rules, bound to its labels."""
    return parse_rules(read_rules(connection), list(read_labels(connection).values()))


def deduction(connection: Connection, table: CellArrays) -> Deduction:
    """Deduce from everything that stands on its own, so that derived cells never prove each other."""
    return deduce(table.base, rule_set(connection))


def known(connection: Connection, label_id: int, sources: Sequence[str] = SOURCES) -> list[Row]:
    """Return (image_id, path, digest, fname, value, source) of a label's cells with a value, by image."""
    c, i = schema.cell.c, schema.image.c
    query = (
        select(c.image_id, i.path, i.digest, i.fname, c.value, c.source)
        .join(schema.image, i.id == c.image_id)
        .where(c.label_id == label_id, c.value.is_not(None), c.source.in_(list(sources)))
    )
    return list(connection.execute(query.order_by(c.image_id)))


def open_cells(connection: Connection, label_id: int) -> list[Row]:
    """Return (image_id, path, digest, fname) of a label's cells that have no value and are not free, by image."""
    found = profiles.read(connection)
    state = deduction(connection, found).state[:, found.label_ids.index(label_id)]
    wanted = set(found.ids[state == OPEN].tolist())
    c, i = schema.cell.c, schema.image.c
    query = (
        select(c.image_id, i.path, i.digest, i.fname, i.profile_id)
        .join(schema.image, i.id == c.image_id)
        .where(c.label_id == label_id, c.value.is_(None))
    )
    return [r for r in connection.execute(query.order_by(c.image_id)) if r.profile_id in wanted]
