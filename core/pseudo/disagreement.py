"""Where two runs, or a run and the rules, say different things."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sqlalchemy import Connection, func, select

from core.labels.label import Label
from core.pseudo.items import Items
from core.store import schema


def disagreement(items: Items, label: Label, run_id: int, before: Mapping[int, tuple[int, list[float]]]):
    """Return places and what to say: the larger of how far two runs are apart and how far the rules moved one."""
    apart = items.shift.copy()
    other: dict[int, tuple[int, int, float]] = {}
    found = [before.get(int(i)) for i in items.image_ids]
    at = np.flatnonzero([f is not None for f in found])
    if len(at):
        theirs = np.array([found[i][1] for i in at.tolist()])
        codes = theirs.argmax(axis=1)
        # Of the older run the likeliest class and its probability; of this one the same.
        distance = np.where(
            codes == items.raw[at],
            np.abs(theirs.max(axis=1) - items.raw_sure[at]),
            np.maximum(theirs.max(axis=1), items.raw_sure[at]),
        )
        for i, code, row, gap in zip(at.tolist(), codes.tolist(), theirs, distance.tolist(), strict=True):
            if gap > apart[i]:
                apart[i] = gap
                other[i] = (found[i][0], code, float(row[code]))

    def told(items: Items, i: int) -> str | None:
        own = f"{label.names[int(items.raw[i])]} ({items.raw_sure[i]:.2f})"
        if i in other:
            older, code, sure = other[i]
            return f"Run {older} says {label.names[code]} ({sure:.2f}), run {run_id} {own}."
        if items.shift[i] > 0.05:
            return f"By itself run {run_id} says {own}, which goes badly with what it says of other labels."
        return None

    return -apart, told


def previous(connection: Connection, label_id: int, run_id: int) -> dict[int, tuple[int, list[float]]]:
    """Return image id to (run, probabilities) of the run before this one; empty where there is none."""
    p = schema.proposal.c
    older = connection.execute(select(func.max(p.run_id)).where(p.label_id == label_id, p.run_id < run_id)).scalar()
    if older is None:
        return {}
    query = select(p.image_id, p.probs).where(p.label_id == label_id, p.run_id == older, p.settled == 0)
    return {image_id: (older, probs) for image_id, probs in connection.execute(query)}
