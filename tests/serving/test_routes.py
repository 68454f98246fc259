"""What the routes take and give, and everything that they refuse."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy.exc import OperationalError

from core.serving import leases as leases_module
from core.serving import pictures, review, routes, token, workspaces
from core.serving.messages import MAX_BODY
from core.store import schema
from core.workspace import DATABASE
from tests.conftest import BINARY, cells_of, log, propose
from tests.serving.conftest import Tab


def test_items_come_in_order_and_never_one_that_is_held(tab):
    first = tab.items(3)
    assert [i["fname"] for i in first["items"]] == ["0.png", "1.png", "2.png"]
    assert first["left"] == 10
    assert first["last"] is None
    held = [i["image"] for i in first["items"]]
    assert [i["fname"] for i in tab.items(3, held)["items"]] == ["3.png", "4.png", "5.png"]
    others = {o["label"]: (o["value"], o["source"]) for o in first["items"][0]["others"]}
    assert others == {"distancing": ("1", "given"), "5k": (None, "open")}


def test_a_decision_is_stored_acknowledged_and_followed_by_the_next_items(tab, ws):
    first = tab.items(2)["items"]
    answer = tab.send(tab.decision(first[0], "reject"), want=2, held=[first[1]["image"]])
    (ack,) = answer["acks"]
    assert (ack["client"], ack["seq"], ack["state"]) == ("tab-00001", 1, "stored")
    assert ack["told"] == "mask: 0, so 5k: 0"
    assert [i["fname"] for i in answer["items"]] == ["2.png", "3.png"]
    assert answer["last"]["image"] == first[0]["image"]
    assert cells_of(ws)["0.png", "5k"] == (0, "derived")
    assert tab.items(1)["left"] == 9


def test_an_answer_that_contradicts_is_stored_and_said_with_what_to_do(build, client):
    ws = build({"mask": [""], "5k": ["1"]}, {"mask": BINARY, "5k": BINARY}, ["5k implies mask"])
    propose(ws, "mask", {"0.png": [0.4, 0.6]})
    tab = Tab(client, ws)
    item = tab.items(1)["items"][0]
    (ack,) = tab.send(tab.decision(item, "reject"))["acks"]
    assert (ack["state"], ack["told"]) == ("stored", "mask: 0")
    assert ack["contradicts"].startswith("0.png contradicts itself now: mask is 0 and 5k is 1 and `5k implies mask`")
    assert "Undo" in ack["contradicts"]
    assert cells_of(ws)["0.png", "mask"] == (0, "human")
    (ack,) = tab.send(tab.undo("tab-00001:1"))["acks"]
    assert (ack["state"], ack["contradicts"]) == ("stored", "")
    (ack,) = tab.send(tab.decision(item, "accept"))["acks"]
    assert ack["contradicts"] == ""


def test_what_is_sent_again_is_taken_once(tab, ws):
    first = tab.items(1)["items"][0]
    sent = tab.decision(first)
    assert [tab.send(sent)["acks"][0]["state"] for _ in range(3)] == ["stored", "repeated", "repeated"]
    assert len(log(ws)) == 1


def test_an_id_that_is_used_for_two_decisions_loses_neither_silently(tab, ws):
    """A duplicated tab has the first one's ids; its decisions would have been taken for repetitions."""
    one, two = tab.items(2)["items"]
    tab.send(tab.decision(one))
    tab.seq = 0
    ack = tab.send(tab.decision(two))["acks"][0]
    assert ack["state"] == "refused"
    assert "belongs to another decision" in ack["told"]
    assert [row.image_id for row in log(ws)] == [one["image"]]


def test_the_first_of_two_reviewers_wins_and_the_second_is_told(tab, new_tab, ws):
    first = tab.items(1)["items"][0]
    other = new_tab("ben")
    assert other.send(other.decision(first, "reject"))["acks"][0]["state"] == "stored"
    ack = tab.send(tab.decision(first))["acks"][0]
    assert ack["state"] == "second"
    assert "the first decision stands" in ack["told"]
    assert cells_of(ws)["0.png", "mask"] == (0, "human")
    assert [(d.reviewer, d.applied) for d in log(ws)] == [("ben", 1), ("ann", 0)]


def test_many_decisions_in_one_request_are_taken_in_their_order_and_one_bad_one_alone_is_refused(tab, ws):
    items = tab.items(4)["items"]
    sent = [tab.decision(item) for item in items]
    sent[1]["proposal"] = items[2]["proposal"]
    states = [ack["state"] for ack in tab.send(*sent)["acks"]]
    assert states == ["stored", "refused", "stored", "stored"]
    assert [d.image_id for d in log(ws)] == [items[0]["image"], items[2]["image"], items[3]["image"]]


def test_undo_by_the_id_that_the_browser_made_and_by_the_servers_number_back_to_the_start(tab, ws):
    before = cells_of(ws)
    items = tab.items(3)["items"]
    tab.send(*[tab.decision(item, "reject") for item in items])
    ack = tab.send(tab.undo("tab-00001:3"))["acks"][0]
    assert (ack["state"], ack["card"]["fname"]) == ("stored", "2.png")
    for fname in ("1.png", "0.png"):
        last = tab.items(0)["last"]
        assert f"{last['image'] - 1}.png" == fname
        assert tab.send(tab.undo(last["decision"]))["acks"][0]["card"]["fname"] == fname
    assert tab.items(0)["last"] is None
    assert cells_of(ws) == before


def test_an_undo_of_what_is_not_the_last_takes_nothing_back(tab, ws):
    items = tab.items(2)["items"]
    tab.send(*[tab.decision(item) for item in items])
    for undoes in ("tab-00001:1", "tab-00001:77"):
        assert tab.send(tab.undo(undoes))["acks"][0]["state"] == "refused"
    assert [d.action for d in log(ws)] == ["accept", "accept"]


def test_an_undo_sent_again_takes_back_one(tab, ws):
    items = tab.items(2)["items"]
    tab.send(*[tab.decision(item) for item in items])
    sent = tab.undo("tab-00001:2")
    assert [tab.send(sent)["acks"][0]["state"] for _ in range(2)] == ["stored", "repeated"]
    assert [d.action for d in log(ws)] == ["accept", "accept", "undo"]


def test_a_skipped_item_comes_again_at_the_end_and_says_why(tab):
    first = tab.items(1)["items"][0]
    tab.send(tab.decision(first, "skip"))
    items = tab.items(10)["items"]
    assert items[-1]["image"] == first["image"]
    assert "put off" in items[-1]["why"]


# -- what is refused


def test_without_a_good_token_nothing_is_taken(tab, ws):
    sent = tab.decision(tab.items(1)["items"][0])
    for bad in ("", "nonsense", token.make(ws.root, "ann")[:-2], token.make(ws.root, "ann", now=0)):
        tab.headers[routes.HEADER] = bad
        answer = tab.post(sent)
        assert answer.status_code == 401
        assert "Load the page again" in answer.json()["error"]
    assert log(ws) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_sites_page_is_refused(tab, ws, headers):
    answer = tab.post(tab.decision(tab.items(1)["items"][0]), headers=headers)
    assert answer.status_code == 403
    assert log(ws) == []


def test_a_form_is_refused(tab):
    headers = {**tab.headers, "Content-Type": "text/plain"}
    answer = tab.client.post("/gapwise/review", content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert "text/plain arrived" in answer.json()["error"]


def test_a_body_that_is_too_large_is_refused(tab):
    headers = {**tab.headers, "Content-Type": "application/json"}
    answer = tab.client.post("/gapwise/review", content=b" " * (MAX_BODY + 1), headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(tab, body):
    headers = {**tab.headers, "Content-Type": "application/json"}
    answer = tab.client.post("/gapwise/review", content=body, headers=headers)
    assert answer.status_code == 400
    assert "no JSON" in answer.json()["error"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"seq": "1"}, "decisions.0.seq"),
        ({"seq": 0}, "decisions.0.seq"),
        ({"client": "../../x"}, "decisions.0.client"),
        ({"action": "delete"}, "decisions.0.action"),
        ({"action": "undo"}, "decisions.0"),
        ({"cell": None}, "decisions.0"),
        ({"cell": {"image": 1.5, "label": 1}}, "decisions.0.cell.image"),
        ({"value": True}, "decisions.0.value"),
        ({"note": "x" * 2001}, "decisions.0.note"),
        ({"surprise": 1}, "decisions.0.surprise"),
    ],
)
def test_wrong_types_are_refused_with_what_arrived_and_what_was_expected(tab, ws, change, where):
    sent = {**tab.decision(tab.items(1)["items"][0]), **change}
    answer = tab.post(sent)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"{where}: ")
    assert "arrived." in answer.json()["error"]
    assert log(ws) == []


@pytest.mark.parametrize(
    "asked", [{}, {"label": "x", "order": "file"}, {"label": "1"}, {"label": "1", "order": "file", "held": "1,a"}]
)
def test_a_question_without_its_parts_is_refused(tab, asked):
    assert tab.client.get("/gapwise/review", params=asked, headers=tab.headers).status_code == 422


def test_an_unknown_order_or_label_is_told(tab):
    for asked in ({"label": tab.label, "order": "best"}, {"label": 99, "order": "file"}):
        answer = tab.client.get("/gapwise/review", params={**asked, "want": 1}, headers=tab.headers)
        assert answer.status_code == 409
        assert "There is no" in answer.json()["error"]


def test_nothing_is_kept_for_labels_that_are_not_there(tab):
    for label in (98, 99):
        asked = {"label": label, "order": "file", "want": 0, "held": "1"}
        assert tab.client.get("/gapwise/review", params=asked, headers=tab.headers).status_code == 409
    assert not [place for place in leases_module.leases._held if place[1] > 90]


def test_a_workspace_that_is_gone_is_told_without_a_traceback(tab, ws):
    (ws.root / DATABASE).unlink()
    answer = tab.client.get("/gapwise/review", params={"label": 1, "order": "file"}, headers=tab.headers)
    assert answer.status_code == 503  # the disk may come back: the browser keeps what it has
    assert "is not there" in answer.json()["error"]
    answer = tab.client.get("/gapwise/preview/1", headers=tab.headers)
    assert answer.status_code == 503


def test_a_workspace_that_can_not_be_opened_refuses_no_decision(tab, ws, monkeypatch):
    """Nothing is wrong with what was sent: an older Gapwise was started by mistake, say."""
    sent = tab.decision(tab.items(1)["items"][0])
    ws.set_setting("version", schema.VERSION + 1)
    monkeypatch.setattr(workspaces, "_opened", {})
    answer = tab.post(sent)
    assert answer.status_code == 503
    assert "reads version" in answer.json()["error"]
    ws.set_setting("version", schema.VERSION)
    assert tab.send(sent)["acks"][0]["state"] == "stored"


def test_a_picture_is_not_at_fault_where_the_database_is(tab, monkeypatch):
    """With 422 the browser says for good that this picture can't be shown."""

    def fails(*_):
        raise OperationalError("SELECT", {}, sqlite3.OperationalError("disk I/O error"))

    monkeypatch.setattr(pictures, "image", fails)
    answer = tab.client.get("/gapwise/preview/1", headers=tab.headers)
    assert answer.status_code == 409
    assert "disk I/O error" in answer.json()["error"]


def test_a_mistake_of_ours_shows_no_traceback(tab, monkeypatch):
    monkeypatch.setattr(review, "answer", lambda *_: 1 / 0)
    answer = tab.post()
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text


def test_a_database_that_is_locked_asks_to_be_tried_again_and_refuses_nothing(tab, ws):
    """A full disk or a lock is no fault of the decision: it must stay in the browser until it is stored."""
    first = tab.items(1)["items"][0]
    sent = tab.decision(first)
    opened = workspaces.open_workspace(str(ws.root))
    with opened.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(ws.root / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = tab.post(sent)
        assert answer.status_code == 503, answer.text
        other.execute("ROLLBACK")
    assert tab.send(sent)["acks"][0]["state"] == "stored"
    assert len(log(ws)) == 1


# -- previews


def test_a_preview_comes_by_id_and_is_kept_by_the_browser(tab, ws):
    first = tab.items(1)["items"][0]
    url = f"/gapwise/preview/{first['image']}?v={first['digest']}"
    answer = tab.client.get(url, headers=tab.headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert "private" in answer.headers["cache-control"]
    assert answer.content[:2] == b"\xff\xd8"
    again = tab.client.get(url, headers={**tab.headers, "If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    by_address = tab.client.get(url, params={"token": tab.headers[routes.HEADER]})
    assert by_address.status_code == 200


def test_a_preview_needs_a_token_and_an_id(tab):
    assert tab.client.get("/gapwise/preview/1").status_code == 401
    for name in ("..%2f..%2fetc%2fpasswd", "0.png", "-1", "1/../2.png", "9" * 5000):
        assert tab.client.get(f"/gapwise/preview/{name}", headers=tab.headers).status_code == 404
    answer = tab.client.get("/gapwise/preview/99999999999999999999", headers=tab.headers)
    assert answer.status_code in (404, 422)


def test_a_picture_that_can_not_be_read_is_told(tab, ws):
    first = tab.items(1)["items"][0]
    (ws.root / "images" / "0.png").write_bytes(b"no picture")
    answer = tab.client.get(f"/gapwise/preview/{first['image']}", headers=tab.headers)
    assert answer.status_code == 422
    assert json.loads(answer.text)["error"]
    assert tab.client.get("/gapwise/preview/999", headers=tab.headers).status_code == 422


def test_routes_can_lie_below_a_base_path():
    names = ("review", "progress", "preview/{image_id}", "full/{image_id}", "map", "layers", "set", "scale")
    paths = {f"/app/gapwise/{name}" for name in names}
    assert {r.path for r in routes.routes("/app/")} == paths
