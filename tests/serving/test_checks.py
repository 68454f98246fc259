"""Checks on the card: cells of audits, judged without seeing what is checked, and what they cost where none waits."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from core.serving import leases as leases_module
from core.serving import workspaces
from core.store import acceptances, audits, profiles, queue, review_schema
from core.store.bulk import Rule
from tests.conftest import BINARY, FIVE_K, cells_of, propose
from tests.serving.conftest import Tab
from tests.serving.test_review_more import grid, progress


@pytest.fixture(autouse=True)
def _no_leases(monkeypatch):
    monkeypatch.setattr(leases_module.leases, "_held", {})


@pytest.fixture
def accepted(tab, ws):
    """All ten cells of `mask` are accepted as 1, and wait for a person's check; the rules say that 5k is 1, too."""
    with ws.write() as connection:
        found = profiles.read(connection)
        rules = [Rule(found.ids.tolist(), 1, 0.0)]
        promise = acceptances.Promise(tab.label, 1, 0.5, 0.95, rules, [], 0.01)
        acceptances.accept(connection, client_id="bulk", reviewer="ann", promise=promise)
    return ws


def hidden(ws):
    with ws.read() as connection:
        return connection.execute(select(review_schema.blind.c.decision_id)).scalars().all()


def test_a_check_shows_neither_its_proposal_nor_what_the_rules_drew_from_it(tab, accepted):
    items = tab.items(4)["items"]
    assert len(items) == 4
    for item in items:
        assert item["blind"] is True
        assert (item["value"], item["confidence"], item["probs"], item["map"]) == (None, None, [], None)
        assert item["why"].startswith("A check, chosen by chance")
        assert [o["label"] for o in item["others"]] == ["distancing"]  # 5k is derived from what is checked
    assert tab.post(tab.decision(items[0], "accept", blind=True)).status_code == 422


def test_a_check_is_answered_by_a_class_stored_as_hidden_and_comes_back_hidden(tab, accepted):
    item = tab.items(1)["items"][0]
    (ack,) = tab.send(tab.decision(item, "choose", value=0, blind=True))["acks"]
    assert (ack["state"], ack["contradicts"]) == ("stored", "")
    assert hidden(accepted) == [ack["decision"]]
    assert cells_of(accepted)[item["fname"], "mask"] == (0, "human")
    with accepted.read() as connection:
        (row,) = acceptances.listed(connection)
        assert audits.tallies(connection, [row])[row.id].wrong + audits.tallies(connection, [row])[row.id].passed > 0
    assert item["image"] not in {i["image"] for i in tab.items(20)["items"]}
    (ack,) = tab.send(tab.undo(f"{tab.name}:{tab.seq}"))["acks"]
    assert (ack["card"]["image"], ack["card"]["blind"], ack["card"]["value"]) == (item["image"], True, None)


def test_a_waiting_cell_of_a_sample_is_hidden_wherever_it_comes_up(tab, ws):
    with ws.write() as connection:
        acceptances.ask_open(connection, tab.label, 1, 3)
    items = tab.items(10)["items"]
    checks = {i["image"] for i in items if i["blind"]}
    assert len(checks) == 3
    assert {i["image"] for i in grid(tab, 1)} == {i["image"] for i in items} - checks


def test_a_check_is_not_taken_for_decided_by_somebody_else(tab, new_tab, accepted):
    """What has a value by now leaves the browsers; checks have one all along."""
    first, second = tab.items(2)["items"]
    held = [first["image"], second["image"]]
    assert progress(tab, held)["gone"] == []
    ben = new_tab("ben")
    ben.send(ben.decision(second, "choose", value=1, blind=True))
    assert progress(tab, held)["gone"] == [second["image"]]


def test_checks_are_not_held_against_answers_to_other_cards(client, build):
    ws = build({"mask": [""] * 12, "distancing": ["1"] * 12, "5k": [""] * 12},
               dict.fromkeys(("mask", "distancing", "5k"), BINARY), [FIVE_K])  # fmt: skip
    propose(ws, "mask", {f"{i}.png": [0.4, 0.6] for i in range(12)})
    tab = Tab(client, ws)
    tab.send(tab.decision(tab.items(1)["items"][0]))
    with ws.write() as connection:
        acceptances.ask_open(connection, tab.label, 1, 2)
    check = next(i for i in tab.items(11)["items"] if i["blind"])
    tab.send(tab.decision(check, "choose", value=0, blind=True))
    found = progress(tab)
    assert (found["seen"]["of"], found["blind"]["of"]) == (1, 0)


def test_undo_takes_an_acceptance_back_and_says_how_many_wait_again(tab, accepted):
    assert tab.items(0)["left"] == 0
    last = tab.items(0)["last"]
    assert (last["action"], last["image"]) == ("bulk", None)
    answer = tab.send(tab.undo(last["decision"]))
    (ack,) = answer["acks"]
    assert (ack["state"], ack["card"], ack["told"]) == (
        "stored", None, "mask: 10 cells that were accepted at once are taken back",
    )  # fmt: skip
    assert answer["left"] == 10
    with accepted.read() as connection:
        assert queue.pending_count(connection, tab.label) == 10


def test_a_workspace_without_checks_pays_two_looks_at_an_index_for_them(tab, ws):
    item = tab.items(1)["items"][0]
    engine, asked = workspaces.open_workspace(str(ws.root)).engine, []
    event.listen(engine, "before_cursor_execute", lambda _c, _k, text, *_: asked.append(text))
    tab.send(tab.decision(item), want=8)
    about = [text for text in asked if "audit" in text or "acceptance" in text]
    assert len(about) == 2, about  # whether the decided cell was one, and whether any waits
    assert about[0].startswith("UPDATE audit")
    assert about[1].startswith("SELECT audit.id")
