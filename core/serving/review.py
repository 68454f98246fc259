"""Taking the browser's decisions and giving it the next items. Blocking: routes call it in a thread."""

from __future__ import annotations

import time
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
from core.serving.workspaces import Unavailable, open_workspace
from core.store import queue, ranks
from core.store.labels import labels as read_labels
from core.workspace import Workspace

_labels: set[tuple[str, int]] = set()  # (workspace root, label id) of those that are there; none is ever taken away


def answer(token: Token, message: Wish) -> dict:
    """Take a message's decisions, all or none stored, and return what became of them.

    Returns:
        `acks`, one for each decision in their order: client, seq, state (stored, second, repeated, refused), `told` in
        words, decision (its number), label, settled (how many fewer wait by it), for an undo the `card` that comes
        back, `contradicts`: what of the image can't all be true now, in words, mostly empty; `items`, the next cards,
        leased to the reviewer; `left`, how many wait; `last`, what an undo would take back; `since`, milliseconds since
        the decisions were committed, None without any.

    Raises:
        GapwiseError: If the order is not there.
        Unavailable: If the workspace is not there, or its database can't be used. What was stored all the same is
            found to be there when it is sent again.
    """
    try:
        return _answer(open_workspace(token.workspace), token.reviewer, message)
    except GapwiseError as error:
        if isinstance(error.__cause__, DatabaseError):
            raise Unavailable(str(error)) from error
        raise


def _answer(workspace: Workspace, reviewer: str, message: Wish) -> dict:
    place = (str(workspace.root), message.label)
    _see(workspace, place)
    sent: Sequence[Decision] = getattr(message, "decisions", ())
    acks = take_all(workspace, reviewer, sent) if sent else []
    committed = time.perf_counter()
    leases.release(*place, reviewer, [d.cell.image for d in sent if d.cell and d.action != "note"])
    leases.release(*place, reviewer, message.free, message.tab)
    leases.hold(*place, reviewer, message.held, message.tab)
    for ack in acks:
        counting.left.carry_on((place[0], ack["label"]), ack["settled"])
    items = _next(workspace, place, reviewer, message) if message.want else []
    with workspace.read() as connection:
        exact = len(items) < message.want and message.grid is None
        count = partial(queue.pending_count, connection, message.label, order=message.order)
        # Cells that were picked are few, and nothing else is known of how many.
        left = count() if message.order in ranks.PICKED else counting.left.get(place, count, exact)
        undoable = last(connection, reviewer)
    since = 1000 * (time.perf_counter() - committed) if sent else None
    return {"acks": acks, "items": items, "left": left, "last": undoable, "since": since}


def _see(workspace: Workspace, place: tuple[str, int]) -> None:
    """Look once whether there is such a label: leases and counts are kept for every one that is asked for."""
    if place in _labels:
        return
    with workspace.read() as connection:
        if place[1] not in read_labels(connection):
            raise GapwiseError(f"There is no label with the number {place[1]}; load the page again.")
    _labels.add(place)


def _next(workspace: Workspace, place: tuple[str, int], reviewer: str, message: Wish) -> list[dict]:
    with leases.lock:  # nobody else looks for items between the look and the lease
        # First the leases, then the database: a lease ends after its decision is stored, so what is free here is
        # settled there. The other way round an item that was decided in between was handed out once more.
        taken = leases.of_others(*place, reviewer)
        with workspace.read() as connection:
            items = next_cards(connection, message, taken)
        leases.hold(*place, reviewer, [item["image"] for item in items], message.tab)
    return items
