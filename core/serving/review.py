"""Taking the browser's decisions and giving it the next items. Blocking: routes call it in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy.exc import DatabaseError

from core.errors import GapwiseError
from core.serving import counting
from core.serving.cards import next_cards
from core.serving.leases import leases
from core.serving.messages import Decision, Wish
from core.serving.taking import last, take_all
from core.serving.token import Token
from core.serving.workspaces import open_workspace
from core.store import queue, ranks
from core.store.labels import labels as read_labels
from core.workspace import Workspace


class Unavailable(GapwiseError):
    """The database can't be used just now: nothing is wrong with what was sent, and it may be sent again."""


def answer(token: Token, message: Wish) -> dict:
    """Take a message's decisions, all or none stored, and return what became of them.

    Returns:
        `acks`, one for each decision in their order: client, seq, state (stored, second, repeated, refused), `told` in
        words, decision (its number), label, settled (1, 0, or fewer for an undo), for an undo the `card` that comes
        back, `contradicts`: what of the image can't all be true now, in words, mostly empty; `items`, the next cards,
        leased to the reviewer; `left`, how many wait; `last`, what an undo would take back.

    Raises:
        GapwiseError: If the workspace or the order is not there.
        Unavailable: If the database can't be used. What was stored all the same is found to be there when it is sent
            again.
    """
    try:
        return _answer(open_workspace(token.workspace), token.reviewer, message)
    except GapwiseError as error:
        if isinstance(error.__cause__, DatabaseError):
            raise Unavailable(str(error)) from error
        raise


def _answer(workspace: Workspace, reviewer: str, message: Wish) -> dict:
    sent: Sequence[Decision] = getattr(message, "decisions", ())
    acks, undoable = take_all(workspace, reviewer, sent) if sent else ([], None)
    place = (str(workspace.root), message.label)
    leases.release(*place, reviewer, [d.cell.image for d in sent if d.cell and d.action != "note"])
    leases.hold(*place, reviewer, message.held)
    for ack in acks:
        counting.left.carry_on((place[0], ack["label"]), ack["settled"])
    items = _next(workspace, place, reviewer, message) if message.want else []
    with workspace.read() as connection:
        exact = len(items) < message.want and message.grid is None
        count = partial(queue.pending_count, connection, message.label, order=message.order)
        # Given values that are doubted are few, and nothing else is known of how many.
        left = count() if message.order == ranks.ERRORS else counting.left.get(place, count, exact)
        return {"acks": acks, "items": items, "left": left, "last": undoable if sent else last(connection, reviewer)}


def _next(workspace: Workspace, place: tuple[str, int], reviewer: str, message: Wish) -> list[dict]:
    with leases.lock:  # nobody else looks for items between the look and the lease
        # First the leases, then the database: a lease ends after its decision is stored, so what is free here is
        # settled there. The other way round an item that was decided in between was handed out once more.
        taken = leases.of_others(*place, reviewer)
        with workspace.read() as connection:
            if message.label not in read_labels(connection):
                raise GapwiseError(f"There is no label with the number {message.label}; load the page again.")
            items = next_cards(connection, message, taken)
        leases.hold(*place, reviewer, [item["image"] for item in items])
    return items
