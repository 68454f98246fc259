"""What the linked pictures of missing values are drawn from: read once per state of the database."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property, partial
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.store import crossfilter, gaps, ground
from core.store.selection import Selection, Shown, rows_of
from pages.ui import readers

if TYPE_CHECKING:
    from core.store.ground import Ground, Images
    from core.workspace import Workspace

_REMEMBERED = 64  # results; the largest, of a million images, is a mask of one megabyte


class Look:
    """A workspace's cells at one moment, and what was counted in them."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        with workspace.read() as connection:
            self.ground: Ground = ground.read_ground(connection)
        self._results: dict[Hashable, object] = {}

    @cached_property
    def every(self) -> crossfilter.Headline:
        """What there is of everything."""
        return crossfilter.headline(self.ground, self.ground.profiles.images)

    @cached_property
    def conflict_rows(self) -> int:
        """How many images contradict themselves."""
        return readers.missing(self.workspace).conflict_rows

    @cached_property
    def images(self) -> Images:
        """Every single image: a second's reading for a million of them, so only when something asks."""
        with self.workspace.read() as connection:
            return ground.read_images(connection, self.ground, partial(readers.facts, self.workspace))

    @cached_property
    def proofs(self) -> tuple[list[gaps.FreeCells], int]:
        """Why cells are free, and how many are."""
        with self.workspace.read() as connection:
            return gaps.free_proofs(connection)

    def weights(self, selection: Selection) -> np.ndarray:
        """Return (P,) how many images of each profile fulfil a selection."""
        return self.once(("weights", selection), lambda: selection.weights(self.ground, self._needed(selection)))

    def rows(self, selection: Selection, by: str, label: int) -> crossfilter.Rows:
        """Return the row matrix of the images that fulfil a selection."""
        return self.once(
            ("rows", selection, by, label),
            lambda: crossfilter.rows(self.ground, self.images, selection, by, label),
        )

    def page(self, selection: Selection, after: int, limit: int) -> list[Shown]:
        """Return some images that fulfil a selection."""

        def read() -> list[Shown]:
            with self.workspace.read() as connection:
                found = selection.first(connection, self.ground, self._needed(selection), after, limit)
                return rows_of(connection, self.ground, found)

        return self.once(("page", selection, after, limit), read)

    def _needed(self, selection: Selection) -> Images | None:
        return self.images if selection.by_image else None

    def once(self, key: Hashable, make: Callable[[], object]):
        """Return what `make` makes, made once for this state of the database."""
        if key not in self._results:
            if len(self._results) >= _REMEMBERED:
                self._results.clear()
            self._results[key] = make()
        return self._results[key]


# In Streamlit's own cache it took a millisecond to find one, a tenth of what a look at the page takes.
_LOOKS: dict[tuple, Look] = {}
_MOST_LOOKS = 3  # a million images that are looked at one by one take some hundred megabytes
_lock = Lock()


def look(workspace: Workspace) -> Look:
    """Return the workspace's cells as they are now; read once for a state of the database."""
    state = (workspace.root, *readers.stamp(workspace))
    found = _LOOKS.get(state)
    if found is None:
        with st.spinner("Counting…"):
            found = Look(workspace)
        with _lock:
            _LOOKS[state] = found
            for old in list(_LOOKS)[:-_MOST_LOOKS]:
                del _LOOKS[old]
    return found
