from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.store import schema
from core.store.engine import open_engine, reading, writing
from core.store.upsert import upsert
from core.workspace import Workspace


def pragma(connection, name):
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_sqlite_writes_ahead_and_syncs_fully(tmp_path):
    ws = Workspace.create(tmp_path)
    with ws.read() as connection:
        found = {
            name: pragma(connection, name) for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30000}


def half(ws):
    with ws.write() as connection:
        upsert(connection, schema.meta, {"key": "a", "value": 1}, ("key",))
        raise RuntimeError("half way")


def test_a_transaction_that_fails_leaves_nothing(tmp_path):
    ws = Workspace.create(tmp_path)
    with pytest.raises(RuntimeError, match="half way"):
        half(ws)
    assert ws.setting("a") is None


def test_a_reader_sees_one_state_while_another_writes(tmp_path):
    ws = Workspace.create(tmp_path)
    with ws.read() as connection:
        query = schema.meta.select()
        before = connection.execute(query).all()
        ws.set_setting("a", 1)
        assert connection.execute(query).all() == before
    assert ws.setting("a") == 1


def test_upsert_inserts_overwrites_or_keeps(tmp_path):
    ws = Workspace.create(tmp_path)
    with ws.write() as connection:
        upsert(connection, schema.meta, [], ("key",))
        upsert(connection, schema.meta, [{"key": "a", "value": 1}, {"key": "b", "value": 1}], ("key",))
        upsert(connection, schema.meta, {"key": "a", "value": 2}, ("key",))
        upsert(connection, schema.meta, {"key": "b", "value": 2}, ("key",), update=())
    assert (ws.setting("a"), ws.setting("b")) == (2, 1)


def test_a_file_that_is_no_database_is_told_in_a_sentence(tmp_path):
    (tmp_path / "x.sqlite").write_bytes(b"no database" * 100)
    engine = open_engine(f"sqlite:///{tmp_path / 'x.sqlite'}")
    for opened in (reading, writing):
        with pytest.raises(GapwiseError, match="can't be used: file is not a database"), opened(engine) as connection:
            connection.execute(schema.meta.select())


def test_a_locked_database_is_told_in_a_sentence(tmp_path):
    ws = Workspace.create(tmp_path)
    with ws.write(), ws.engine.connect() as other:
        other.exec_driver_sql("PRAGMA busy_timeout=1")
        other.close()
        with pytest.raises(GapwiseError, match="locked"), ws.write():
            pass
