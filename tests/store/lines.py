"""Whether what is drawn from cells and predictions is in line with them: looked up by brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sqlalchemy import select

from core.store import ranks, schema
from core.store.labels import label_id
from tests.conftest import FIVE_K

NAMES = ("mask", "distancing", "5k")
RULES = {
    FIVE_K: lambda m, d, k: k == (m and d),
    "mask = distancing": lambda m, d, k: m == d,
    "mask or distancing": lambda m, d, k: m or d,
}


def newest(ws) -> dict[tuple[int, int], object]:
    """Return cell to the newest run's proposal that waits."""
    p = schema.proposal
    with ws.read() as connection:
        rows = connection.execute(select(p).where(p.c.settled == 0, p.c.heldout == 0).order_by(p.c.run_id)).all()
    return {(row.image_id, row.label_id): row for row in rows}


def in_line(ws, rules: list[str]) -> int:
    """Hold every image's proposals against all its assignments; return how many were looked at."""
    with ws.read() as connection:
        known = {(c.image_id, c.label_id): c.value for c in connection.execute(select(schema.cell))}
        ids = [label_id(connection, name) for name in NAMES]
    waiting = newest(ws)
    for image in sorted({image for image, _ in known}):
        row = [known[image, j] for j in ids]
        spans = [(0, 1) if value is None else (value,) for value in row]
        allowed = [a for a in itertools.product(*spans) if all(RULES[text](*a) for text in rules)]
        here = [waiting.get((image, j)) for j in ids]
        for p in (p for p in here if p is not None):
            own = p.value if p.own_value is None else p.own_value
            sure = p.confidence if p.own_confidence is None else p.own_confidence
            assert (own, sure) == (int(np.argmax(p.probs)), pytest.approx(max(p.probs), abs=1e-5))
        if not allowed:
            continue
        assert any(all(p is None or p.value == code for p, code in zip(here, a, strict=True)) for a in allowed)
        mass = {a: np.prod([p.probs[c] for p, c in zip(here, a, strict=True) if p is not None]) for a in allowed}
        for place, p in enumerate(here):
            if p is not None:
                marginal = sum(m for a, m in mass.items() if a[place] == p.value) / sum(mass.values())
                assert p.confidence == pytest.approx(marginal, abs=1e-4)
                assert (p.joint or p.probs)[p.value] == pytest.approx(p.confidence, abs=1e-5)
    return len(waiting)


def rank_all(ws, label: str, run: int) -> None:
    """Store two orders of a run's proposals."""
    with ws.write() as connection:
        p = schema.proposal.c
        rows = connection.execute(select(p.id, p.image_id).where(p.run_id == run)).all()
        for kind in ("leverage", ranks.ERRORS):
            places = [{"image_id": i, "proposal_id": n, "place": float(n), "reason": None} for n, i in rows]
            ranks.replace(connection, label_id(connection, label), run, kind, places)


def ranked_right(ws) -> int:
    """Hold what waits in stored orders against cells and proposals; return how many places were looked at."""
    r, p, c = schema.rank.c, schema.proposal.c, schema.cell.c
    query = (
        select(r.kind, r.waits, p.settled, p.put_off, c.source)
        .join(schema.proposal, p.id == r.proposal_id)
        .join(schema.cell, (c.image_id == r.image_id) & (c.label_id == r.label_id))
    )
    with ws.read() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        waits = row.source == "given" if row.kind == ranks.ERRORS else not row.settled
        assert row.waits == (0 if not waits else 2 if row.put_off else 1)
    return len(rows)
