"""How right the filled cells are, where the truth is known: in the demo only."""

from __future__ import annotations

import numpy as np

from core.demo.build import truth
from core.labels.label import MISSING
from core.store import schema
from core.store.cells import SOURCES, load
from core.store.proposals import latest_run
from core.workspace import Workspace

COLUMNS = ("label", "origin", "cells", "right", "share right")


def score(ws: Workspace) -> list[dict[str, object]] | None:
    """Compare gaps that were filled, and the newest proposals, with the demo's hidden truth.

    Returns:
        Rows with COLUMNS, one per label and origin that has cells; `origin` is human, derived, pseudo
        or "proposal" (the newest run's answers for gaps, whether accepted or not). None for a workspace that
        is not the demo.
    """
    hidden = truth(ws)
    if hidden is None:
        return None
    with ws.read() as connection:
        table = load(connection)
        names = dict(
            connection.execute(schema.image.select().with_only_columns(schema.image.c.id, schema.image.c.fname)).all()
        )
        wanted = {i: latest_run(connection, i) for i in table.label_ids}
        p = schema.proposal.c
        proposed = {
            i: connection.execute(
                schema.proposal.select()
                .with_only_columns(p.image_id, p.value)
                .where(p.label_id == i, p.run_id == run, p.heldout == 0)
            ).all()
            for i, run in wanted.items()
            if run is not None
        }
    hidden = hidden.set_index("fname").loc[[names[i] for i in table.image_ids.tolist()]]
    rows = []
    for column, (label_id, label) in enumerate(zip(table.label_ids, table.labels, strict=True)):
        right = np.array([label.code(str(v)) for v in hidden[label.name]])
        gap = table.given[:, column] == MISSING
        for source in ("human", "derived", "pseudo"):
            mine = gap & (table.sources[:, column] == SOURCES.index(source))
            rows.append(_row(label.name, source, table.values[mine, column] == right[mine]))
        at = {int(image_id): row for row, image_id in enumerate(table.image_ids)}
        answers = proposed.get(label_id, [])
        agree = np.array([r.value == right[at[r.image_id]] for r in answers], dtype=bool)
        rows.append(_row(label.name, "proposal", agree))
    return [row for row in rows if row["cells"]]


def _row(label: str, origin: str, right: np.ndarray) -> dict[str, object]:
    share = f"{right.mean():.1%}" if len(right) else ""
    return dict(zip(COLUMNS, (label, origin, len(right), int(right.sum()), share), strict=True))
