"""Images that somebody sent to review, known or not: the queue's order `sent`, which keeps the reason of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, String, bindparam, case, cast, delete, func, insert, literal, select, update

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
        already: How many had been sent before and wait still.
        left_out: How many can't be queued.
        why: That in a sentence, "" where none is left out.
        joined: Of those that waited already, how many have this reason beside their earlier one.
        replaced: Of those, how many had another run's reason, and have this one with the proposal that it is about.
    """

    sent: int
    already: int
    left_out: int
    why: str
    joined: int = 0
    replaced: int = 0

    @property
    def told(self) -> str:
        """What became of them, in one to three sentences."""
        parts_of = [f"{self.sent:,} image{'' if self.sent == 1 else 's'} sent to review."] if self.sent else []
        if self.already:
            parts_of.append(f"{self.already:,} waited there already: {self._reasons()}.")
        if self.left_out:
            parts_of.append(f"{self.left_out:,} left out: {self.why}")
        return " ".join(parts_of) or "Nothing was sent."

    def _reasons(self) -> str:
        kept = self.already - self.joined - self.replaced
        told = (
            (kept, "kept the reason that was there"),
            (self.joined, "got this reason beside the earlier one"),
            (self.replaced, "had been sent with another run, and got this one's proposal and reason instead"),
        )
        return ", ".join(f"{count:,} {what}" for count, what in told if count)


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

    What waits already keeps its place. Sent by the same run once more it has both reasons, where both fit; sent by
    another run it has that one's reason and proposal. A reason beside another run's proposal names its own run.

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
    rows = {i: _row(*proposed[i], run_id, told[i]) for i in fit}
    before = _waiting(connection, label_id, fit)
    joined, replaced = _send_again(connection, rows, before)
    last = connection.execute(select(func.max(_R.place)).where(*_mine(label_id))).scalar() or 0.0
    new = [i for i in fit if i not in before]
    common = {"label_id": label_id, "kind": ranks.SENT}
    added = [{**common, **rows[i], "image_id": i, "place": last + n} for n, i in enumerate(new, start=1)]
    for part in parts(added, 5_000):
        connection.execute(insert(schema.rank), part)
    left_out = len(wanted) - len(fit)
    why = _why(len(decided), left_out - len(decided) - beyond, beyond)
    return Sent(len(new), len(before), left_out, why, joined, replaced)


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
    values = {"run_id": run_id, "proposal_id": newer.scalar_subquery(), "reason": _MARKED}
    connection.execute(update(schema.rank).where(*here).values(**values))


def hand_over(connection: Connection, run_ids: Sequence[int]) -> None:
    """Let other runs' newest proposals take the place of those of runs that are about to go, where there are any."""
    other = _P.label_id == _R.label_id, _P.image_id == _R.image_id, _P.run_id.not_in(run_ids)
    newest = select(func.max(_P.run_id)).where(*other).correlate(schema.rank).scalar_subquery()
    about = select(_P.id).where(*other, _P.run_id == newest).correlate(schema.rank).scalar_subquery()
    here = _R.kind == ranks.SENT, _R.run_id.in_(run_ids), newest.is_not(None)
    connection.execute(update(schema.rank).where(*here).values(run_id=newest, proposal_id=about, reason=_MARKED))


_MARK = "Sent with run "
# A reason that stays while another run's proposal comes beside it says whose it is.
_MARKED = case(
    (_R.reason.startswith(_MARK), _R.reason),
    else_=func.substr(literal(_MARK) + cast(_R.run_id, String) + ": " + _R.reason, 1, LONGEST),
)


def _mark(reason: str) -> str:
    """Return the words before a reason that say that it is another run's than the proposal beside it, or ""."""
    found = re.match(rf"{_MARK}\d+: ", reason)
    return found[0] if found else ""


def _row(proposal_run: int, proposal_id: int, put_off: int, run_id: int, reason: str) -> dict[str, object]:
    reason = reason if proposal_run == run_id else f"{_MARK}{run_id}: {reason}"[:LONGEST]
    return {"run_id": proposal_run, "proposal_id": proposal_id, "waits": 2 if put_off else 1, "reason": reason}


def _send_again(
    connection: Connection, rows: Mapping[int, dict[str, object]], before: Mapping[int, Row]
) -> tuple[int, int]:
    """Bring rows that are there up to date; return how many have both reasons now, and how many another run's."""
    joined = replaced = 0
    values = []
    for i, old in before.items():
        row, was = rows[i], old.reason or ""
        mark = _mark(row["reason"])
        if old.run_id != row["run_id"] or _mark(was) != mark:
            replaced += 1
        else:
            both = f"{was}; {row['reason'].removeprefix(mark)}"
            fresh = row["reason"].removeprefix(mark) not in was and len(both) <= LONGEST
            joined += fresh
            row = {**row, "reason": both if fresh else was}
        values.append({"at": old.id, **{f"new_{name}": value for name, value in row.items()}})
    if values:
        names = ("run_id", "proposal_id", "waits", "reason")
        statement = update(schema.rank).where(_R.id == bindparam("at"))
        connection.execute(statement.values({name: bindparam(f"new_{name}") for name in names}), values)
    return joined, replaced


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


def _waiting(connection: Connection, label_id: int, image_ids: Sequence[int]) -> dict[int, Row]:
    """Return image id to id, run_id and reason of each that is there."""
    query = select(_R.image_id, _R.id, _R.run_id, _R.reason).where(*_mine(label_id))
    some = (connection.execute(query.where(_R.image_id.in_(part))) for part in parts(image_ids))
    return {row.image_id: row for found in some for row in found}


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
