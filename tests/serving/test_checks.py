"""Checks on the card: cells of audits, judged without seeing what is checked, and what they cost where none waits."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from core.serving import leases as leases_module
from core.serving import workspaces
from core.store import acceptances, audits, blind, near, profiles, queue, ranks, review_schema, schema
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


def test_what_is_around_a_check_does_not_tell_what_is_checked(client, build):
    """No neighbours: a known cell. A gap among the other labels: not derived, so the checked cell says yes."""
    ws = build({"mask": ["1"] + [""] * 5, "distancing": [""] * 6, "5k": [""] * 6},
               dict.fromkeys(("mask", "distancing", "5k"), BINARY), [FIVE_K])  # fmt: skip
    propose(ws, "mask", {f"{i}.png": [0.4, 0.6] if i % 2 else [0.6, 0.4] for i in range(6)})
    tab = Tab(client, ws)
    with ws.write() as connection:
        near.put(connection, tab.label, {i: [(1, 0.9)] for i in range(2, 7)})
        found = profiles.read(connection)
        rules = [Rule(found.ids.tolist(), value, 0.0) for value in (0, 1)]
        promise = acceptances.Promise(tab.label, 1, 0.5, 0.95, rules, [], 0.01)
        acceptances.accept(connection, client_id="bulk", reviewer="ann", promise=promise)
        row = {"kind": audits.KNOWN, "label_id": tab.label, "run_id": 1, "image_id": 1, "proposal_id": 1}
        audits.add(connection, [{**row, "value": 1, "after": 0}])
    assert {cells_of(ws).get((f"{i}.png", "5k")) for i in range(6)} == {None, (0, "derived")}
    around = [(item["near"], item["others"], item["run"]) for item in tab.items(20)["items"]]
    assert len(around) == 6
    assert all(told == ([], [], None) for told in around)


def test_what_the_browser_loaded_before_it_became_a_check_is_named(tab, ws):
    """It shows its proposal, which would lead the answer: the browser loads it anew."""
    held = [item["image"] for item in tab.items(10)["items"]]
    assert progress(tab, held)["checks"] == []
    with ws.write() as connection:
        acceptances.ask_open(connection, tab.label, 1, 3)
        asked = audits.asked(connection, tab.label, held)
    assert progress(tab, held)["checks"] == sorted(asked)
    assert len(asked) == 3


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


def test_what_waits_is_counted_right_through_checks_skips_and_undo(tab, ws):
    """An answered check lowered what was left, though its cell had a value all along; an undone skip raised it."""
    _accept_some(tab, ws)
    assert tab.items(0)["left"] == 5
    items = tab.items(10)["items"]
    check, other = next(i for i in items if i["check"]), next(i for i in items if not i["check"])
    for made, before, after in (
        (tab.decision(check, "choose", value=0, blind=True), 5, 5),
        (tab.decision(other, "skip"), 5, 5),
        (tab.decision(other, "accept"), 4, 5),
    ):
        assert tab.send(made)["left"] == before
        assert tab.send(made)["left"] == before  # the same once more
        assert tab.send(tab.undo(f"{tab.name}:{made['seq']}"))["left"] == after
    with ws.read() as connection:
        assert queue.pending_count(connection, tab.label) == 5


def _accept_some(tab, ws, count=5):
    with ws.write() as connection:
        found = profiles.read(connection)
        rules = [Rule(found.ids.tolist(), 1, 0.6 - (count - 0.5) / 100)]
        promise = acceptances.Promise(tab.label, 1, 0.5, 0.95, rules, [], 0.01)
        acceptances.accept(connection, client_id="bulk", reviewer="ann", promise=promise)


def test_nothing_that_is_said_tells_what_was_checked(client, build):
    """An answer to a hidden known cell was answered with "had been decided before": now whoever reviews knew."""
    ws = build({"mask": ["1"] + [""] * 11, "distancing": ["1"] * 12, "5k": [""] * 12},
               dict.fromkeys(("mask", "distancing", "5k"), BINARY), [FIVE_K])  # fmt: skip
    propose(ws, "mask", {f"{i}.png": [0.49 - i / 100, 0.51 + i / 100] for i in range(12)})
    tab = Tab(client, ws)
    with ws.write() as connection:
        query = select(schema.proposal).where(schema.proposal.c.image_id == 1)
        known = connection.execute(query).one()
        row = {"kind": audits.KNOWN, "label_id": tab.label, "run_id": 1, "image_id": 1, "proposal_id": known.id}
        audits.add(connection, [{**row, "value": 1, "after": 0}])
        acceptances.ask_open(connection, tab.label, 1, 2)
    _accept_some(tab, ws, 3)
    items = [item for item in tab.items(12)["items"] if item["check"]]
    acks = tab.send(*[tab.decision(item, "choose", value=0, blind=True) for item in items])["acks"]
    assert len(acks) >= 5
    assert 1 in {item["image"] for item in items}
    assert {ack["told"] for ack in acks} == {"mask: 0, stored"}
    assert {ack["contradicts"] for ack in acks} == {""}
    assert cells_of(ws)["0.png", "mask"] == (1, "given")


def test_a_known_value_stays_for_the_second_of_two_who_had_the_check_on_screen(client, build):
    """After the first answer it was no check any more, and the second one, as blind, replaced what was imported."""
    ws = build({"mask": ["1"] + [""] * 3}, {"mask": BINARY})
    propose(ws, "mask", {f"{i}.png": [0.4, 0.6] for i in range(4)})
    one, two = Tab(client, ws), Tab(client, ws, reviewer="bob", name="tab-00002")
    with ws.write() as connection:
        known = connection.execute(select(schema.proposal).where(schema.proposal.c.image_id == 1)).one()
        row = {"kind": audits.KNOWN, "label_id": one.label, "run_id": 1, "image_id": 1, "proposal_id": known.id}
        audits.add(connection, [{**row, "value": 1, "after": 0}])
    item = next(item for item in one.items(4)["items"] if item["check"])
    for tab in (one, two):
        tab.send(tab.decision(item, "choose", value=0, blind=True, check=True))
        assert cells_of(ws)["0.png", "mask"] == (1, "given")
    # Whoever sees the value may still correct it.
    one.send(one.decision(item, "choose", value=0))
    assert cells_of(ws)["0.png", "mask"] == (0, "human")


def test_a_doubted_value_that_was_a_check_once_is_corrected_also_where_its_proposal_is_hidden(client, build):
    """The answer was taken for one to the check and kept beside: the card came again and again."""
    ws = build({"mask": ["1"] * 3}, {"mask": BINARY})
    propose(ws, "mask", {f"{i}.png": [0.9, 0.1] for i in range(3)}, heldout=True)
    tab = Tab(client, ws)
    with ws.write() as connection:
        blind.set_percent(connection, 100)
        row = {"kind": audits.KNOWN, "label_id": tab.label, "run_id": 1, "image_id": 1, "proposal_id": 1}
        audits.add(connection, [{**row, "value": 1, "after": 0}])
        ranks.replace(
            connection, tab.label, 1, ranks.ERRORS, [{"image_id": 1, "proposal_id": 1, "place": 0, "reason": ""}]
        )
    answered = []
    while items := tab.send(want=1, order=ranks.ERRORS)["items"]:
        assert items[0]["blind"]
        answered.append(items[0]["check"])
        tab.send(tab.decision(items[0], "choose", value=0, blind=True, check=items[0]["check"]))
        assert len(answered) < 3
    assert answered == [True, False]
    assert cells_of(ws)["0.png", "mask"] == (0, "human")


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
