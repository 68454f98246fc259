"""Decisions: an append-only log. Taking one and undoing one each happen in a single transaction.

A decision names its cell and the proposal that was on screen, and carries an id that the client
made. The same id is taken once however often it arrives; the first decision for a cell wins; an undo
is a decision too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from sqlalchemy import Connection, Row, bindparam, insert, select
from sqlalchemy.orm import aliased

from core.errors import GapwiseError
from core.labels.label import Label
from core.store import audits, bulk, cells, images, proposals, ranks, schema, waiting
from core.store.gaps import contradictions
from core.store.labels import labels as read_labels

ACTIONS = ("accept", "reject", "choose", "skip", "flag")
BULK = "bulk"  # many cells at once, see `core.store.acceptances`
BACK = ("undo", "withdraw")  # what takes others back, and is never taken back itself
MAX_TEXT = 200  # characters of a client id or a reviewer's name
MAX_NOTE = 2000  # characters
# Written once: making a statement takes longer than running it, and each decision needs a dozen.
_D, _C, _P = schema.decision.c, schema.cell.c, schema.proposal.c
_UNDONE = aliased(schema.decision)
_BY_CLIENT = select(schema.decision).where(_D.client_id == bindparam("client"))
_CELL = select(schema.cell).where(_C.image_id == bindparam("image"), _C.label_id == bindparam("label"))
_PROPOSAL = select(_P.image_id, _P.label_id, _P.value).where(_P.id == bindparam("proposal"))
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


def decide(
    connection: Connection,
    *,
    client_id: str,
    reviewer: str,
    action: str,
    image_id: int,
    label_id: int,
    value: int | None = None,
    proposal_id: int | None = None,
    note: str | None = None,
) -> Outcome:
    """Take a decision about one cell and let the rules run on its image.

    A value that makes the image's cells contradict each other is stored as any other: the person may be right, and the
    rule or another cell wrong. The outcome says so.

    Args:
        client_id: Made by whoever sends it, unique to this decision, 1 to 200 characters.
        reviewer: Who decides, 1 to 200 characters.
        action: `accept` or `reject` the proposal, `choose` the class `value`, `skip` or `flag`.
        value: A class code: with `choose` the one to store; with `accept` and `reject` the one that was on screen, for
            what is proposed changes when somebody else decides another cell of the image. None takes what is proposed
            now.
        proposal_id: What was on screen; needed to accept or reject.
        note: Free text, at most 2000 characters.

    Raises:
        GapwiseError: If an argument is not what the action needs, or names nothing that exists.
    """
    client_id, reviewer = _text(client_id, "client id"), _text(reviewer, "reviewer's name")
    earlier = _by_client(connection, client_id)
    if earlier is not None:
        return _outcome(earlier, repeated=True)
    label = _label(connection, label_id)
    cell = _cell(connection, image_id, label_id)
    proposal = _proposal(connection, image_id, label_id, proposal_id)
    stored = _stored_value(action, label, value, proposal)
    # What is known and was hidden to see whether people find it too is not changed by their answers.
    kept = cell.source == "human" or (cell.value is not None and audits.hides(connection, image_id, label_id))
    applied = stored is None or not kept
    row = {
        "client_id": client_id,
        "reviewer": reviewer,
        "action": action,
        "image_id": image_id,
        "label_id": label_id,
        "proposal_id": proposal_id,
        "value": stored,
        "applied": int(applied),
        "note": _note(note),
    }
    decision_id = _append(connection, row)
    if action in waiting.PUT_OFF:
        waiting.put_off(connection, image_id, label_id)
        ranks.refresh(connection, [image_id])
    audits.refresh(connection, image_id, label_id)
    # A person's no to one of several classes leaves an accepted cell open again.
    emptied = action == "reject" and stored is None and cell.source == "pseudo"
    effects = None
    if (stored is not None and applied) or emptied:
        agreed = proposal_id if proposal is not None and proposal.value == stored else None
        source = None if stored is None else "human"
        cells.put(connection, image_id, label_id, stored, source, decision_id, agreed, settled_next=True)
        prior = {k: getattr(cell, k) for k in ("value", "source", "decision_id", "proposal_id")}
        settled = cells.settle(connection, image_id, decision_id, changed=True)
        if settled["conflict"]:
            settled["contradicts"] = contradictions(connection, image_id, label_id)
        effects = {"prior": prior, **settled}
        _note_effects(connection, decision_id, effects)
    return _outcome(SimpleNamespace(id=decision_id, effects=effects, **row), repeated=False)


def undo(connection: Connection, *, client_id: str, reviewer: str, expected: int | None = None) -> Outcome:
    """Take back a reviewer's last decision that still stands, and what the rules drew from it.

    Args:
        expected: The decision that the person saw as the last one; None takes whichever is.

    Raises:
        GapwiseError: If that reviewer has nothing left to undo, or the last decision is not the expected one.
    """
    client_id, reviewer = _text(client_id, "client id"), _text(reviewer, "reviewer's name")
    earlier = _by_client(connection, client_id)
    if earlier is not None:
        return _outcome(earlier, repeated=True)
    last = last_standing(connection, reviewer)
    if last is None:
        raise GapwiseError(f"{reviewer} has no decision left to undo.")
    if expected is not None and last.id != expected:
        raise GapwiseError(f"{reviewer} has decided something else meanwhile; nothing was taken back. Undo again.")
    return _retract(connection, client_id, reviewer, last)


def retract(
    connection: Connection, *, client_id: str, reviewer: str, decision_id: int, why: str | None = None
) -> Outcome:
    """Take back one decision, whoever took it and whatever came after, and what the rules drew from it.

    Raises:
        GapwiseError: If there is no such decision, or it was taken back before.
    """
    client_id, reviewer = _text(client_id, "client id"), _text(reviewer, "reviewer's name")
    earlier = _by_client(connection, client_id)
    if earlier is not None:
        return _outcome(earlier, repeated=True)
    d = schema.decision
    row = connection.execute(select(d).where(d.c.id == decision_id, d.c.action.not_in(BACK))).first()
    if row is None or _undone(connection, decision_id):
        raise GapwiseError(f"Decision {decision_id} was taken back before, or there is none.")
    return _retract(connection, client_id, reviewer, row, why)


def _retract(connection: Connection, client_id: str, reviewer: str, last: Row, why: str | None = None) -> Outcome:
    row = {
        "client_id": client_id,
        "reviewer": reviewer,
        "action": "undo",
        "image_id": last.image_id,
        "label_id": last.label_id,
        "proposal_id": last.proposal_id,
        "value": None,
        "applied": 1,
        "undoes": last.id,
        "note": _note(why),
    }
    undo_id = _append(connection, row)
    if last.action in waiting.PUT_OFF:
        waiting.put_off(connection, last.image_id, last.label_id)
        ranks.refresh(connection, [last.image_id])
    if last.image_id is not None:
        audits.refresh(connection, last.image_id, last.label_id)
    if last.action == BULK:
        taken = bulk.empty(connection, last.label_id, last.id, undo_id)
        _note_effects(connection, undo_id, taken)
        a, now = schema.acceptance, {"withdrawn": time.time(), "withdrawn_by": reviewer, "why": why}
        connection.execute(a.update().where(a.c.decision_id == last.id).values(now))
        audits.end(connection, connection.execute(select(a.c.id).where(a.c.decision_id == last.id)).scalar_one())
    elif last.effects:
        _restore(connection, undo_id, last)
    return _outcome(_by_client(connection, client_id), repeated=False)


def decide_many(
    connection: Connection,
    *,
    client_id: str,
    reviewer: str,
    action: str,
    label_id: int,
    change: Callable[[int], dict[str, object]],
    note: str | None = None,
) -> Outcome:
    """Take a decision about many cells of a label at once.

    Args:
        action: "bulk", which can be undone, or "withdraw", which can't.
        change: Takes the entry's number in the log, does it, and returns {"cells": how many, ...}; not called for a
            client id that had arrived before.

    Raises:
        GapwiseError: If an argument can't be used.
    """
    client_id, reviewer = _text(client_id, "client id"), _text(reviewer, "reviewer's name")
    earlier = _by_client(connection, client_id)
    if earlier is not None:
        return _outcome(earlier, repeated=True)
    _label(connection, label_id)
    row = {"client_id": client_id, "reviewer": reviewer, "action": action, "label_id": label_id, "applied": 1}
    decision_id = _append(connection, {**row, "note": _note(note)})
    _note_effects(connection, decision_id, change(decision_id))
    return _outcome(_by_client(connection, client_id), repeated=False)


def arrived(connection: Connection, client_id: str) -> Outcome | None:
    """Return what became of a client's id that had arrived before, None for a new one."""
    earlier = _by_client(connection, client_id)
    return None if earlier is None else _outcome(earlier, repeated=True)


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


def _restore(connection: Connection, undo_id: int, last: Row) -> None:
    cell = _cell(connection, last.image_id, last.label_id)
    changed = cell.decision_id == last.id
    if changed:
        prior = dict(last.effects["prior"])
        if prior["decision_id"] is not None and _gone(connection, prior["decision_id"], prior["proposal_id"]):
            # What it replaced has been taken back meanwhile: only the imported value is left.
            prior = {"value": cell.given, "source": None if cell.given is None else "given"}
        cells.put(connection, last.image_id, last.label_id, **prior, settled_next=True)
    _note_effects(connection, undo_id, cells.settle(connection, last.image_id, undo_id, changed))


def _proposal(connection: Connection, image_id: int, label_id: int, proposal_id: int | None) -> Row | None:
    if proposal_id is None:
        return None
    proposal = connection.execute(_PROPOSAL, {"proposal": proposal_id}).first()
    if proposal is None:
        raise GapwiseError(f"There is no proposal with the number {proposal_id}.")
    if (proposal.image_id, proposal.label_id) != (image_id, label_id):
        raise GapwiseError("That proposal is about another cell; nothing was stored.")
    return proposal


def _stored_value(action: str, label: Label, value: int | None, proposal: Row | None) -> int | None:
    if action not in ACTIONS:
        raise GapwiseError(f"There is no action {action!r}; there are {', '.join(ACTIONS)}.")
    if (value is None and action == "choose") or (value is not None and action in ("skip", "flag")):
        raise GapwiseError("A class goes with `choose`, and not with `skip` or `flag`.")
    if value is not None and (not isinstance(value, int) or not 0 <= value < len(label.classes)):
        raise GapwiseError(f"{label.name!r} has classes 0 to {len(label.classes) - 1}, not {value!r}.")
    if action == "choose":
        return value
    if action in ("skip", "flag"):
        return None
    if proposal is None:
        raise GapwiseError(
            f"There is no proposal for {label.name!r} of this image to {action}."
            " Choose a class instead, or train and predict first."
        )
    shown = proposal.value if value is None else value
    if action == "accept":
        return shown
    # Rejecting one of two classes says which it is; rejecting one of many does not.
    return 1 - shown if label.binary else None


def _append(connection: Connection, row: dict) -> int:
    return connection.execute(_APPEND, {**row, "created": time.time()}).inserted_primary_key[0]


def _note_effects(connection: Connection, decision_id: int, effects: dict) -> None:
    # In the transaction that appended the row: to everybody else the log only grows.
    connection.execute(_EFFECTS, {"at": decision_id, "changed": effects})


def _by_client(connection: Connection, client_id: str) -> Row | None:
    return connection.execute(_BY_CLIENT, {"client": client_id}).first()


def _undone(connection: Connection, decision_id: int) -> bool:
    d = schema.decision.c
    return connection.execute(select(d.id).where(d.undoes == decision_id)).first() is not None


def _gone(connection: Connection, decision_id: int, proposal_id: int | None) -> bool:
    """Whether a decision about a cell stands no more: undone, or below what an acceptance keeps by now."""
    a, p = schema.acceptance.c, schema.proposal.c
    below = select(a.id).join(schema.proposal, proposals.own_confidence < a.least)
    below = below.where(a.decision_id == decision_id, p.id == proposal_id)
    return _undone(connection, decision_id) or connection.execute(below).first() is not None


def _cell(connection: Connection, image_id: int, label_id: int) -> Row:
    found = connection.execute(_CELL, {"image": image_id, "label": label_id}).first()
    if found is None:
        images.image(connection, image_id)  # says so where there is none
        raise GapwiseError(f"Image {image_id} has no cell for label {label_id}. Import its table again.")
    return found


def _label(connection: Connection, label_id: int) -> Label:
    found = read_labels(connection).get(label_id)
    if found is None:
        raise GapwiseError(f"There is no label with the number {label_id}.")
    return found


def _text(value: str, what: str) -> str:
    value = str(value).strip()
    if not value or len(value) > MAX_TEXT or not value.isprintable():
        raise GapwiseError(f"The {what} must have 1 to {MAX_TEXT} printable characters; {len(value)} arrived.")
    return value


def _note(text: str | None) -> str | None:
    if text is None:
        return None
    # Half of a surrogate pair (bytes of a command line that are no UTF-8) can't be stored.
    if len(text) > MAX_NOTE or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise GapwiseError(f"A note has at most {MAX_NOTE} characters of Unicode text; {len(text)} arrived.")
    return text


def _outcome(row: Row | SimpleNamespace, repeated: bool) -> Outcome:
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
    )
