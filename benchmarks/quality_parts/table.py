"""How right a table is at any moment, held against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from core.importing.values import normalize
from core.labels.label import MISSING
from core.store import beliefs, profiles, schema
from core.store.labels import labels as read_labels
from core.workspace import Workspace

PROPOSED = "proposed"  # a cell without a value counts as what the joint probabilities say


class Table:
    """The gap cells of a workspace, with the truth, and what is to be believed of them now.

    Attributes:
        truth: (N, L) class codes.
        gaps: (N, L) bool, what the imported table lacks.
        now: (N, L) class codes: values, and the best joint proposal where there is none; -1 where nothing speaks.
    """

    def __init__(self, ws: Workspace, source: Path) -> None:
        self.ws, self.source = ws, source
        with ws.read() as connection:
            labels = read_labels(connection)
            i = schema.image.c
            names = dict(connection.execute(select(i.id, i.fname)).all())
            self.ids = np.array(sorted(names), dtype=np.int64)
            self.label_ids = list(labels)
            _, cells = profiles.cells_of(connection, (int(self.ids[0]), int(self.ids[-1])), consecutive=True)
            self.gaps = cells[:, :, 0] == MISSING
            self.now = np.full(self.gaps.shape, MISSING, dtype=np.int64)
            found = [beliefs.believe_span(connection, *span) for span in beliefs.spans(connection, waiting=False)]
        for part in found:
            self._take(part)
        truth = _by_name(source / "truth.csv", set(names.values()))
        self.truth = np.array(
            [[label.code(normalize(truth.at[names[i], label.name])) for label in labels.values()] for i in self.ids]
        )

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

    def by_source(self) -> dict[str, dict[str, int]]:
        """Return cells and wrong ones among the gaps by where their value comes from."""
        with self.ws.read() as connection:
            _, cells = profiles.cells_of(connection, (int(self.ids[0]), int(self.ids[-1])), consecutive=True)
        _, values, sources = profiles.unpack(cells)
        told = {}
        for name in (*profiles.SOURCES[1:], PROPOSED):
            of_source = values == MISSING if name == PROPOSED else sources == profiles.SOURCES.index(name)
            here = self.gaps & of_source
            told[name] = {"cells": int(here.sum()), "wrong": int((here & (self.now != self.truth)).sum())}
        return told

    def _take(self, found: beliefs.Beliefs) -> None:
        at = np.searchsorted(self.ids, found.image_ids)
        proposed = np.where(found.joint.informed, found.joint.proposed, MISSING)
        self.now[at] = np.where(found.values != MISSING, found.values, proposed)


def _by_name(path: Path, names: set[str]) -> pd.DataFrame:
    """Return a table by the column that names the pictures."""
    frame = pd.read_csv(path, dtype=str)
    column = max(frame.columns, key=lambda c: frame[c].isin(names).sum())
    return frame.set_index(column)
