"""Images that somebody sent to review, known or not: the queue's order `sent`, which keeps the reason of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from core.errors import GapwiseError
from core.store import ranks, schema
from core.store.profiles import parts

LONGEST = 500  # characters of a reason
_P, _C, _R = schema.proposal.c, schema.cell.c, schema.rank.c


@dataclass(frozen=True)
class Sent:
    """What became of images that were sent.

    Attributes:
        sent: How many wait now that did not before.
        already: How many had been sent before and wait still; they have the new reason.
        left_out: How many can't be queued.
        why: That in a sentence, "" where none is left out.
    """

    sent: int
    already: int
    left_out: int
    why: str


def send(
    connection: Connection,
    label_id: int,
    run_id: int,
    image_ids: Sequence[int],
    reason: str | Mapping[int, str],
) -> Sent:
    """Put images into the queue's order `sent`, after those that wait there, in the order given.

    A card shows a proposal, so an image needs one: the run's, else another run's newest one. Images that runs only
    learned from have none. What a person has decided is not asked again. At most `ranks.TOP` are taken at once.

    Args:
        reason: What the card says, for all or by image id; at most `LONGEST` characters of it are kept.

    Raises:
        GapwiseError: If there is no reason.
    """
    wanted = list(dict.fromkeys(int(i) for i in image_ids))
    told = {i: (reason if isinstance(reason, str) else reason.get(i, "")).strip()[:LONGEST] for i in wanted}
    if not all(told.values()):
        raise GapwiseError("Say why these images are sent to review: their cards show it.")
    proposed, decided = _proposals(connection, label_id, run_id, wanted), _decided(connection, label_id, wanted)
    fit = [i for i in wanted if i in proposed and i not in decided]
    beyond = max(0, len(fit) - ranks.TOP)
    fit = fit[: ranks.TOP]
    before = _waiting(connection, label_id, fit)
    if before:
        statement = update(schema.rank).where(_R.id == bindparam("at")).values(reason=bindparam("told"))
        connection.execute(statement, [{"at": at, "told": told[i]} for i, at in before.items()])
    last = connection.execute(select(func.max(_R.place)).where(*_mine(label_id))).scalar() or 0.0
    new = [i for i in fit if i not in before]
    common = {"label_id": label_id, "kind": ranks.SENT}
    rows = [
        {**common, "run_id": proposed[i][0], "image_id": i, "proposal_id": proposed[i][1], "place": last + n,
         "reason": told[i], "waits": 2 if proposed[i][2] else 1}
        for n, i in enumerate(new, start=1)
    ]  # fmt: skip
    for part in parts(rows, 5_000):
        connection.execute(insert(schema.rank), part)
    left_out = len(wanted) - len(fit)
    return Sent(len(new), len(before), left_out, _why(len(decided), left_out - len(decided) - beyond, beyond))


def take_back(connection: Connection, label_id: int, image_ids: Sequence[int] | None = None) -> int:
    """Take images out of the order `sent`, all that wait when None; return how many."""
    mine = delete(schema.rank).where(*_mine(label_id))
    if image_ids is None:
        waiting = connection.execute(select(func.count()).where(*_mine(label_id), _R.waits > 0)).scalar_one()
        connection.execute(mine)
        return waiting
    gone = 0
    for part in parts([int(i) for i in image_ids]):
        here = _R.image_id.in_(part)
        waiting = select(func.count()).where(*_mine(label_id), _R.waits > 0, here)
        gone += connection.execute(waiting).scalar_one()
        connection.execute(mine.where(here))
    return gone


def renew(connection: Connection, label_id: int, run_id: int) -> None:
    """Let a newer run's proposals take the place of those that images were sent with, where it has any."""
    newer = select(_P.id).where(_P.run_id == run_id, _P.label_id == label_id, _P.image_id == _R.image_id)
    newer = newer.correlate(schema.rank)
    here = (*_mine(label_id), _R.run_id != run_id, newer.exists())
    connection.execute(update(schema.rank).where(*here).values(run_id=run_id, proposal_id=newer.scalar_subquery()))


def hand_over(connection: Connection, run_ids: Sequence[int]) -> None:
    """Let other runs' newest proposals take the place of those of runs that are about to go, where there are any."""
    other = _P.label_id == _R.label_id, _P.image_id == _R.image_id, _P.run_id.not_in(run_ids)
    newest = select(func.max(_P.run_id)).where(*other).correlate(schema.rank).scalar_subquery()
    about = select(_P.id).where(*other, _P.run_id == newest).correlate(schema.rank).scalar_subquery()
    here = _R.kind == ranks.SENT, _R.run_id.in_(run_ids), newest.is_not(None)
    connection.execute(update(schema.rank).where(*here).values(run_id=newest, proposal_id=about))


def _mine(label_id: int) -> tuple:
    run = schema.run.c
    runs = select(run.id).where(run.label_id == label_id)
    return _R.label_id == label_id, _R.run_id.in_(runs), _R.kind == ranks.SENT


def _proposals(
    connection: Connection, label_id: int, run_id: int, image_ids: Sequence[int]
) -> dict[int, tuple[int, int, int]]:
    """Return image id to the run and number of the proposal that its card is to show, and when it was put off."""
    found: dict[int, tuple[int, int, int]] = {}
    for part in parts(image_ids):
        query = select(_P.image_id, _P.run_id, _P.id, _P.put_off).where(_P.label_id == label_id)
        query = query.where(_P.image_id.in_(part)).order_by(_P.run_id == run_id, _P.run_id)
        found |= {row[0]: tuple(row[1:]) for row in connection.execute(query)}
    return found


def _decided(connection: Connection, label_id: int, image_ids: Sequence[int]) -> set[int]:
    query = select(_C.image_id).where(_C.label_id == label_id, ~ranks.asks(ranks.SENT))
    return {i for part in parts(image_ids) for i in connection.execute(query.where(_C.image_id.in_(part))).scalars()}


def _waiting(connection: Connection, label_id: int, image_ids: Sequence[int]) -> dict[int, int]:
    """Return image id to the row of each that is there."""
    query, found = select(_R.image_id, _R.id).where(*_mine(label_id)), {}
    for part in parts(image_ids):
        found |= dict(connection.execute(query.where(_R.image_id.in_(part))).all())
    return found


def _why(decided: int, without: int, beyond: int) -> str:
    parts_of = []
    if without:
        one = "1 image has" if without == 1 else f"{without:,} images have"
        parts_of.append(f"{one} no proposal to decide about: runs learned from such images and never predicted them")
    if decided:
        one = "1 was" if decided == 1 else f"{decided:,} were"
        parts_of.append(f"{one} decided by a person already")
    if beyond:
        parts_of.append(f"{beyond:,} are beyond the {ranks.TOP:,} that are taken at once")
    return "; ".join(parts_of) + "." if parts_of else ""
