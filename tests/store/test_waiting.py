"""What the queue is read by agrees with cells and decisions, whatever happened."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from sqlalchemy import event, inspect, select

from core.store import cells, decisions, queue, ranks, review_schema, schema, sent
from core.store.labels import label_id, set_rules
from core.workspace import DATABASE, Workspace
from tests.conftest import BINARY, FIVE_K, propose
from tests.store.actions import Anybody

IMAGES = 30


def seen(ws) -> dict[int, tuple[int, int]]:
    p = schema.proposal.c
    with ws.read() as connection:
        return {i: (s, o) for i, s, o in connection.execute(select(p.id, p.settled, p.put_off))}


def true(ws) -> dict[int, tuple[int, int]]:
    """The same from cells and log, row by row."""
    with ws.read() as connection:
        values = {(c.image_id, c.label_id): c.value for c in connection.execute(select(schema.cell))}
        log = connection.execute(select(schema.decision).order_by(schema.decision.c.id)).all()
        proposals = connection.execute(select(schema.proposal)).all()
    undone = {d.undoes for d in log}
    off = {}
    for d in log:
        if d.action in ("skip", "flag", "reject") and d.id not in undone:
            off[d.image_id, d.label_id] = d.id
    return {
        p.id: (int(values[p.image_id, p.label_id] is not None), off.get((p.image_id, p.label_id), 0)) for p in proposals
    }


@pytest.mark.parametrize("seed", range(6))
def test_the_queue_knows_what_waits_after_anything(build, seed):
    rng = np.random.default_rng(seed)
    texts = ["", "0", "1"]
    columns = {name: [texts[i] for i in rng.integers(0, 3, IMAGES)] for name in ("mask", "distancing", "5k")}
    ws = build(columns, dict.fromkeys(columns, BINARY), [FIVE_K])
    anybody = Anybody(ws, rng, IMAGES)
    decide, undo, derive = anybody.decide, anybody.undo, anybody.derive

    def some() -> dict[str, list[float]]:
        return {f"{i}.png": [0.3, 0.7] for i in rng.choice(IMAGES, 12, replace=False)}

    def predict(_: int) -> None:
        propose(ws, str(rng.choice(list(columns))), some())

    def change_rules(_: int) -> None:
        with ws.write() as connection:
            set_rules(connection, [[FIVE_K], [], ["mask = distancing"]][rng.integers(0, 3)])
            cells.withdraw_stale(connection)

    def accept(_: int) -> None:
        with ws.write() as connection:
            cells.accept(connection, int(rng.integers(1, 4)), {int(i): 1 for i in rng.integers(1, IMAGES + 1, 4)})

    def fill(_: int) -> None:
        with ws.write() as connection:
            cells.fill_given(connection, [(int(rng.integers(1, IMAGES + 1)), int(rng.integers(1, 4)), 1)])

    predict(0)
    for n in range(60):
        rng.choice([decide, decide, decide, undo, undo, predict, derive, change_rules, accept, fill])(n)
        assert seen(ws) == true(ws)


def test_a_workspace_of_version_3_gets_its_queue_when_it_is_opened(five_k):
    propose(five_k, "mask", {f"{i}.png": [0.4, 0.6] for i in range(6)})
    with five_k.write() as connection:
        mask = label_id(connection, "mask")
        decisions.decide(connection, client_id="a", reviewer="r", action="skip", image_id=3, label_id=mask)
    before = seen(five_k)
    assert {s for s, _ in before.values()} == {0, 1}
    assert any(off for _, off in before.values())
    five_k.engine.dispose()
    with closing(sqlite3.connect(five_k.root / DATABASE, isolation_level=None)) as database:
        for index in (*schema.queue_indexes, review_schema.by_class):
            database.execute(f"DROP INDEX {index.name}")
        for column in ("settled", "put_off"):
            database.execute(f"ALTER TABLE proposal DROP COLUMN {column}")
    five_k.set_setting("version", 3)
    opened = Workspace.open(five_k.root)
    assert seen(opened) == before
    assert opened.setting("version") == schema.VERSION
    with opened.read() as connection:
        names = {i["name"] for i in inspect(connection).get_indexes("proposal")}
    assert {index.name for index in schema.queue_indexes} <= names


@pytest.mark.parametrize("order", [order for order in queue.ORDERS if order not in ranks.PICKED])
def test_the_next_items_are_read_off_an_index_and_never_sorted(five_k, order):
    """At a million images the sort of all that waits took six to fourteen seconds for each item."""
    propose(five_k, "mask", {f"{i}.png": [0.4, 0.6] for i in range(6)})
    asked = []
    event.listen(five_k.engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
    with five_k.read() as connection:
        mask = label_id(connection, "mask")
        queue.pending(connection, mask, order, without=[1])
        queue.pending_count(connection, mask)
        found = [(s, p) for s, p in asked if "settled" in s]
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", p).all() for s, p in found]
    assert len(plans) == 3
    for plan in plans:
        told = " ".join(step[3] for step in plan)
        assert "B-TREE" not in told
        assert "SCAN" not in told
        assert "settled=?" in told


def test_what_was_sent_is_found_by_an_index_and_only_that_is_sorted(five_k):
    run = propose(five_k, "mask", {f"{i}.png": [0.4, 0.6] for i in range(6)})
    with five_k.write() as connection:
        mask = label_id(connection, "mask")
        sent.send(connection, mask, run, [1, 2, 3], "why")
    asked = []
    event.listen(five_k.engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
    with five_k.read() as connection:
        assert len(queue.pending(connection, mask, "sent")) == 3
        assert queue.pending_count(connection, mask, order="sent") == 3
        found = [(s, p) for s, p in asked if "FROM rank" in s or "JOIN rank" in s]
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", p).all() for s, p in found]
    assert len(plans) == 3
    for plan in plans:
        told = " ".join(step[3] for step in plan)
        assert "rank_queue (label_id=? AND run_id=? AND kind=? AND waits" in told
        assert "SCAN proposal" not in told
        assert "SCAN rank" not in told
