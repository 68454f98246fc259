"""Rows of the queue as the card in the browser takes them."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row

from core.labels.label import MISSING
from core.pseudo import audit
from core.serving import counting
from core.serving.messages import Wish
from core.store import audits, blind, cells, grid, near, notes, queue, ranks

# Not beside a check: what it was derived from may be what is checked, and a gap that is shown says it was not derived.
_TELLING = (MISSING, cells.SOURCES.index("derived"))
_HIDDEN = {"value": None, "confidence": None, "probs": [], "raw": None, "map": None}
# Known images have no neighbours, and what was accepted may be an older run's.
_CHECKED = {"near": [], "run": None}
_WHY = {
    "leverage": "Here because the model is unsure of it.",
    "uncertain": "Here because the model is least sure of it.",
    "margin": "Here because two classes are close.",
    "entropy": "Here because many classes are possible.",
    "varied": "Here because the model is unsure of it, and it is unlike the one before.",
    "disagreement": "Here because the model is unsure of it.",
    "surest": "Here because the model is surest of it.",
    "random": "Drawn at random, to see how good the proposals are.",
    "file": "Here because it is next in the table.",
    "errors": "Here because the model doubts the given value.",
    "sent": "Sent to review.",
}
_told = counting.Kept()  # acceptances that need no more checks: reading their audits takes longer than the cards


def next_cards(connection: Connection, wish: Wish, held: Collection[int] = ()) -> list[dict]:
    """Return at most `wish.want` cards, best first, none of an image that the browser holds.

    Raises:
        GapwiseError: If there is no such order.
    """
    if not wish.want:
        return []
    left_out = {*wish.held, *held}
    if wish.grid is not None:
        rows = grid.same_class(connection, wish.label, wish.grid, wish.want, left_out)
        return cards(connection, rows, wish.order, {})
    rows = queue.pending(connection, wish.label, wish.order, wish.want, without=left_out)
    if not audits.waiting(connection, wish.label):
        return cards(connection, rows, wish.order, blind.reasons(connection, rows, ()))
    told = _told.get((connection.engine.url, wish.label), lambda: audit.telling(connection, wish.label))
    return cards(connection, audits.mixed(connection, wish.label, rows, wish.want, left_out, told), wish.order)


def cards(
    connection: Connection, rows: Sequence[Row], order: str = "", hidden: Mapping[int, str] | None = None
) -> list[dict]:
    """Return queue rows as JSON can hold them, with what is known of the images' other labels.

    Args:
        rows: All of one label.
        hidden: As `blind.reasons` gives it; looked up when None.
    """
    if not rows:
        return []
    images = sorted({row.image_id for row in rows})
    table = cells.load(connection, images)
    around = _Around(
        table,
        {int(image_id): i for i, image_id in enumerate(table.image_ids)},
        notes.notes_of(connection, images),
        near.nearest(connection, rows[0].label_id, images),
    )
    hidden = blind.reasons(connection, rows) if hidden is None else hidden
    return [_card(row, around, order, hidden.get(row.image_id, "")) for row in rows]


@dataclass(frozen=True)
class _Around:
    """What is known of the images beside their proposals; `at` is where they lie in the table."""

    table: cells.CellTable
    at: dict[int, int]
    notes: dict[int, list[tuple[str, str]]]
    near: dict[int, list[near.Neighbour]]


def _card(row: Row, around: _Around, order: str, hidden: str) -> dict:
    table, at = around.table, around.at[row.image_id]
    names = table.labels[table.label_ids.index(row.label_id)].names
    card = {
        "image": row.image_id,
        "label": row.label_id,
        "proposal": row.proposal_id,
        "run": row.run_id,
        "fname": row.fname,
        "digest": row.digest[:16],
        "width": row.width,
        "height": row.height,
        "value": row.value,
        "confidence": row.confidence,
        "probs": row.probs,
        "raw": None if row.raw == row.probs else row.raw,
        "map": None if row.map is None else base64.b64encode(row.map).decode(),
        "mapSize": [row.map_height, row.map_width],
        "seen": row.seen,
        "why": hidden or _why(row, order) + _overruled(row, around.table),
        "others": [
            {
                "label": label.name,
                "value": None if table.values[at, j] == MISSING else label.names[table.values[at, j]],
                "source": cells.SOURCES[table.sources[at, j]] if table.sources[at, j] >= 0 else "open",
            }
            for j, label in enumerate(table.labels)
            if table.label_ids[j] != row.label_id and (hidden != blind.CHECK or table.sources[at, j] not in _TELLING)
        ],
        "notes": [{"by": by, "text": text} for by, text in around.notes.get(row.image_id, [])],
        "near": [
            {"image": n.image_id, "digest": n.digest[:16], "fname": n.fname, "value": names[n.value]}
            for n in around.near.get(row.image_id, [])
        ],
        "blind": bool(hidden),
        "check": hidden == blind.CHECK,
    }
    # What is hidden is not sent: a browser that has it could show it.
    return {**card, **(_HIDDEN if hidden else {}), **(_CHECKED if hidden == blind.CHECK else {})}


def _why(row: Row, order: str) -> str:
    """Return why an image is here: what its row says, where the order gives each one a reason of its own."""
    if row.seen:
        again = "Here again because it was put off before."
        return f"{again} {row.reason}" if order == ranks.SENT and row.reason else again
    return row.reason or _WHY.get(order, "")


def _overruled(row: Row, table: cells.CellTable) -> str:
    """Return what the model alone would have said, where the rules and the other cells say something else."""
    alone = max(range(len(row.raw)), key=row.raw.__getitem__)
    if alone == row.value:
        return ""
    names = table.labels[table.label_ids.index(row.label_id)].names
    told = f" By itself the model says {names[alone]} ({row.raw[alone]:.2f}), which its map is about;"
    return f"{told} with the rules and the other labels it is {names[row.value]}."
