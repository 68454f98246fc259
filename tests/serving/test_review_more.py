"""Grid, notes, hidden proposals, neighbours and progress, as the routes give and take them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import select

from core.errors import GapwiseError
from core.serving import counting
from core.serving import leases as leases_module
from core.store import agreement, blind, cells, near, queue, ranks, review_schema, schema, sent
from core.store.labels import label_id
from tests.conftest import BINARY, cells_of, propose
from tests.serving.conftest import Tab


@pytest.fixture(autouse=True)
def _no_leases(monkeypatch):
    monkeypatch.setattr(leases_module.leases, "_held", {})


def progress(tab, held=(), **asked):
    asked = {"label": tab.label, "order": "uncertain", "held": ",".join(map(str, held)), **asked}
    answer = tab.client.get("/gapwise/progress", params=asked, headers=tab.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def grid(tab, value, want=60):
    asked = {"label": tab.label, "order": "uncertain", "want": want, "grid": value}
    return tab.client.get("/gapwise/review", params=asked, headers=tab.headers).json()["items"]


def hide(ws, share):
    with ws.write() as connection:
        blind.set_percent(connection, share)


def test_a_grid_holds_one_proposed_class_the_surest_first_and_nothing_put_off(tab, ws):
    propose(ws, "mask", {f"{i}.png": [0.9, 0.1] if i < 4 else [0.1 + i / 100, 0.9 - i / 100] for i in range(10)})
    tab.send(tab.decision(tab.items(10)["items"][-1], "skip"))
    assert {i["value"] for i in grid(tab, 0)} == {0}
    shown = grid(tab, 1)
    assert [i["confidence"] for i in shown] == sorted((i["confidence"] for i in shown), reverse=True)
    assert len(grid(tab, 0)) + len(shown) == 9


def test_accepting_a_grid_stores_one_decision_each_in_one_request(tab, ws):
    shown = grid(tab, 1)
    exceptions, others = shown[:2], shown[2:]
    sent = [tab.decision(item) for item in others]
    assert {a["state"] for a in tab.send(*sent)["acks"]} == {"stored"}
    assert {a["state"] for a in tab.send(*sent)["acks"]} == {"repeated"}
    known = {name for (name, label) in cells_of(ws) if label == "mask"}
    assert known == {i["fname"] for i in others}
    assert {i["image"] for i in tab.items(20)["items"]} == {i["image"] for i in exceptions}
    back = [tab.undo(f"tab-00001:{sent['seq']}") for sent in reversed(sent)]
    assert {a["state"] for a in tab.send(*back)["acks"]} == {"stored"}
    assert tab.items(0)["left"] == 10


def test_what_is_hidden_is_not_sent_and_stored_as_hidden(tab, ws):
    hide(ws, 100)
    item = tab.items(1)["items"][0]
    assert item["blind"] is True
    assert (item["value"], item["confidence"], item["probs"], item["map"]) == (None, None, [], None)
    assert grid(tab, 1) == []  # a grid shows its proposal
    refused = tab.post(tab.decision(item, "accept", blind=True))
    assert refused.status_code == 422
    assert tab.send(tab.decision(item, "choose", value=0, blind=True))["acks"][0]["state"] == "stored"
    with ws.read() as connection:
        assert connection.execute(select(review_schema.blind.c.decision_id)).scalars().all() == [1]


def test_a_share_hides_about_that_share_and_more_hides_the_same_and_more():
    for share in (0, 1, 20, 100):
        hidden = {i for i in range(1, 10_001) if blind.hidden(i, share)}
        assert abs(len(hidden) - share * 100) <= 15
        assert hidden >= {i for i in range(1, 10_001) if blind.hidden(i, share // 2)}


@pytest.mark.parametrize("share", [20, 50])
def test_a_grid_is_full_though_some_proposals_are_hidden(tab, ws, share):
    """The browser takes a grid that is not full for the last one: what is hidden must not count among the wanted."""
    hide(ws, share)
    items = tab.items(10)["items"]
    seen = {i["image"] for i in items if not i["blind"]}
    assert 0 < len(seen) < 10
    assert len(grid(tab, 1, want=len(seen))) == len(seen)
    assert {i["image"] for i in grid(tab, 1)} == seen


def test_agreement_is_told_apart_by_what_people_saw_and_without_what_was_undone(tab, ws):
    one, two, three, four = tab.items(4)["items"]
    tab.send(tab.decision(one), tab.decision(two, "reject"))
    tab.send(tab.decision(three, "choose", value=1, blind=True), tab.decision(four))
    tab.send(tab.undo("tab-00001:4"))
    found = progress(tab, [i["image"] for i in (one, two, three, four)])
    assert (found["seen"]["hits"], found["seen"]["of"]) == (1, 2)
    assert (found["blind"]["hits"], found["blind"]["of"]) == (1, 1)
    assert found["seen"]["low"] == pytest.approx(0.0945, abs=1e-4)  # Wilson's interval of 1 in 2
    assert found["sources"] == {"given": 0, "human": 3, "derived": 0, "pseudo": 0, "open": 7}
    assert found["people"] == {"ann": 3}
    assert found["classes"] == {"1": 7}
    assert sorted(found["gone"]) == [1, 2, 3]
    assert found["left"] == 7


def test_in_an_order_of_picked_cells_those_are_counted_as_beside_the_cards(tab, ws):
    assert progress(tab)["left"] == 10
    with ws.write() as connection:
        sent.send(connection, tab.label, 1, [2, 5, 7], "Look again")
    asked = {"label": tab.label, "order": "sent", "want": 4}
    assert tab.client.get("/gapwise/review", params=asked, headers=tab.headers).json()["left"] == 3
    assert progress(tab, order="sent")["left"] == 3
    assert progress(tab)["left"] == 10


def test_figures_follow_what_no_decision_changed(tab, ws, monkeypatch):
    """They stayed until somebody decided something: after a training the grid told how many waited of the old run's."""
    monkeypatch.setattr(counting, "SHARE", 1e9)  # good for no time at all
    assert progress(tab)["classes"] == {"1": 10}
    propose(ws, "mask", {f"{i}.png": [0.9, 0.1] for i in range(10)})
    assert progress(tab)["classes"] == {"0": 10}
    with ws.write() as connection:
        cells.put(connection, 1, tab.label, 1, "given")
    assert progress(tab)["sources"]["given"] == 1


def test_who_begins_to_look_gets_figures_of_this_moment(tab, ws, monkeypatch):
    """On a busy machine counting seemed dear, and what was seen stayed as it was for half a minute."""
    monkeypatch.setattr(counting, "SHARE", 1e-9)  # good for as long as may be
    assert progress(tab)["classes"] == {"1": 10}
    propose(ws, "mask", {f"{i}.png": [0.9, 0.1] for i in range(10)})
    assert progress(tab)["classes"] == {"1": 10}
    assert progress(tab, exact=1)["classes"] == {"0": 10}
    monkeypatch.setattr(counting, "LONGEST", 0.0)
    propose(ws, "mask", {f"{i}.png": [0.1, 0.9] for i in range(10)})
    assert progress(tab, exact=1)["classes"] == {"1": 10}
    propose(ws, "mask", {f"{i}.png": [0.9, 0.1] for i in range(10)})
    assert progress(tab)["classes"] == {"0": 10}


def test_a_doubted_value_is_not_taken_for_decided_by_somebody_else(client, build):
    """All that the order of likely errors holds has a value: after four seconds the browser threw it away."""
    ws = build({"mask": ["1"] * 4}, {"mask": BINARY})
    run = propose(ws, "mask", {f"{i}.png": [0.9, 0.1] for i in range(4)}, heldout=True)
    tab = Tab(client, ws)
    with ws.write() as connection:
        rows = [{"image_id": i, "proposal_id": i, "place": i / 4, "reason": "Look."} for i in range(1, 5)]
        ranks.replace(connection, tab.label, run, ranks.ERRORS, rows)
    asked = {"label": tab.label, "order": ranks.ERRORS, "want": 4}
    items = client.get("/gapwise/review", params=asked, headers=tab.headers).json()["items"]
    held = {**asked, "want": 0, "held": ",".join(str(item["image"]) for item in items)}
    assert len(items) == 4
    assert client.get("/gapwise/progress", params=held, headers=tab.headers).json()["gone"] == []
    tab.send(tab.decision(items[0]))
    gone = client.get("/gapwise/progress", params=held, headers=tab.headers).json()["gone"]
    assert gone == [items[0]["image"]]


def test_progress_is_refused_without_a_label_that_is_there(tab):
    answer = tab.client.get("/gapwise/progress", params={"label": 99, "order": "file"}, headers=tab.headers)
    assert answer.status_code == 409
    assert tab.client.get("/gapwise/progress", params={"label": 1, "order": "file"}).status_code == 401


def test_a_note_by_itself_and_one_with_a_decision_are_both_on_the_card_and_taken_once(tab, new_tab):
    first = tab.items(1)["items"][0]
    sent = tab.decision(first, "note", note="face turned away")
    assert [tab.send(sent)["acks"][0]["state"] for _ in range(2)] == ["stored", "repeated"]
    tab.send(tab.decision(first, "skip", note="ask Ben"))
    item = next(i for i in new_tab("ben").items(10)["items"] if i["image"] == first["image"])
    assert item["notes"] == [{"by": "ann", "text": "ask Ben"}, {"by": "ann", "text": "face turned away"}]
    assert tab.post(tab.decision(first, "note")).status_code == 422
    assert tab.send(tab.decision(first, "note", note="  "))["acks"][0]["state"] == "refused"


def test_neighbours_are_those_that_still_have_a_value(tab, ws):
    with ws.write() as connection:
        near.put(connection, label_id(connection, "mask"), {1: [(3, 0.9), (2, 0.5)], 4: []})
    items = tab.items(4)["items"]
    assert items[0]["near"] == []
    tab.send(tab.decision(items[2]))
    assert [(n["fname"], n["value"]) for n in tab.items(1)["items"][0]["near"]] == [("2.png", "1")]


def test_what_fails_half_way_leaves_nothing_behind_and_the_others_are_stored(tab, ws, monkeypatch):
    """A request is one transaction: what is refused after it wrote something must not be in it by halves."""
    one, two, three = tab.items(3)["items"]
    settle = cells.settle

    def fails(connection, image_id, *rest, **more):
        if image_id == two["image"]:
            raise GapwiseError("These rules are too tangled.")
        return settle(connection, image_id, *rest, **more)

    monkeypatch.setattr(cells, "settle", fails)
    acks = tab.send(*[tab.decision(item) for item in (one, two, three)])["acks"]
    assert [a["state"] for a in acks] == ["stored", "refused", "stored"]
    with ws.read() as connection:
        stored = connection.execute(select(schema.decision.c.image_id).order_by(schema.decision.c.id)).scalars().all()
    assert stored == [one["image"], three["image"]]
    assert (two["fname"], "mask") not in cells_of(ws)


def test_second_answers_are_kept_and_held_against_the_first(tab, new_tab, ws):
    items, ben = tab.items(5)["items"], new_tab("ben")
    tab.send(*[tab.decision(item) for item in items])
    later = [ben.decision(item, "accept" if k < 3 else "reject") for k, item in enumerate(items)]
    assert {a["state"] for a in ben.send(*later)["acks"]} == {"second"}
    with ws.read() as connection:
        (found,) = agreement.agreements(connection, tab.label)
        assert (found.cells, found.agreed, found.kappa) == (5, 0.6, pytest.approx(0))  # ann always said 1
        assert len(agreement.conflicts(connection, tab.label)) == 2
    ben.send(ben.undo("tab-00002:5"))
    with ws.read() as connection:
        assert agreement.agreements(connection, tab.label)[0].agreed == 0.75


def test_why_an_image_is_here_is_what_its_row_says_where_it_says_something(tab, monkeypatch):
    pending = queue.pending

    def reasoned(*about, **more):
        rows = [SimpleNamespace(**row._mapping) for row in pending(*about, **more)]
        rows[0].reason = "Here because two runs disagree about it."
        return rows

    monkeypatch.setattr(queue, "pending", reasoned)
    first, second = (item["why"] for item in tab.items(2)["items"])
    assert (first, second) == (
        "Here because two runs disagree about it.",
        "Here because the model is least sure of it.",
    )
