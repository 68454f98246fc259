"""Images whose cells change at once, in groups that are alike: each group is deduced once.

They lie in a table for the time of one transaction, so memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Row,
    Select,
    String,
    Table,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from core.labels.deduce import FREE, deduce
from core.labels.label import MISSING
from core.labels.rules import RuleSet
from core.store import profiles, schema
from core.store.cells import rule_set, tied_to_decisions
from core.store.profiles import SOURCES, Profiles

_PSEUDO, _DERIVED = SOURCES.index("pseudo"), SOURCES.index("derived")

# The images whose cells change, for the time of one transaction.
touched = Table(
    "bulk_touched",
    MetaData(),
    Column("image_id", Integer, primary_key=True),
    Column("proposal_id", Integer),
    Column("value", Integer, nullable=False),  # the class it gets, -1 for none
    Column("profile_id", Integer, nullable=False),  # what the image had before
    Column("settled", String, nullable=False, default=""),  # its labels that a decision derived, ids with commas
    Index("bulk_touched_alike", "profile_id", "value", "settled"),
    prefixes=["TEMPORARY"],
)
_T = touched.c


@dataclass(frozen=True)
class Group:
    """Images that are alike, and what becomes of their cells.

    Attributes:
        which: Where in the table of touched images.
        cells: (L, 3) their new cells.
        written: Label id to (class code, whether `derive_all` had asked for it) of derived cells to write.
        withdrawn: Label ids of derived cells that follow no more.
    """

    images: int
    which: tuple
    cells: np.ndarray
    conflict: bool
    written: dict[int, tuple[int, bool]]
    withdrawn: list[int]

    @property
    def ids(self) -> Select:
        return select(_T.image_id).where(*self.which)


@contextmanager
def touching(connection: Connection, query: Select) -> Iterator[None]:
    """Hold the images of a query in the table of touched ones."""
    touched.create(connection)
    connection.execute(insert(touched).from_select(["image_id", "proposal_id", "value", "profile_id"], query))
    yield
    touched.drop(connection)  # after an error, with the transaction


def drop(connection: Connection, group: Group) -> None:
    """Leave a group's images as they are."""
    connection.execute(delete(touched).where(*group.which))


def groups(connection: Connection, label_id: int) -> list[Group]:
    """Return the groups of the touched images whose cell of a label gets the class that stands there."""
    found, rules = profiles.read(connection), rule_set(connection)
    tied, _ = rules.around(found.label_ids.index(label_id))
    _note_settled(connection, [found.label_ids[j] for j in tied])
    alike = (_T.profile_id, _T.value, _T.settled)
    rows = connection.execute(select(*alike, func.count().label("images")).group_by(*alike)).all()
    return [_group(row, found, rules, label_id) for row in rows]


def _note_settled(connection: Connection, label_ids: Sequence[int]) -> None:
    """Note which derived cells hang on decisions: those that `derive_all` wrote stay as long as they follow."""
    c = schema.cell.c
    there = (c.label_id.in_(label_ids), c.source == "derived", c.decision_id.is_not(None))
    if not label_ids or connection.execute(select(c.image_id).where(*there).limit(1)).first() is None:
        return
    for label_id in label_ids:
        theirs = select(c.image_id).where(c.label_id == label_id, *there[1:])
        # Label by label in one order, so that images that are alike get the same text.
        connection.execute(
            update(touched).where(_T.image_id.in_(theirs)).values(settled=_T.settled + literal(f"{label_id},"))
        )


def _group(row: Row, found: Profiles, rules: RuleSet, label_id: int) -> Group:
    at = int(np.searchsorted(found.ids, row.profile_id))
    values, sources = found.values[at].copy(), found.sources[at].copy()
    own = found.label_ids.index(label_id)
    values[own], sources[own] = row.value, MISSING if row.value == MISSING else _PSEUDO
    base = np.where(sources == _DERIVED, MISSING, values).astype(np.int16)
    result = deduce(base[None], rules)
    free, implied = result.state[0] == FREE, result.implied[0]
    tied, decided = rules.around(own)[0], tied_to_decisions(sources, rules)
    settled = {int(text) for text in row.settled.split(",") if text}
    written, withdrawn = {}, []
    for j in tied:
        derived, one = sources[j] == _DERIVED, found.label_ids[j]
        asked = bool(derived and one not in settled)
        target = bool(free[j] and (decided[j] or asked))
        if target and (not derived or values[j] != implied[j]):
            written[one] = (int(implied[j]), asked)
            values[j], sources[j] = implied[j], _DERIVED
        elif derived and not target:
            withdrawn.append(one)
            values[j] = sources[j] = MISSING
    which = (_T.profile_id == row.profile_id, _T.value == row.value, _T.settled == row.settled)
    packed = profiles.pack(found.given[at][None], values[None], sources[None])[0]
    return Group(row.images, which, packed, bool(result.conflict[0]), written, withdrawn)
