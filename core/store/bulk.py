"""Many cells of a label at once: filled with a run's predictions, or taken back, with what rules draw from them.

Images that are alike are treated alike: cells change by statements over sets, so memory does not grow with their
number. The log entry behind it all is the business of `core.store.decisions` and `core.store.acceptances`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    Select,
    Table,
    Update,
    insert,
    literal,
    select,
    update,
)

from core.labels.label import MISSING
from core.store import alike, beliefs, profiles, ranks, schema
from core.store.alike import Group
from core.store.proposals import own_confidence, own_value
from core.store.waiting import mark

_T = alike.touched.c

# A rule for each profile: tables with many labels have thousands, too many for a list in a statement.
_rules = Table(
    "bulk_rule",
    MetaData(),
    Column("profile_id", Integer, primary_key=True),
    Column("value", Integer, primary_key=True),
    Column("confidence", Float, nullable=False),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True)
class Rule:
    """Which predictions are accepted: of some images, of one class, from some confidence of the run's own on.

    Attributes:
        profile_ids: What the images have in common.
    """

    profile_ids: Sequence[int]
    value: int
    confidence: float


@contextmanager
def waiting(connection: Connection, label_id: int, run_id: int, rules: Sequence[Rule]) -> Iterator[Select]:
    """Give a query for the proposals that meet one of some rules: image_id, proposal_id, value, profile_id.

    Only those where the run by itself and what is proposed, which is the rules' word too, are of one mind.

    Args:
        connection: Also a reading one; the query can be used as long as the context lasts.
        rules: None twice for the same profile and class.
    """
    p, i, r = schema.proposal.c, schema.image.c, _rules.c
    _rules.create(connection)
    rows = [{"profile_id": one, "value": rule.value, "confidence": rule.confidence}
            for rule in rules for one in rule.profile_ids]  # fmt: skip
    if rows:
        connection.execute(insert(_rules), rows)
    yield (
        select(p.image_id, p.id.label("proposal_id"), p.value, i.profile_id)
        .join(schema.image, i.id == p.image_id)
        .join(_rules, (r.profile_id == i.profile_id) & (r.value == p.value) & (own_confidence >= r.confidence))
        .where(own_value == p.value, p.label_id == label_id, p.run_id == run_id, p.settled == 0, p.heldout == 0)
    )
    _rules.drop(connection)  # after an error, with the transaction


def fill(
    connection: Connection, label_id: int, run_id: int, rules: Sequence[Rule], decision_id: int
) -> dict[str, object]:
    """Accept the predictions that meet one of some rules, where the cell has no value and no rule is broken by it.

    Args:
        rules: As `waiting` takes them.
        decision_id: The entry of the log that all cells name.

    Returns:
        {"cells": how many were filled, "written": {label id: how many cells the rules wrote}, "withdrawn": likewise}.
    """
    if not rules:
        return {"cells": 0, "written": {}, "withdrawn": {}}
    with waiting(connection, label_id, run_id, rules) as query, alike.touching(connection, query):
        groups = alike.groups(connection, label_id)
        for group in groups:
            if group.conflict:
                alike.drop(connection, group)
        groups = [group for group in groups if not group.conflict]
        c = schema.cell.c
        of = lambda column: select(column).where(_T.image_id == c.image_id).scalar_subquery()  # noqa: E731
        new = {"value": of(_T.value), "proposal_id": of(_T.proposal_id), "source": "pseudo", "decision_id": decision_id}
        connection.execute(_cells_of(label_id, select(_T.image_id)).values(new))
        return _finish(connection, label_id, groups, decision_id, settled=True)


def empty(
    connection: Connection, label_id: int, decision_id: int, by: int, below: float | None = None
) -> dict[str, object]:
    """Take back what an entry of the log filled and still stands, with all that hangs on it.

    Cells that a person decided since stay as they are.

    Args:
        by: The entry of the log that takes it back; noted in cells that the rules fill anew.
        below: Only predictions of which the run by itself was less sure than that; all when None.

    Returns:
        As `fill`, `cells` being how many were taken back.
    """
    c, i, p = schema.cell.c, schema.image.c, schema.proposal.c
    theirs = (c.label_id == label_id, c.source == "pseudo", c.decision_id == decision_id)
    query = select(c.image_id, c.proposal_id, literal(MISSING), i.profile_id).join(schema.image, i.id == c.image_id)
    if below is not None:
        query = query.join(schema.proposal, p.id == c.proposal_id).where(own_confidence < below)
    with alike.touching(connection, query.where(*theirs)):
        groups = alike.groups(connection, label_id)
        new = {"value": None, "source": None, "decision_id": None, "proposal_id": None}
        connection.execute(_cells_of(label_id, select(_T.image_id)).values(new))
        return _finish(connection, label_id, groups, by, settled=False)


def _cells_of(label_id: int, images: Select) -> Update:
    return update(schema.cell).where(schema.cell.c.label_id == label_id, schema.cell.c.image_id.in_(images))


def _finish(
    connection: Connection, label_id: int, groups: Sequence[Group], by: int, settled: bool
) -> dict[str, object]:
    """Write what follows for each group, and bring up to date what is drawn from cells."""
    mark(connection, label_id, select(_T.image_id), settled)
    written: dict[int, int] = {}
    withdrawn: dict[int, int] = {}
    for group in groups:
        for one, (code, asked) in group.written.items():
            new = {"value": code, "source": "derived", "decision_id": None if asked else by, "proposal_id": None}
            connection.execute(_cells_of(one, group.ids).values(new))
            mark(connection, one, group.ids, True)
            written[one] = written.get(one, 0) + group.images
        for one in group.withdrawn:
            new = {"value": None, "source": None, "decision_id": None, "proposal_id": None}
            connection.execute(_cells_of(one, group.ids).values(new))
            mark(connection, one, group.ids, False)
            withdrawn[one] = withdrawn.get(one, 0) + group.images
    profiles.regroup(connection, [(group.ids, group.cells) for group in groups])
    ranks.refresh_many(connection, select(_T.image_id))
    beliefs.refresh_many(connection, select(_T.image_id), label_id)
    return {"cells": sum(group.images for group in groups), "written": written, "withdrawn": withdrawn}
