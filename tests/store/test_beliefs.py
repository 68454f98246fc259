"""What is proposed goes with rules and known cells, and stored orders with what waits, whatever happened."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress

import numpy as np
import pytest
from sqlalchemy import inspect, select

from core.errors import GapwiseError
from core.store import acceptances, beliefs, bulk, cells, decisions, profiles, queue, ranks, schema
from core.store.labels import label_id
from core.store.rules import change_rules
from core.workspace import DATABASE, Workspace
from tests.conftest import BINARY, FIVE_K, at, propose
from tests.store.actions import Anybody
from tests.store.lines import NAMES, RULES, in_line, newest, rank_all, ranked_right

IMAGES = 24


@pytest.mark.parametrize("seed", range(6))
def test_nothing_impossible_is_proposed_after_anything(build, seed):
    rng = np.random.default_rng(seed)
    texts = ["", "", "0", "1"]
    columns = {name: [texts[i] for i in rng.integers(0, 4, IMAGES)] for name in NAMES}
    ws, rules = build(columns, dict.fromkeys(columns, BINARY), [FIVE_K]), [FIVE_K]

    anybody = Anybody(ws, rng, IMAGES)
    runs: dict[str, int] = {}
    done: set[str] = set()

    def predict(_: int) -> None:
        name = str(rng.choice(NAMES))
        run = propose(ws, name, {f"{i}.png": [p, 1 - p] for i, p in enumerate(rng.random(IMAGES).round(3).tolist())})
        runs[name] = run
        rank_all(ws, name, run)

    def accept(_: int) -> None:
        with ws.write() as connection:
            cells.accept(connection, int(rng.integers(1, 4)), {int(i): 1 for i in rng.integers(1, IMAGES + 1, 3)})

    def bulk_accept(n: int) -> None:
        name = str(rng.choice(list(runs)))
        with suppress(GapwiseError), ws.write() as connection:
            everywhere = profiles.read(connection).ids.tolist()
            chosen = [bulk.Rule(everywhere, value, float(rng.choice([0.5, 0.7, 0.9]))) for value in (0, 1)]
            promise = acceptances.Promise(label_id(connection, name), runs[name], 0.9, 0.95, chosen, [], 0.0)
            acceptances.accept(connection, client_id=f"b{n}", reviewer="r", promise=promise)
            done.add("bulk")

    def withdraw(n: int) -> None:
        with suppress(GapwiseError), ws.write() as connection:
            standing = [row.id for row in acceptances.listed(connection) if row.withdrawn is None]
            below = None if rng.random() < 0.3 else float(rng.choice([0.8, 0.95]))
            one = int(rng.choice(standing)) if standing else 0
            acceptances.withdraw(connection, client_id=f"w{n}", reviewer="q", acceptance_id=one, below=below)
            done.add("withdraw")

    def other_rules(_: int) -> None:
        rules[:] = [str(t) for t in rng.choice(list(RULES), rng.integers(0, 2), replace=False)]
        with ws.write() as connection:
            change_rules(connection, rules)

    looked = 0
    steps = [
        predict,
        anybody.decide,
        anybody.decide,
        anybody.undo,
        anybody.undo,
        anybody.derive,
        accept,
        bulk_accept,
        bulk_accept,
        withdraw,
        withdraw,
        other_rules,
    ]
    for n in range(60):
        (predict if n < 3 else rng.choice(steps))(n)
        looked += in_line(ws, rules)
        ranked_right(ws)
    assert looked > 200
    assert "bulk" in done  # undone, too, and withdrawn in most seeds


def test_a_decision_about_one_cell_changes_what_is_proposed_for_another(build):
    ws = build({name: [""] for name in NAMES}, dict.fromkeys(NAMES, BINARY), ["5k implies mask"])
    propose(ws, "mask", {"0.png": [0.9, 0.1]})
    propose(ws, "5k", {"0.png": [0.2, 0.8]})
    before = {row.label_id: row for row in newest(ws).values()}
    assert {row.value for row in before.values()} == {0}  # 0.18 for none, 0.08 for both, 0.02 for mask alone
    assert before[3].probs == [0.2, 0.8]
    assert before[3].joint[1] == pytest.approx(0.08 / 0.28, abs=1e-5)
    with ws.write() as connection:
        decisions.decide(connection, client_id="a", reviewer="r", action="choose", value=1, **at(ws, "0.png", "mask"))
    assert newest(ws)[1, 3].value == 1
    assert newest(ws)[1, 3].joint is None
    with ws.write() as connection:
        decisions.undo(connection, client_id="b", reviewer="r")
    assert {row.value for row in newest(ws).values()} == {0}


def test_accepting_stores_what_was_on_screen(build):
    """What is proposed may change between the picture and the key, when somebody else decides another of its cells."""
    ws = build({name: [""] for name in NAMES}, dict.fromkeys(NAMES, BINARY), ["5k implies mask"])
    propose(ws, "mask", {"0.png": [0.9, 0.1]})
    propose(ws, "5k", {"0.png": [0.2, 0.8]})
    where = at(ws, "0.png", "5k")
    shown = newest(ws)[1, where["label_id"]]
    with ws.write() as connection:
        decisions.decide(connection, client_id="a", reviewer="q", action="choose", value=1, **at(ws, "0.png", "mask"))
        one = decisions.decide(
            connection, client_id="b", reviewer="r", action="accept", proposal_id=shown.id, value=shown.value, **where
        )
    assert one.value == 0
    with ws.write() as connection, pytest.raises(GapwiseError, match="not with `skip`"):
        decisions.decide(connection, client_id="c", reviewer="r", action="skip", value=1, **where)


def test_held_out_predictions_stay_the_runs_own(build):
    ws = build(
        {"mask": ["0"], "distancing": [""], "5k": ["1"]}, dict.fromkeys(NAMES, BINARY), ["5k implies distancing"]
    )
    propose(ws, "mask", {"0.png": [0.3, 0.7]}, heldout=True)
    with ws.read() as connection:
        row = connection.execute(select(schema.proposal)).one()
    assert (row.value, row.confidence, row.joint) == (1, 0.7, None)


def test_a_workspace_of_version_4_gets_all_of_version_5_when_it_is_opened(five_k):
    run = propose(five_k, "mask", {f"{i}.png": [0.4, 0.6] for i in range(6)})
    five_k.engine.dispose()
    with closing(sqlite3.connect(five_k.root / DATABASE, isolation_level=None)) as database:
        for table in ("rank", "audit", "acceptance"):
            database.execute(f"DROP TABLE {table}")
        database.execute("DROP INDEX decision_second")
        for column in ("joint", "own_value", "own_confidence", "embedding"):
            database.execute(f"ALTER TABLE proposal DROP COLUMN {column}")
    five_k.set_setting("version", 4)
    opened = Workspace.open(five_k.root)
    assert opened.setting("version") == schema.VERSION
    with opened.read() as connection:
        there = inspect(connection)
        for table in schema.metadata.sorted_tables:
            assert {c["name"] for c in there.get_columns(table.name)} == set(table.c.keys())
            assert {i["name"] for i in there.get_indexes(table.name)} == {i.name for i in table.indexes}
    with opened.write() as connection:
        beliefs.refresh_all(connection)
        assert queue.pending(connection, label_id(connection, "mask"), "leverage")
        assert connection.execute(select(schema.rank)).all() == []
        chosen = [bulk.Rule(profiles.read(connection).ids.tolist(), 1, 0.5)]
        promise = acceptances.Promise(label_id(connection, "mask"), run, 0.5, 0.95, chosen, [], 0.0)
        assert acceptances.accept(connection, client_id="a", reviewer="r", promise=promise).cells


@pytest.mark.parametrize("kind", ["leverage", ranks.ERRORS])
def test_a_stored_order_is_read_off_its_index(five_k, kind):
    run = propose(five_k, "mask", {f"{i}.png": [0.4, 0.6] for i in range(6)})
    with five_k.write() as connection:
        mask = label_id(connection, "mask")
        p = schema.proposal.c
        rows = connection.execute(select(p.id, p.image_id)).all()
        places = [{"image_id": i, "proposal_id": n, "place": -float(n), "reason": f"{n}."} for n, i in rows]
        ranks.replace(connection, mask, run, kind, places)
        found = queue.pending(connection, mask, kind, 3)
        r = schema.rank.c
        query = queue._rows(r.label_id == mask, r.run_id == run, r.kind == kind, r.waits == 1)
        query = query.join(schema.rank, r.proposal_id == p.id).order_by(r.place, r.id)
        text = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        plan = " ".join(step[3] for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all())
    assert "rank_queue" in plan
    assert "B-TREE" not in plan
    # Rows with a gap, or with a given value: the highest numbers have the smallest places.
    assert [row.image_id for row in found] == ([5, 3] if kind == "leverage" else [6, 4, 2])
    assert found[0].reason == f"{found[0].proposal_id}."


def test_what_is_not_ranked_comes_after_what_is(five_k):
    run = propose(five_k, "mask", {"2.png": [0.1, 0.9], "4.png": [0.45, 0.55]})
    with five_k.write() as connection:
        mask = label_id(connection, "mask")
        row = connection.execute(select(schema.proposal).where(schema.proposal.c.confidence > 0.8)).one()
        one = {"image_id": row.image_id, "proposal_id": row.id, "place": 0.0, "reason": None}
        ranks.replace(connection, mask, run, "leverage", [one])
        assert [r.fname for r in queue.pending(connection, mask, "leverage")] == ["2.png", "4.png"]
        assert [r.fname for r in queue.pending(connection, mask, "leverage", without=[row.image_id])] == ["4.png"]
        assert [r.fname for r in queue.pending(connection, mask, "uncertain")] == ["4.png", "2.png"]


def test_the_whole_tables_queue_holds_labels_against_each_other(five_k):
    propose(five_k, "mask", {"2.png": [0.1, 0.9], "4.png": [0.45, 0.55]})
    propose(five_k, "distancing", {"3.png": [0.3, 0.7], "1.png": [0.5, 0.5]})
    with five_k.read() as connection:
        found = queue.pending_all(connection, "uncertain", 3)
    assert [r.fname for r in found] == ["1.png", "4.png", "3.png"]
