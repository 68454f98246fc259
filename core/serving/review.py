"""Taking the browser's decisions and giving it the next items. Blocking: routes call it in a thread."""

from __future__ import annotations

import os
import time
from threading import Lock

from sqlalchemy import Connection, select
from sqlalchemy.exc import DatabaseError

from core.errors import GapwiseError
from core.labels.label import Label
from core.serving.cards import cards, next_cards
from core.serving.messages import Decision, Wish
from core.serving.token import Token
from core.store import decisions, images, queue, ranks, schema
from core.store.labels import labels as read_labels
from core.workspace import DATABASE, Workspace

_COUNTING_SHARE = 0.005  # of the time: half a million waiting cells are counted in 25 ms, so every five seconds
_opened: dict[tuple[str, int], Workspace] = {}
_counted: dict[tuple, tuple[int, float]] = {}
_lock = Lock()


class Unavailable(GapwiseError):
    """The database can't be used just now: nothing is wrong with what was sent, and it may be sent again."""


def answer(token: Token, message: Wish) -> dict:
    """Take a message's decisions, each in a transaction of its own, and return what became of them.

    Returns:
        `acks`, one for each decision in their order: client, seq, state (stored, second, repeated, refused), `told` in
        words, decision (its number), label, settled (1, 0, or -1 for an undo), for an undo the `card` that comes
        back, `contradicts`: what of the image can't all be true now, in words, mostly empty; `items`, the next cards;
        `left`, how many wait; `last`, what an undo would take back.

    Raises:
        GapwiseError: If the workspace or the order is not there.
        Unavailable: If the database can't be used. Decisions before the one that failed are stored; sent again, they
            are found to be there.
    """
    try:
        return _answer(open_workspace(token.workspace), token.reviewer, message)
    except GapwiseError as error:
        if isinstance(error.__cause__, DatabaseError):
            raise Unavailable(str(error)) from error
        raise


def _answer(workspace: Workspace, reviewer: str, message: Wish) -> dict:
    acks = [_take(workspace, reviewer, d) for d in getattr(message, "decisions", ())]
    with workspace.read() as connection:
        if message.want and message.label not in read_labels(connection):
            raise GapwiseError(f"There is no label with the number {message.label}; load the page again.")
        items = next_cards(connection, message)
        fewer = sum(ack["settled"] for ack in acks if ack["label"] == message.label)
        left = _left(connection, workspace, message, fewer, exact=len(items) < message.want)
        return {"acks": acks, "items": items, "left": left, "last": _last(connection, reviewer)}


def _take(workspace: Workspace, reviewer: str, sent: Decision) -> dict:
    ack = {"client": sent.client, "seq": sent.seq}
    try:
        with workspace.write() as connection:
            outcome = (_undo if sent.action == "undo" else _decide)(connection, reviewer, sent)
            _same(outcome, sent)
            labels = read_labels(connection)
            card = _back(connection, outcome) if sent.action == "undo" else None
            contradicts = _contradicts(connection, outcome)
        if outcome.cells:
            _counted.pop((str(workspace.root), outcome.label_id), None)
    except GapwiseError as error:
        if isinstance(error.__cause__, DatabaseError):
            raise  # not the decision's fault
        return {**ack, "state": "refused", "told": str(error), "label": 0, "settled": 0}
    state = "repeated" if outcome.repeated else "stored" if outcome.applied else "second"
    settled = 0 if state != "stored" else -1 if card else int(outcome.value is not None)
    return {**ack, "state": state, "told": _told(outcome, labels), "decision": outcome.decision_id, "card": card,
            "label": outcome.label_id, "settled": settled, "contradicts": contradicts}  # fmt: skip


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
    """Return the card of a cell that waits again; none where it was many cells at once."""
    if outcome.image_id is None:
        return None
    row = queue.item(connection, outcome.image_id, outcome.label_id)
    return None if row is None else cards(connection, [row])[0]


def _contradicts(connection: Connection, outcome: decisions.Outcome) -> str:
    """Say that the image contradicts itself now, which cells do, and what to do; empty where it doesn't."""
    if not outcome.contradicts:
        return ""
    fname = images.image(connection, outcome.image_id).fname
    return (
        f"{fname} contradicts itself now: {'; '.join(outcome.contradicts)} can't all be true. Stored all the same: take"
        " it back with Undo, or see the conflicts on the Missing values page."
    )


def _last(connection: Connection, reviewer: str) -> dict | None:
    row = decisions.last_standing(connection, reviewer)
    if row is None:
        return None
    return {"decision": row.id, "action": row.action, "image": row.image_id, "label": row.label_id}


def _left(connection: Connection, workspace: Workspace, asked: Wish, fewer: int, exact: bool) -> int:
    """Return how many wait: counted where that is cheap, else carried on from the last count for a while."""
    key = (str(workspace.root), asked.label, asked.order == ranks.ERRORS)
    known, good_until = _counted.get(key, (0, 0.0))
    began = time.monotonic()
    if began < good_until and not exact:
        _counted[key] = (max(0, known - fewer), good_until)
        return _counted[key][0]
    left = queue.pending_count(connection, asked.label, order=asked.order)
    ended = time.monotonic()
    _counted[key] = (left, ended + (ended - began) / _COUNTING_SHARE)
    return left


def _told(outcome: decisions.Outcome, labels: dict[int, Label]) -> str:
    """Return what a decision did, in words."""
    label = labels[outcome.label_id]
    if outcome.image_id is None:
        return f"{label.name}: {outcome.cells:,} cells that were accepted at once are taken back"
    if outcome.action == "undo":
        return f"{label.name}: taken back"
    if not outcome.applied:
        return f"{label.name} had been decided before: the first decision stands, yours is kept beside it"
    put_off = {"skip": "skipped", "flag": "flagged", "reject": "rejected"}
    value = put_off.get(outcome.action) if outcome.value is None else label.names[outcome.value]
    parts = [f"{label.name}: {value}" + (", it comes back at the end" if outcome.value is None else "")]
    parts += [f"so {labels[i].name}: {labels[i].names[c]}" for i, c in outcome.written.items()]
    return ", ".join(parts + [f"{labels[i].name} is open again" for i in outcome.withdrawn])


def open_workspace(root: str) -> Workspace:
    """Return a workspace, opened once.

    Raises:
        GapwiseError: If it is gone.
    """
    try:
        inode = os.stat(os.path.join(root, DATABASE)).st_ino  # tells a workspace made anew from the one before
    except OSError as error:
        raise GapwiseError(f"The workspace {os.path.basename(root)} is gone. Choose another one.") from error
    with _lock:
        if (root, inode) not in _opened:
            _opened[root, inode] = Workspace.open(root)
        return _opened[root, inode]
