"""The missing-value report of a workspace."""

from __future__ import annotations

import hashlib

import numpy as np
from sqlalchemy import Connection, select

from core.errors import GapwiseError
from core.labels.label import MISSING
from core.labels.missing import MissingReport, missing_report
from core.store import profiles, schema
from core.store.cells import deduction


def report(connection: Connection) -> MissingReport:
    """Count the gaps of the workspace.

    Raises:
        GapwiseError: If nothing was imported yet.
    """
    found = profiles.read(connection)
    if not len(found.labels) or not len(found.ids):
        raise GapwiseError("This workspace has no labels yet. Import a table with label columns first.")
    result = deduction(connection, found)
    return missing_report(found.labels, found.given, found.values, found.sources, result, found.images)


def imported(connection: Connection) -> str:
    """Return a digest of what was imported: it stays the same while people decide and rules derive.

    What hangs on given values alone (where gaps lie, how they go with other things) has to be found again only when
    this changes. Images and given values are never taken away, so counts can't come back to what they were.
    """
    found = profiles.read(connection)
    given, where = np.unique(found.given, axis=0, return_inverse=True)
    images = np.bincount(where.reshape(-1), found.images, len(given)).astype(np.int64)
    t = schema.source_table.c
    tables = connection.execute(select(t.id, t.digest, t.created, t.images_root).order_by(t.id)).all()
    labels = [(label.name, label.classes, label.names) for label in found.labels]
    told = repr((found.label_ids, labels, given.shape, tables)).encode()
    return hashlib.blake2b(told + given.tobytes() + images.tobytes(), digest_size=16).hexdigest()


def gaps_by_image(connection: Connection) -> tuple[np.ndarray, np.ndarray]:
    """Return the gaps of each profile, (P, L) bool, and which of them each image has, (N,) int, images in order."""
    found = profiles.read(connection)
    _, profile_ids = profiles.by_image(connection)
    at = np.searchsorted(found.ids, profile_ids)
    return found.given == MISSING, at.astype(np.min_scalar_type(len(found.ids)))
