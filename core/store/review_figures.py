"""What a review has come to: cells by source, how often people agree with proposals, who decided how much."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, case, exists, func, select
from sqlalchemy.orm import aliased

from core.labels.label import MISSING
from core.labels.share import wilson
from core.store import profiles, ranks, schema
from core.store.proposals import latest_run
from core.store.review_schema import blind

_D, _P = schema.decision.c, schema.proposal.c
_UNDONE = aliased(schema.decision)
_NEWEST = select(func.max(_D.id))
_A = schema.audit.c
_CHECK = exists().where(_A.label_id == _D.label_id, _A.image_id == _D.image_id, _A.after < _D.id)


@dataclass(frozen=True)
class Share:
    """How many of some answers are what was proposed, with Wilson's 95% interval."""

    hits: int
    of: int

    def told(self) -> dict:
        low, high = wilson(self.hits, self.of)
        return {"hits": self.hits, "of": self.of, "low": low, "high": high}


@dataclass(frozen=True)
class Figures:
    """One label's review.

    Attributes:
        sources: How many cells have a value by source, and under `open` how many have none.
        seen: Answers that are the class which the newest run proposed, where people saw the proposal.
        blind: Likewise where it was hidden. Checks are in neither: chosen otherwise, they can't be held against these.
        people: Reviewer to the number of answers that stand, most first.
    """

    sources: dict[str, int]
    seen: Share
    blind: Share
    people: dict[str, int]


def newest(connection: Connection) -> int:
    """Return the number of the newest decision, 0 without any."""
    return connection.execute(_NEWEST).scalar() or 0


def figures(connection: Connection, label_id: int) -> Figures:
    """Return a label's figures; with a hundred thousand decisions some tenths of a second."""
    agreed = case((_D.value == _P.value, 1), else_=0)
    hidden = case((blind.c.decision_id.is_not(None), 1), else_=0)
    query = (
        select(hidden, func.sum(agreed), func.count())
        .join(schema.proposal, _P.id == _D.proposal_id)
        .outerjoin(blind, blind.c.decision_id == _D.id)
        .outerjoin(_UNDONE, _UNDONE.c.undoes == _D.id)
        .where(_D.label_id == label_id, _D.value.is_not(None), _UNDONE.c.id.is_(None))
        .where(_P.run_id == (latest_run(connection, label_id) or 0), ~_CHECK)
        .group_by(hidden)
    )
    shares = {bool(row[0]): Share(row[1], row[2]) for row in connection.execute(query)}
    none = Share(0, 0)
    return Figures(
        _sources(connection, label_id),
        shares.get(False, none),
        shares.get(True, none),
        _people(connection, label_id),
    )


def _sources(connection: Connection, label_id: int) -> dict[str, int]:
    found = profiles.read(connection)
    column = found.sources[:, found.label_ids.index(label_id)]
    names = {**dict(enumerate(profiles.SOURCES)), MISSING: "open"}
    return {name: int(found.images[column == code].sum()) for code, name in names.items()}


def _people(connection: Connection, label_id: int) -> dict[str, int]:
    number = func.count()
    query = (
        select(_D.reviewer, number)
        .outerjoin(_UNDONE, _UNDONE.c.undoes == _D.id)
        .where(_D.label_id == label_id, _D.value.is_not(None), _UNDONE.c.id.is_(None))
        .group_by(_D.reviewer)
        .order_by(number.desc(), _D.reviewer)
    )
    return dict(connection.execute(query).all())


def settled(connection: Connection, label_id: int, image_ids: list[int], order: str = "") -> list[int]:
    """Return which of some images, at most a few hundred, an order of the queue asks about no more.

    That is those whose cell has a value by now; in orders of picked cells, another one than it asks about.
    """
    c = schema.cell.c
    query = select(c.image_id).where(c.label_id == label_id, c.image_id.in_(image_ids), c.value.is_not(None))
    return list(connection.execute(query.where(~ranks.asks(order)) if order in ranks.PICKED else query).scalars())
