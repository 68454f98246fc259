"""Blind review: for a share of the items, and for all checks, the proposal is hidden: it can't lead the answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, literal, select

from core.errors import GapwiseError
from core.store import audits, schema
from core.store.review_schema import blind
from core.store.upsert import upsert

HIDDEN = "The proposal is hidden: what do you see?"
# Never what is checked: an answer, an acceptance, or the person.
CHECK = "A check, chosen by chance; the proposal is hidden: what do you see?"
_FACTOR, _ALL = 2654435761, 2**32
_SHARE = "review_blind_percent"  # key of the meta table
_PERCENT = select(schema.meta.c.value).where(schema.meta.c.key == _SHARE)


def percent(connection: Connection) -> int:
    """Return how many of a hundred items hide their proposal."""
    return connection.execute(_PERCENT).scalar() or 0


def set_percent(connection: Connection, value: int) -> None:
    """Store how many of a hundred items hide their proposal.

    Raises:
        GapwiseError: If it is not from 0 to 100.
    """
    if not 0 <= value <= 100:
        raise GapwiseError(f"The share of hidden proposals is 0 to 100 percent, not {value}.")
    upsert(connection, schema.meta, {"key": _SHARE, "value": value}, ("key",))


def hidden(proposal_id: int, share: int) -> bool:
    """Whether a proposal is hidden at a share of so many percent.

    It hangs on the proposal alone, so that a reload, an undo or another reviewer reveals nothing; a larger share hides
    the same ones and more. Knuth's multiplicative hash: neighbours in the queue are not hidden together.
    """
    return proposal_id * _FACTOR % _ALL * 100 < share * _ALL


def shown(share: int) -> ColumnElement[bool]:
    """Return the opposite of `hidden` for the proposals of a query."""
    return schema.proposal.c.id * literal(_FACTOR, BigInteger) % _ALL * 100 >= share * _ALL


def reasons(connection: Connection, rows: Sequence[Row], asked: Collection[int] | None = None) -> dict[int, str]:
    """Return which rows of the queue hide their proposal: image id to what is said in its place.

    Args:
        rows: All of one label.
        asked: Images whose cell is a check; looked up when None.
    """
    if not rows:
        return {}
    share = percent(connection)
    if asked is None:
        asked = audits.asked(connection, rows[0].label_id, [row.image_id for row in rows])
    found = {row.image_id: HIDDEN for row in rows if hidden(row.proposal_id, share)}
    return found | {row.image_id: CHECK for row in rows if row.image_id in asked}


def noted(connection: Connection, decision_id: int) -> bool:
    """Whether a decision was made without seeing the proposal."""
    return connection.execute(select(blind.c.decision_id).where(blind.c.decision_id == decision_id)).first() is not None


def note(connection: Connection, decision_id: int) -> None:
    """Remember that a decision was made without seeing the proposal."""
    upsert(connection, blind, {"decision_id": decision_id}, ("decision_id",), update=())
