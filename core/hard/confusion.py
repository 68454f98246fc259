"""What a run takes for what, on known cells that it did not learn from."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Connection, func, select

from core.store import schema
from core.store.labels import labels as read_labels
from core.store.proposals import own_value
from core.store.runs import run as run_row


def confusion(connection: Connection, run_id: int) -> np.ndarray:
    """Return how many held-out cells of each class a run takes for which.

    Counted by what cells are now: a class that somebody corrected since counts as corrected.

    Returns:
        (C, C) int64, rows the class that cells have, columns the predicted one.

    Raises:
        GapwiseError: If there is no such run.
    """
    p, c = schema.proposal.c, schema.cell.c
    classes = len(read_labels(connection)[run_row(connection, run_id).label_id].classes)
    query = (
        select(c.value, own_value, func.count())
        .select_from(schema.proposal)
        .join(schema.cell, (c.image_id == p.image_id) & (c.label_id == p.label_id))
        .where(p.run_id == run_id, p.heldout == 1, c.value.is_not(None))
        .group_by(c.value, own_value)
    )
    table = np.zeros((classes, classes), np.int64)
    for truth, predicted, count in connection.execute(query):
        table[truth, predicted] = count
    return table
