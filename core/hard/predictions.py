"""A run's predictions as arrays, a hundred thousand at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, select

from core.labels.label import MISSING
from core.store import schema
from core.store.proposals import own_confidence, own_value


@dataclass(frozen=True)
class Predictions:
    """What a run says by itself, in the order of the images.

    Attributes:
        image_ids: (N,) int64.
        truth: (N,) int16, the class that the cell has now, -1 none.
        value: (N,) int16, the likeliest class.
        confidence: (N,) float32, its probability.
        heldout: (N,) bool, whether it is there for measuring.
    """

    image_ids: np.ndarray
    truth: np.ndarray
    value: np.ndarray
    confidence: np.ndarray
    heldout: np.ndarray

    @property
    def measured(self) -> np.ndarray:
        """(N,) bool: known cells that the run did not learn from."""
        return self.heldout & (self.truth != MISSING)

    def some(self, where: np.ndarray) -> Predictions:
        """Return those at some places."""
        return Predictions(*(getattr(self, name)[where] for name in self.__dataclass_fields__))


def read(connection: Connection, run_id: int) -> Predictions:
    """Return all predictions of a run."""
    p, c = schema.proposal.c, schema.cell.c
    query = (
        select(p.image_id, c.value, own_value, own_confidence, p.heldout)
        .join(schema.cell, (c.image_id == p.image_id) & (c.label_id == p.label_id))
        .where(p.run_id == run_id)
        .order_by(p.image_id)
    )
    rows = connection.execute(query).all()
    image_ids, truth, value, confidence, heldout = zip(*rows, strict=True) if rows else ((),) * 5
    return Predictions(
        np.array(image_ids, np.int64),
        np.array([MISSING if code is None else code for code in truth], np.int16),
        np.array(value, np.int16),
        np.array(confidence, np.float32),
        np.array(heldout, bool),
    )
