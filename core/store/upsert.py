"""Insert-or-update that SQLite and PostgreSQL both understand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: Connection,
    table: Table,
    rows: Mapping[str, object] | Sequence[Mapping[str, object]],
    keys: Sequence[str],
    update: Sequence[str] | None = None,
) -> None:
    """Insert rows; where one with the same keys is there, update it.

    Args:
        rows: One row or many, all with the same columns. None at all is fine.
        keys: The columns of a unique constraint.
        update: The columns to overwrite; all that are not keys when None, none when empty.
    """
    rows = [rows] if isinstance(rows, Mapping) else list(rows)
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    columns = [c for c in rows[0] if c not in keys] if update is None else list(update)
    if columns:
        statement = statement.on_conflict_do_update(
            index_elements=list(keys), set_={c: statement.excluded[c] for c in columns}
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(keys))
    connection.execute(statement, rows)
