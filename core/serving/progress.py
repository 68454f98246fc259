"""How far a review is, and what other people decided meanwhile: asked every few seconds, so it must cost little."""

from __future__ import annotations

from sqlalchemy import Connection

from core.errors import GapwiseError
from core.serving import counting
from core.serving.messages import Wish
from core.serving.token import Token
from core.serving.workspaces import open_workspace
from core.store import audits, grid, queue, review_figures
from core.store.labels import labels as read_labels

_figures = counting.Kept()


def progress(token: Token, wish: Wish) -> dict:
    """Return a label's figures.

    Returns:
        `left`; `sources`, cells by source; `seen` and `blind`, how often answers are what was proposed, with the
        interval; `people`; `classes`, how many wait by
        proposed class; `gone`, which of the held images have a value by now and are no checks.

    Raises:
        GapwiseError: If the workspace is gone or can't be used.
    """
    workspace = open_workspace(token.workspace)
    place = (str(workspace.root), wish.label)
    with workspace.read() as connection:
        if wish.label not in read_labels(connection):
            raise GapwiseError(f"There is no label with the number {wish.label}; load the page again.")
        edition = review_figures.newest(connection)
        known = _figures.get(place, lambda: _count(connection, wish.label), edition=edition)
        left = counting.left.get(place, lambda: queue.pending_count(connection, wish.label))
        gone = set(review_figures.settled(connection, wish.label, wish.held) if wish.held else [])
        gone -= audits.asked(connection, wish.label, gone)  # those have a value all along
        return {**known, "left": left, "gone": sorted(gone)}


def _count(connection: Connection, label_id: int) -> dict:
    found = review_figures.figures(connection, label_id)
    return {
        "sources": found.sources,
        "seen": found.seen.told(),
        "blind": found.blind.told(),
        "people": found.people,
        "classes": grid.class_counts(connection, label_id),
    }
