"""Workspaces of older versions, brought up to date in one transaction."""

from __future__ import annotations

from sqlalchemy import Connection, inspect

from core.store import map_schema, profiles, review_schema, schema, waiting
from core.store.upsert import upsert


def upgrade(connection: Connection, version: int) -> None:
    """Bring the tables from a version, at least `schema.OLDEST`, to the present one.

    Version 2 has profiles, which are made from the cells: some seconds for each million of them. Version 3 has a table
    for what is read off the pictures, empty at first. Version 4 has the queue's indexes, some seconds for each million
    proposals. Version 6 has the tables for bulk acceptances and their audits, the review's own (`review_schema`), and
    room for orders of the queue and for joint probabilities, all empty at first: `python -m core rank` makes the
    latter. Version 7 has a table for activation maps. Whoever opens the workspace in the same moment finds it done.
    """
    if version < 2 and "profile_id" not in {c["name"] for c in inspect(connection).get_columns("image")}:
        schema.profile.create(connection, checkfirst=True)
        connection.exec_driver_sql("ALTER TABLE image ADD COLUMN profile_id INTEGER REFERENCES profile (id)")
        schema.image_profile.create(connection, checkfirst=True)
        profiles.rebuild(connection)
    schema.image_fact.create(connection, checkfirst=True)
    if version < 4 and "put_off" not in {c["name"] for c in inspect(connection).get_columns("proposal")}:
        for name, kind in (("settled", "SMALLINT"), ("put_off", "INTEGER")):
            connection.exec_driver_sql(f"ALTER TABLE proposal ADD COLUMN {name} {kind} DEFAULT 0 NOT NULL")
        waiting.rebuild(connection)
        for index in schema.queue_indexes:
            index.create(connection, checkfirst=True)
    # Several lines of work were called version 5, each with some of these.
    for table in (schema.acceptance, schema.audit, schema.rank, *review_schema.TABLES, map_schema.activation_map):
        table.create(connection, checkfirst=True)
    there = {c["name"] for c in inspect(connection).get_columns("proposal")}
    double, binary = ("DOUBLE PRECISION", "BYTEA") if _postgres(connection) else ("FLOAT", "BLOB")
    new = {"joint": "JSON", "own_value": "SMALLINT", "own_confidence": double, "embedding": binary}
    for name, kind in new.items():
        if name not in there:
            connection.exec_driver_sql(f"ALTER TABLE proposal ADD COLUMN {name} {kind}")
    for index in (schema.decision_second, *review_schema.INDEXES):
        index.create(connection, checkfirst=True)
    upsert(connection, schema.meta, {"key": "version", "value": schema.VERSION}, ("key",))


def _postgres(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"
