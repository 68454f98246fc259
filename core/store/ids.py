"""Numbers of rows that people may delete: none is ever given to another row.

SQLite gives the highest number away again once its row is gone. A click on an old page, a sweep's plan or a proposal
that is still on somebody's screen would then mean another job, run or prediction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Table, func, select

from core.store import schema
from core.store.upsert import upsert


def numbered(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]
) -> Sequence[Mapping[str, object]]:
    """Return new rows with ids of their own where the database would give old ones away again; else as they are.

    Args:
        connection: A writing one, so that nobody else takes the same numbers.
    """
    retired = _retired(connection, table)
    if retired <= _highest(connection, table):
        return rows
    return [{"id": retired + n, **row} for n, row in enumerate(rows, start=1)]


def retire(connection: Connection, table: Table) -> None:
    """Remember the highest number; call it before rows are deleted, in the same transaction."""
    if connection.dialect.name == "sqlite":  # others never count backwards
        highest = max(_highest(connection, table), _retired(connection, table))
        upsert(connection, schema.meta, {"key": _key(table), "value": highest}, ("key",))


def _highest(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.max(table.c.id))).scalar() or 0


def _retired(connection: Connection, table: Table) -> int:
    return connection.execute(select(schema.meta.c.value).where(schema.meta.c.key == _key(table))).scalar() or 0


def _key(table: Table) -> str:
    return f"retired_{table.name}"
