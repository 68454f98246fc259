"""Proposals: a run's calibrated class probabilities for cells, each with its activation map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from sqlalchemy import Connection, Row, func, select

from core.errors import GapwiseError
from core.store import beliefs, ids, ranks, schema, waiting
from core.store.upsert import upsert

_P = schema.proposal.c
# What a run says by itself, whatever the rules make of it: what it was measured by on held-out cells.
own_value = func.coalesce(_P.own_value, _P.value)
own_confidence = func.coalesce(_P.own_confidence, _P.confidence)
_RULES_PART = {"joint": None, "own_value": None, "own_confidence": None}


def put_proposals(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert a run's proposals, columns as in `schema.proposal` without `id`; a repeated one is replaced.

    `value` and `confidence` are the run's own. A replaced proposal keeps its id, so that decisions go on pointing at
    it. What they propose is brought in line with the rules and the images' other cells at once.
    """
    keys = ("run_id", "image_id", "label_id")
    rows = [{**row, **_RULES_PART} for row in rows]
    update = [name for name in rows[0] if name not in (*keys, "id")] if rows else ()
    upsert(connection, schema.proposal, ids.numbered(connection, schema.proposal, rows), keys, update)
    image_ids = [row["image_id"] for row in rows]
    waiting.proposed(connection, image_ids)
    ranks.refresh(connection, image_ids)
    beliefs.refresh(connection, image_ids)


def proposal(connection: Connection, proposal_id: int) -> Row:
    """Return one proposal.

    Raises:
        GapwiseError: If there is none with that id.
    """
    row = connection.execute(select(schema.proposal).where(schema.proposal.c.id == proposal_id)).first()
    if row is None:
        raise GapwiseError(f"There is no proposal with the number {proposal_id}.")
    return row


def proposals_for(connection: Connection, image_id: int, label_id: int) -> list[Row]:
    """Return a cell's proposals, newest run first."""
    p = schema.proposal.c
    query = select(schema.proposal).where(p.image_id == image_id, p.label_id == label_id)
    return list(connection.execute(query.order_by(p.run_id.desc())))


def latest_proposal(connection: Connection, image_id: int, label_id: int) -> Row | None:
    """Return the newest run's proposal for a cell, or None."""
    found = proposals_for(connection, image_id, label_id)
    return found[0] if found else None


def latest_run(connection: Connection, label_id: int) -> int | None:
    """Return the newest run of a label that has proposals, or None."""
    p = schema.proposal.c
    return connection.execute(select(func.max(p.run_id)).where(p.label_id == label_id)).scalar()


def predicted_runs(connection: Connection) -> list[int]:
    """Return the runs that have proposals, newest first."""
    p, r = schema.proposal.c, schema.run.c
    # Asked for each run, which the index answers at once; distinct ones would be counted out of a million proposals.
    some = select(p.id).where(p.label_id == r.label_id, p.run_id == r.id).exists()
    return list(connection.execute(select(r.id).where(some).order_by(r.id.desc())).scalars())


def heldout_frame(connection: Connection, run_id: int) -> pd.DataFrame:
    """Return a run's predictions on known held-out cells.

    Returns:
        Columns proposal_id, image_id, fname, path, truth, value, confidence, probs; one row per cell,
        where `truth` is the cell's value now and `value` the predicted class.
    """
    p, c, i = schema.proposal.c, schema.cell.c, schema.image.c
    query = (
        select(
            p.id.label("proposal_id"),
            p.image_id,
            i.fname,
            i.path,
            c.value.label("truth"),
            p.value,
            p.confidence,
            p.probs,
        )
        .join(schema.cell, (c.image_id == p.image_id) & (c.label_id == p.label_id))
        .join(schema.image, i.id == p.image_id)
        .where(p.run_id == run_id, p.heldout == 1, c.value.is_not(None))
        .order_by(p.image_id)
    )
    rows = connection.execute(query)
    return pd.DataFrame(rows.all(), columns=list(rows.keys()))
