"""Decisions: an append-only log. Taking one and undoing one each happen in a single transaction.

A decision names its cell and the proposal that was on screen, and carries an id that the client
made. The same id is taken once however often it arrives; the first decision for a cell wins; an undo
is a decision too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace

from sqlalchemy import Connection, Row, select

from core.errors import GapwiseError
from core.store import answers, audits, bulk, cells, log, proposals, ranks, schema, waiting
from core.store.gaps import contradictions
from core.store.log import ACTIONS, BACK, BULK, MAX_NOTE, Outcome, arrived, history, last_standing

__all__ = (
    "ACTIONS", "BACK", "BULK", "MAX_NOTE", "Outcome", "arrived", "decide", "decide_many", "history", "last_standing",
    "retract", "undo",
)  # fmt: skip


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
    unseen: bool = False,
    over: bool = False,
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
        unseen: It was a check when it came on screen, so nobody knew whether the cell has a value: a known one, hidden
            to see whether people find it too, stays also when somebody else has answered meanwhile.
        over: What the cell has doesn't stay: this is what was decided about two answers that differ.

    Raises:
        GapwiseError: If an argument is not what the action needs, or names nothing that exists.
    """
    client_id, reviewer = log.checked_text(client_id, "client id"), log.checked_text(reviewer, "reviewer's name")
    earlier = log.by_client(connection, client_id)
    if earlier is not None:
        return log.outcome_of(earlier, repeated=True)
    label = answers.label_of(connection, label_id)
    cell = answers.cell_of(connection, image_id, label_id)
    proposal = answers.proposal_of(connection, image_id, label_id, proposal_id)
    stored = answers.stored_value(action, label, value, proposal)
    applied = stored is None or not _stays(connection, cell, unseen, over)
    row = {
        "client_id": client_id,
        "reviewer": reviewer,
        "action": action,
        "image_id": image_id,
        "label_id": label_id,
        "proposal_id": proposal_id,
        "value": stored,
        "applied": int(applied),
        "note": log.checked_note(note),
    }
    decision_id = log.append(connection, row)
    if action in waiting.PUT_OFF:
        waiting.put_off(connection, image_id, label_id)
        ranks.refresh(connection, [image_id])
    audits.refresh(connection, image_id, label_id)
    # A person's no to one of several classes leaves an accepted cell open again.
    emptied = action == "reject" and stored is None and cell.source == "pseudo"
    effects, changes = None, (stored is not None and applied) or emptied
    if changes:
        agreed = proposal_id if proposal is not None and proposal.value == stored else None
        source = None if stored is None else "human"
        cells.put(connection, image_id, label_id, stored, source, decision_id, agreed, settled_next=True)
        prior = {k: getattr(cell, k) for k in ("value", "source", "decision_id", "proposal_id")}
        settled = cells.settle(connection, image_id, decision_id, changed=True)
        if settled["conflict"]:
            settled["contradicts"] = contradictions(connection, image_id, label_id)
        effects = {"prior": prior, **settled}
        log.note_effects(connection, decision_id, effects)
    filled = int(stored is not None) - int(cell.value is not None) if changes else 0
    return log.outcome_of(SimpleNamespace(id=decision_id, effects=effects, **row), repeated=False, filled=filled)


def _stays(connection: Connection, cell: Row, unseen: bool, over: bool) -> bool:
    """Whether a cell keeps its value beside another answer."""
    if over or cell.source not in ("human", "given"):
        return False
    # What is known and was hidden to see whether people find it too is not changed by their answers.
    return cell.source == "human" or audits.hides(connection, cell.image_id, cell.label_id, ever=unseen)


def undo(connection: Connection, *, client_id: str, reviewer: str, expected: int | None = None) -> Outcome:
    """Take back a reviewer's last decision that still stands, and what the rules drew from it.

    Args:
        expected: The decision that the person saw as the last one; None takes whichever is.

    Raises:
        GapwiseError: If that reviewer has nothing left to undo, or the last decision is not the expected one.
    """
    client_id, reviewer = log.checked_text(client_id, "client id"), log.checked_text(reviewer, "reviewer's name")
    earlier = log.by_client(connection, client_id)
    if earlier is not None:
        return log.outcome_of(earlier, repeated=True)
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
    client_id, reviewer = log.checked_text(client_id, "client id"), log.checked_text(reviewer, "reviewer's name")
    earlier = log.by_client(connection, client_id)
    if earlier is not None:
        return log.outcome_of(earlier, repeated=True)
    d = schema.decision
    row = connection.execute(select(d).where(d.c.id == decision_id, d.c.action.not_in(BACK))).first()
    if row is None or log.undone(connection, decision_id):
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
        "note": log.checked_note(why),
    }
    undo_id = log.append(connection, row)
    if last.action in waiting.PUT_OFF:
        waiting.put_off(connection, last.image_id, last.label_id)
        ranks.refresh(connection, [last.image_id])
    if last.image_id is not None:
        audits.refresh(connection, last.image_id, last.label_id)
    filled = 0
    if last.action == BULK:
        taken = bulk.empty(connection, last.label_id, last.id, undo_id)
        log.note_effects(connection, undo_id, taken)
        filled = -taken["cells"]
        a, now = schema.acceptance, {"withdrawn": time.time(), "withdrawn_by": reviewer, "why": why}
        connection.execute(a.update().where(a.c.decision_id == last.id).values(now))
        audits.end(connection, connection.execute(select(a.c.id).where(a.c.decision_id == last.id)).scalar_one())
    elif last.effects:
        filled = _restore(connection, undo_id, last)
    return log.outcome_of(log.by_client(connection, client_id), repeated=False, filled=filled)


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
    client_id, reviewer = log.checked_text(client_id, "client id"), log.checked_text(reviewer, "reviewer's name")
    earlier = log.by_client(connection, client_id)
    if earlier is not None:
        return log.outcome_of(earlier, repeated=True)
    answers.label_of(connection, label_id)
    row = {"client_id": client_id, "reviewer": reviewer, "action": action, "label_id": label_id, "applied": 1}
    decision_id = log.append(connection, {**row, "note": log.checked_note(note)})
    done = change(decision_id)
    log.note_effects(connection, decision_id, done)
    filled = done["cells"] if action == BULK else -done["cells"]
    return log.outcome_of(log.by_client(connection, client_id), repeated=False, filled=filled)


def _restore(connection: Connection, undo_id: int, last: Row) -> int:
    """Give a cell back what it had before a decision; return how many more cells have a value now, -1 to 1."""
    cell = answers.cell_of(connection, last.image_id, last.label_id)
    changed, value = cell.decision_id == last.id, cell.value
    if changed:
        prior = _before(connection, cell, last.effects["prior"])
        cells.put(connection, last.image_id, last.label_id, **prior, settled_next=True)
        value = prior["value"]
    log.note_effects(connection, undo_id, cells.settle(connection, last.image_id, undo_id, changed))
    return int(value is not None) - int(cell.value is not None)


def _before(connection: Connection, cell: Row, prior: dict) -> dict:
    """Return what a cell had before a decision; where that was taken back meanwhile, what stood before it.

    Args:
        prior: Of the decision's effects.
    """
    while prior["decision_id"] is not None and _gone(connection, prior["decision_id"], prior["proposal_id"]):
        entry = log.entry(connection, prior["decision_id"])
        if (entry.image_id, entry.label_id) != (cell.image_id, cell.label_id):  # many cells at once, or what rules drew
            return {"value": cell.given, "source": None if cell.given is None else "given"}
        prior = entry.effects["prior"]
    return prior


def _gone(connection: Connection, decision_id: int, proposal_id: int | None) -> bool:
    """Whether a decision about a cell stands no more: undone, or below what an acceptance keeps by now."""
    a, p = schema.acceptance.c, schema.proposal.c
    below = select(a.id).join(schema.proposal, proposals.own_confidence < a.least)
    below = below.where(a.decision_id == decision_id, p.id == proposal_id)
    return log.undone(connection, decision_id) or connection.execute(below).first() is not None
