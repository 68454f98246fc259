"""Rows of the queue as the card in the browser takes them."""

from __future__ import annotations

import base64
import time
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Row

from core.labels.label import MISSING
from core.pseudo import audit
from core.serving.messages import Wish
from core.store import audits, cells, queue

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
}


_CHECK = "Here as a check, chosen by chance."  # never what is checked: an answer, an acceptance, or the person


_TELLING_SECONDS = 5.0
_told: dict[tuple, tuple[set[int], float]] = {}


def next_cards(connection: Connection, wish: Wish, held: Collection[int] = ()) -> list[dict]:
    """Return at most `wish.want` cards, best first, none of an image that the browser holds.

    Raises:
        GapwiseError: If there is no such order.
    """
    if not wish.want:
        return []
    left_out = {*wish.held, *held}
    found = queue.pending(connection, wish.label, wish.order, wish.want, without=left_out)
    told = _telling(connection, wish.label)
    checked = audits.mixed(connection, wish.label, found, wish.want, left_out, told)
    plain = {row.proposal_id for row in found}
    made = cards(connection, checked, wish.order)
    return [card if card["proposal"] in plain else {**card, "why": _CHECK} for card in made]


def _telling(connection: Connection, label_id: int) -> set[int]:
    """Return the acceptances that need no more checks, as of some seconds ago: it takes longer than the cards."""
    key = (connection.engine.url, label_id)
    known, good_until = _told.get(key, (set(), 0.0))
    if time.monotonic() >= good_until:
        known = audit.telling(connection, label_id)
        _told[key] = (known, time.monotonic() + _TELLING_SECONDS)
    return known


def cards(connection: Connection, rows: Sequence[Row], order: str = "") -> list[dict]:
    """Return queue rows as JSON can hold them, with what is known of the images' other labels."""
    if not rows:
        return []
    table = cells.load(connection, sorted({row.image_id for row in rows}))
    at = {int(image_id): i for i, image_id in enumerate(table.image_ids)}
    return [_card(row, table, at[row.image_id], order) for row in rows]


def _card(row: Row, table: cells.CellTable, at: int, order: str) -> dict:
    return {
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
        "why": _why(row, order) + _overruled(row, table),
        "others": [
            {
                "label": label.name,
                "value": None if table.values[at, j] == MISSING else label.names[table.values[at, j]],
                "source": cells.SOURCES[table.sources[at, j]] if table.sources[at, j] >= 0 else "open",
            }
            for j, label in enumerate(table.labels)
            if table.label_ids[j] != row.label_id
        ],
    }


def _why(row: Row, order: str) -> str:
    """Return one line on why an item is here."""
    if row.seen:
        return "Here again because it was put off before."
    return row.reason or _WHY.get(order, "")


def _overruled(row: Row, table: cells.CellTable) -> str:
    """Return what the model alone would have said, where the rules and the other cells say something else."""
    alone = max(range(len(row.raw)), key=row.raw.__getitem__)
    if alone == row.value:
        return ""
    names = table.labels[table.label_ids.index(row.label_id)].names
    told = f" By itself the model says {names[alone]} ({row.raw[alone]:.2f}), which its map is about;"
    return f"{told} with the rules and the other labels it is {names[row.value]}."
