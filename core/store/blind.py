"""Blind review: for a share of the items the proposal is hidden, so that it can't lead the answer."""

from __future__ import annotations

from sqlalchemy import Connection, select

from core.errors import GapwiseError
from core.store import schema
from core.store.review_schema import blind
from core.store.upsert import upsert

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
    return (proposal_id * 2654435761 % 2**32) * 100 < share * 2**32


def note(connection: Connection, decision_id: int) -> None:
    """Remember that a decision was made without seeing the proposal."""
    upsert(connection, blind, {"decision_id": decision_id}, ("decision_id",), update=())
