"""The log of decisions: entries are appended and read, never changed once their transaction is over.

What an entry does to cells is the business of `core.store.decisions`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import SimpleNamespace

from sqlalchemy import Connection, Row, bindparam, func, insert, select
from sqlalchemy.orm import aliased

from core.errors import GapwiseError
from core.store import schema

ACTIONS = ("accept", "reject", "choose", "skip", "flag")
BULK = "bulk"  # many cells at once, see `core.store.acceptances`
BACK = ("undo", "withdraw")  # what takes others back, and is never taken back itself
MAX_TEXT = 200  # characters of a client id or a reviewer's name
MAX_NOTE = 2000  # characters
# Written once: making a statement takes longer than running it.
_D = schema.decision.c
_UNDONE = aliased(schema.decision)
_BY_CLIENT = select(schema.decision).where(_D.client_id == bindparam("client"))
_APPEND = insert(schema.decision)
_EFFECTS = schema.decision.update().where(_D.id == bindparam("at")).values(effects=bindparam("changed"))
_LAST_STANDING = (
    select(schema.decision)
    .outerjoin(_UNDONE, _UNDONE.c.undoes == _D.id)
    .where(_D.reviewer == bindparam("by"), _D.action.not_in(BACK), _UNDONE.c.id.is_(None))
    .order_by(_D.id.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Outcome:
    """What became of a decision.

    Attributes:
        decision_id: Its number in the log.
        action: What it is: one of ACTIONS, "undo", "bulk" or "withdraw".
        image_id, label_id: The cell; for an undo, the cell of the decision that was taken back. Of many cells at once
            there is no image.
        value: The class it stores, None for skip, flag, undo and the rejection of one of several classes.
        applied: False when the cell had been decided before: the decision is kept, the cell is unchanged.
        repeated: True when this client id had arrived before.
        written: Label id to class code of cells that the rules settled because of it.
        withdrawn: Label ids of derived cells that follow no more.
        contradicts: What of the image can't all be true with the decided cell, in words, each a smallest set of cells
            with the rules they break; empty where nothing contradicts it.
        cells: How many cells were filled or taken back, where it was many at once.
        filled: How many more cells of the label have a value by it, fewer below 0, without those that rules wrote; 0
            when it had arrived before.
    """

    decision_id: int
    action: str
    image_id: int | None
    label_id: int
    value: int | None
    applied: bool
    repeated: bool
    written: dict[int, int]
    withdrawn: list[int]
    contradicts: tuple[str, ...] = ()
    cells: int = 0
    filled: int = 0


def append(connection: Connection, row: dict) -> int:
    """Add an entry; return its number."""
    return connection.execute(_APPEND, {**row, "created": time.time()}).inserted_primary_key[0]


def note_effects(connection: Connection, decision_id: int, effects: dict) -> None:
    """Note in an entry what it changed."""
    # In the transaction that appended the row: to everybody else the log only grows.
    connection.execute(_EFFECTS, {"at": decision_id, "changed": effects})


def by_client(connection: Connection, client_id: str) -> Row | None:
    """Return the entry that came with a client's id, None for a new one."""
    return connection.execute(_BY_CLIENT, {"client": client_id}).first()


def entry(connection: Connection, decision_id: int) -> Row | None:
    """Return one entry, None where there is none with that number."""
    return connection.execute(select(schema.decision).where(_D.id == decision_id)).first()


def newest_about(connection: Connection, image_id: int, label_id: int) -> int:
    """Return the number of the newest entry about one cell, 0 without any."""
    query = select(func.max(_D.id)).where(_D.image_id == image_id, _D.label_id == label_id)
    return connection.execute(query).scalar() or 0


def undone(connection: Connection, decision_id: int) -> bool:
    """Whether an entry was taken back."""
    d = schema.decision.c
    return connection.execute(select(d.id).where(d.undoes == decision_id)).first() is not None


def arrived(connection: Connection, client_id: str) -> Outcome | None:
    """Return what became of a client's id that had arrived before, None for a new one."""
    earlier = by_client(connection, client_id)
    return None if earlier is None else outcome_of(earlier, repeated=True)


def last_standing(connection: Connection, reviewer: str) -> Row | None:
    """Return the reviewer's newest decision that was not undone, or None."""
    return connection.execute(_LAST_STANDING, {"by": reviewer}).first()


def history(connection: Connection, limit: int = 50, reviewer: str | None = None) -> list[Row]:
    """Return the newest entries of the log, with `fname` (None for many cells at once) and `label`, newest first."""
    d = schema.decision
    query = (
        select(d, schema.image.c.fname, schema.label.c.name.label("label"))
        .outerjoin(schema.image, schema.image.c.id == d.c.image_id)
        .join(schema.label, schema.label.c.id == d.c.label_id)
    )
    if reviewer is not None:
        query = query.where(d.c.reviewer == reviewer)
    return list(connection.execute(query.order_by(d.c.id.desc()).limit(limit)))


def checked_text(value: str, what: str) -> str:
    """Return a client id or a name without blanks around it.

    Raises:
        GapwiseError: If it is empty, too long, or can't be printed.
    """
    value = str(value).strip()
    if not value or len(value) > MAX_TEXT or not value.isprintable():
        raise GapwiseError(f"The {what} must have 1 to {MAX_TEXT} printable characters; {len(value)} arrived.")
    return value


def checked_note(text: str | None) -> str | None:
    """Return a note as it came.

    Raises:
        GapwiseError: If it is too long, or can't be stored.
    """
    if text is None:
        return None
    # Half of a surrogate pair (bytes of a command line that are no UTF-8) can't be stored.
    if len(text) > MAX_NOTE or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise GapwiseError(f"A note has at most {MAX_NOTE} characters of Unicode text; {len(text)} arrived.")
    return text


def outcome_of(row: Row | SimpleNamespace, repeated: bool, filled: int = 0) -> Outcome:
    """Return what became of an entry of the log."""
    effects = row.effects or {}
    many = effects if row.image_id is None else {}
    if many:
        effects = {}  # of many images: how often, not what
    return Outcome(
        decision_id=row.id,
        action=row.action,
        image_id=row.image_id,
        label_id=row.label_id,
        value=row.value,
        applied=bool(row.applied),
        repeated=repeated,
        written={int(k): v for k, v in effects.get("written", {}).items()},
        withdrawn=list(effects.get("withdrawn", [])),
        contradicts=tuple(effects.get("contradicts", ())),
        cells=many.get("cells", 0),
        filled=filled,
    )
