"""How far a review is, and what other people decided meanwhile: asked every few seconds, so it must cost little."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection

from core.errors import GapwiseError
from core.serving import counting
from core.serving.messages import Wish
from core.serving.token import Token
from core.serving.workspaces import open_workspace
from core.store import audits, grid, queue, ranks, review_figures
from core.store.labels import labels as read_labels

_figures = counting.Kept()


def progress(token: Token, wish: Wish, exact: bool = False) -> dict:
    """Return a label's figures, those that are dear to count at most 20 s old.

    Args:
        token: Who asks, in which workspace.
        wish: The label, and which images are held.
        exact: Count everything now: somebody has just begun to look at it.

    Returns:
        `left`, in orders of picked cells how many of those; `sources`, cells by source; `seen` and `blind`, how often
        answers are what was proposed, with the interval; `people`; `classes`, how many wait by proposed class; `gone`,
        which of the held images have a value by now and are no checks; in orders of picked cells, about which nothing
        is asked any more; `checks`, which of the held images are to be judged unseen.

    Raises:
        GapwiseError: If the workspace is gone or can't be used.
    """
    workspace = open_workspace(token.workspace)
    place = (str(workspace.root), wish.label)
    with workspace.read() as connection:
        if wish.label not in read_labels(connection):
            raise GapwiseError(f"There is no label with the number {wish.label}; load the page again.")
        known = _figures.get(place, lambda: _count(connection, wish.label), exact)
        count = partial(queue.pending_count, connection, wish.label, order=wish.order)
        left = count() if wish.order in ranks.PICKED else counting.left.get(place, count, exact)
        gone = set(review_figures.settled(connection, wish.label, wish.held, wish.order) if wish.held else [])
        checks = audits.asked(connection, wish.label, wish.held)  # those of an acceptance have a value all along
        return {**known, "left": left, "gone": sorted(gone - checks), "checks": sorted(checks)}


def _count(connection: Connection, label_id: int) -> dict:
    found = review_figures.figures(connection, label_id)
    return {
        "sources": found.sources,
        "seen": found.seen.told(),
        "blind": found.blind.told(),
        "people": found.people,
        "classes": grid.class_counts(connection, label_id),
    }
