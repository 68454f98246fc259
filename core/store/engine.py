"""Opening the database, safe against power loss and against several writers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError

from core.errors import GapwiseError
from core.store import map_schema, review_schema, schema

_WRITTEN_IN = (schema, review_schema, map_schema)  # only a table that was imported is made


def open_engine(url: str) -> Engine:
    """Return an engine; for SQLite with WAL, full fsync, foreign keys and explicit transactions."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _pragmas(dbapi, _record) -> None:
        # sqlite3 would open transactions by itself, and too late: a read that turns into a write
        # inside a deferred transaction fails at once with "database is locked".
        dbapi.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("gapwise_mode", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one consistent state and writes nothing.

    Raises:
        GapwiseError: If the database can't be used: locked for too long, disk full, not a database.
    """
    with _told(engine), engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the write lock from its first moment; all of it happens or none.

    Raises:
        GapwiseError: As `reading`.
    """
    with (
        _told(engine),
        engine.connect().execution_options(gapwise_mode="IMMEDIATE") as connection,
        connection.begin(),
    ):
        yield connection


def create_tables(engine: Engine) -> None:
    """Create what is missing; existing tables are left alone.

    Raises:
        GapwiseError: If the database can't be used.
    """
    with _told(engine):
        schema.metadata.create_all(engine)


@contextmanager
def _told(engine: Engine) -> Iterator[None]:
    """Turn the database's own troubles into something for people; mistakes of the program stay as they are."""
    try:
        yield
    except (IntegrityError, ProgrammingError):
        raise
    except DatabaseError as error:
        where = engine.url.database or engine.url.render_as_string()
        raise GapwiseError(
            f"The workspace's database {where} can't be used: {error.orig}."
            " Is it a workspace, is there space on the disk, and may you write there?"
        ) from error
