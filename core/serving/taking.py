"""Taking what a browser sent: all of one message in one transaction, each part on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection, select
from sqlalchemy.exc import DatabaseError

from core.errors import GapwiseError
from core.serving.cards import cards
from core.serving.messages import Decision
from core.serving.words import told
from core.store import blind, decisions, images, notes, queue, schema
from core.store.labels import labels as read_labels
from core.workspace import Workspace


def take_all(workspace: Workspace, reviewer: str, sent: Sequence[Decision]) -> list[dict]:
    """Take decisions in their order; one that is wrong is refused alone.

    One transaction, so that sixty of a grid wait for the disk once; each has a savepoint of its own, but for one that
    comes alone, which the transaction itself takes or leaves. Should the database fail, none of them is stored, and
    they may all be sent again.

    Returns:
        An acknowledgement for each, see `review.answer`.
    """
    if len(sent) == 1:
        return [_take(workspace.write, reviewer, sent[0])]
    with workspace.write() as connection:

        @contextmanager
        def part() -> Iterator[Connection]:
            with connection.begin_nested():
                yield connection

        return [_take(part, reviewer, decision) for decision in sent]


def last(connection: Connection, reviewer: str) -> dict | None:
    """Return the decision that an undo would take back, None when there is none left."""
    row = decisions.last_standing(connection, reviewer)
    if row is None:
        return None
    return {"decision": row.id, "action": row.action, "image": row.image_id, "label": row.label_id}


def _take(begin: Callable[[], AbstractContextManager[Connection]], reviewer: str, sent: Decision) -> dict:
    ack = {"client": sent.client, "seq": sent.seq}
    try:
        with begin() as connection:
            return {**ack, **(_note if sent.action == "note" else _decided)(connection, reviewer, sent)}
    except GapwiseError as error:
        if isinstance(error.__cause__, DatabaseError):
            raise  # not the decision's fault
        return {**ack, "state": "refused", "told": str(error), "label": 0, "settled": 0}


def _decided(connection: Connection, reviewer: str, sent: Decision) -> dict:
    outcome = (_undo if sent.action == "undo" else _decide)(connection, reviewer, sent)
    _same(outcome, sent)
    if sent.blind and not outcome.repeated:
        blind.note(connection, outcome.decision_id)
    many = outcome.image_id is None
    card = _back(connection, outcome) if sent.action == "undo" and not many else None
    state = "repeated" if outcome.repeated else "stored" if outcome.applied else "second"
    return {"state": state, "told": told(outcome, read_labels(connection), sent.blind),
            "decision": outcome.decision_id, "card": card, "label": outcome.label_id, "settled": outcome.filled,
            "contradicts": _contradicts(connection, outcome)}  # fmt: skip


def _contradicts(connection: Connection, outcome: decisions.Outcome) -> str:
    """Say that the image contradicts itself now, which cells do, and what to do; empty where it doesn't."""
    if not outcome.contradicts:
        return ""
    fname = images.image(connection, outcome.image_id).fname
    return (
        f"{fname} contradicts itself now: {'; '.join(outcome.contradicts)} can't all be true. Stored all the same: take"
        " it back with Undo, or see the conflicts on the Missing values page."
    )


def _note(connection: Connection, reviewer: str, sent: Decision) -> dict:
    about = {"client_id": sent.client_id, "reviewer": reviewer, "image_id": sent.cell.image, "text": sent.note}
    state = "stored" if notes.add(connection, **about) else "repeated"
    return {"state": state, "told": "Note stored", "decision": 0, "card": None, "label": 0, "settled": 0}


def _decide(connection: Connection, reviewer: str, sent: Decision) -> decisions.Outcome:
    return decisions.decide(
        connection,
        client_id=sent.client_id,
        reviewer=reviewer,
        action=sent.action,
        image_id=sent.cell.image,
        label_id=sent.cell.label,
        value=sent.value,
        proposal_id=sent.proposal,
        note=sent.note,
        unseen=sent.check,
    )


def _undo(connection: Connection, reviewer: str, sent: Decision) -> decisions.Outcome:
    expected = sent.undoes
    if isinstance(expected, str):
        d = schema.decision.c
        expected = connection.execute(select(d.id).where(d.client_id == sent.undoes)).scalar()
        if expected is None:
            raise GapwiseError("What was to be taken back was never stored.")
    return decisions.undo(connection, client_id=sent.client_id, reviewer=reviewer, expected=expected)


def _same(outcome: decisions.Outcome, sent: Decision) -> None:
    """See that what was stored under this id is what was sent: an id that is used twice must not lose the second."""
    cell = sent.cell and (sent.cell.image, sent.cell.label)
    if outcome.action != sent.action or (cell and cell != (outcome.image_id, outcome.label_id)):
        raise GapwiseError(f"The id {sent.client_id} belongs to another decision; this one was not stored.")


def _back(connection: Connection, outcome: decisions.Outcome) -> dict | None:
    """Return the card of a cell that was taken back."""
    row = queue.item(connection, outcome.image_id, outcome.label_id)
    return None if row is None else cards(connection, [row])[0]
