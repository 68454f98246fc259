"""How right a table is at any moment, held against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, select

from benchmarks.quality_parts.truth import TRUTH, read_truth
from core.errors import GapwiseError
from core.labels.deduce import deduce
from core.labels.label import MISSING
from core.store import beliefs, profiles, schema
from core.store.cells import rule_set
from core.store.labels import labels as read_labels
from core.workspace import Workspace

PROPOSED = "proposed"  # a cell without a value counts as what the joint probabilities say
NOTHING = "nothing"  # neither a value nor a prediction: such a cell is never asked for, and never right
SOURCES = (*profiles.SOURCES[1:], PROPOSED, NOTHING)


class Table:
    """The gap cells of a workspace, with the truth, and what is to be believed of them now.

    Attributes:
        truth: (N, L) class codes.
        gaps: (N, L) bool, what the imported table lacks.
        now: (N, L) class codes: values, and the best joint proposal where there is none; -1 where nothing speaks.
        broken: How many images' truth breaks the rules.

    Raises:
        GapwiseError: If the truth does not fit the table, or the table has no gaps.
    """

    def __init__(self, ws: Workspace, source: Path) -> None:
        with ws.read() as connection:
            labels, rules = read_labels(connection), rule_set(connection)
            i = schema.image.c
            rows = connection.execute(select(i.id, i.fname).order_by(i.id)).all()
            self.ids = np.array([row.id for row in rows], dtype=np.int64)
            self.label_ids = list(labels)
            given = self._cells(connection)[:, :, 0].astype(np.int64)
        self.gaps = given == MISSING
        if not self.gaps.any():
            raise GapwiseError(f"No cell of {', '.join(r.name for r in labels.values())} is a gap: nothing to fill.")
        self.truth = read_truth(source / TRUTH, [row.fname for row in rows], list(labels.values()), given)
        self.broken = int(deduce(self.truth, rules).conflict.sum())
        self.now = np.full(self.gaps.shape, MISSING, dtype=np.int64)
        with ws.read() as connection:
            self.look_again(connection)

    def look_again(self, connection: Connection) -> None:
        """Look at all images again, after many cells or predictions changed."""
        for span in beliefs.spans(connection, waiting=False):
            self._take(beliefs.believe_span(connection, *span))

    def refresh(self, connection: Connection, image_ids: Sequence[int]) -> None:
        """Look at some images again."""
        self._take(beliefs.believe(connection, image_ids))

    @property
    def wrong(self) -> int:
        """How many gap cells are not what they should be."""
        return int((self.gaps & (self.now != self.truth)).sum())

    def right_of(self, image_id: int) -> int:
        """Return how many gap cells of an image are right."""
        at = int(np.searchsorted(self.ids, image_id))
        return int((self.gaps[at] & (self.now[at] == self.truth[at])).sum())

    def answer(self, image_id: int, label_id: int) -> int:
        """Return what a person who is never mistaken says."""
        return int(self.truth[np.searchsorted(self.ids, image_id), self.label_ids.index(label_id)])

    def by_source(self, connection: Connection) -> dict[str, dict[str, int]]:
        """Return cells and wrong ones among the gaps by where their value comes from."""
        _, values, sources = profiles.unpack(self._cells(connection))
        told = {}
        for name in SOURCES:
            if name in (PROPOSED, NOTHING):
                of_source = (values == MISSING) & ((self.now == MISSING) == (name == NOTHING))
            else:
                of_source = sources == profiles.SOURCES.index(name)
            here = self.gaps & of_source
            told[name] = {"cells": int(here.sum()), "wrong": int((here & (self.now != self.truth)).sum())}
        return told

    def _cells(self, connection: Connection) -> np.ndarray:
        """Return (N, L, 3) int16, see `core.store.profiles`."""
        return profiles.cells_of(connection, (int(self.ids[0]), int(self.ids[-1])), consecutive=True)[1]

    def _take(self, found: beliefs.Beliefs) -> None:
        at = np.searchsorted(self.ids, found.image_ids)
        proposed = np.where(found.joint.informed, found.joint.proposed, MISSING)
        self.now[at] = np.where(found.values != MISSING, found.values, proposed)
