"""Several people at once, clocks that go backwards, a disk that is full: nothing lost, doubled or on another image.

`GAPWISE_SWARM=200` lets each of eight people decide two hundred times instead of twelve.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from core.serving import leases as leases_module
from core.serving import workspaces
from core.workspace import DATABASE
from tests.conftest import log, waiting
from tests.serving.conftest import Tab

PEOPLE, EACH = 8, int(os.environ.get("GAPWISE_SWARM", "12"))


@pytest.fixture(autouse=True)
def _no_leases(monkeypatch):
    monkeypatch.setattr(leases_module.leases, "_held", {})


@pytest.fixture
def many(build):
    return waiting(build, PEOPLE * EACH + 300)


def sound(ws) -> None:
    with closing(sqlite3.connect(ws.root / DATABASE)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_what_somebody_gives_free_is_given_to_others_and_nobody_frees_what_is_anothers(tab, new_tab):
    ben = new_tab("ben")
    mine = [i["image"] for i in tab.items(4)["items"]]
    ben.send(want=0, free=mine)
    assert [i["image"] for i in ben.items(4)["items"]] == [5, 6, 7, 8]
    asked = {"label": tab.label, "order": "uncertain", "want": 0, "free": ",".join(map(str, mine))}
    assert tab.client.get("/gapwise/review", params=asked, headers=tab.headers).status_code == 200
    assert [i["image"] for i in ben.items(4, held=[5, 6, 7, 8])["items"]] == mine


def test_two_people_are_given_different_images_and_a_decided_one_is_not_given_again(tab, new_tab):
    ben = new_tab("ben")
    mine = [i["image"] for i in tab.items(4)["items"]]
    theirs = [i["image"] for i in ben.items(4)["items"]]
    assert mine == [1, 2, 3, 4]
    assert theirs == [5, 6, 7, 8]
    assert [i["image"] for i in tab.items(4)["items"]] == mine  # one's own, in another tab or after a reload
    skipped = tab.items(1)["items"][0]
    tab.send(tab.decision(skipped, "skip"))
    assert skipped["image"] in [i["image"] for i in ben.items(10)["items"]]  # put off: free for everybody


def test_a_lease_ends_whatever_the_wall_clock_does(tab, new_tab, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(leases_module.leases, "_clock", lambda: now[0])
    mine = [i["image"] for i in tab.items(2)["items"]]
    wall = time.time
    monkeypatch.setattr(time, "time", lambda: wall() - 7200)  # set back by two hours
    ben = new_tab("ben")
    assert not set(mine) & {i["image"] for i in ben.items(2)["items"]}
    now[0] += leases_module.SECONDS
    assert [i["image"] for i in ben.items(2)["items"]] == mine


def test_a_clock_that_goes_backwards_changes_neither_order_nor_undo(tab, ws, monkeypatch):
    items, real = tab.items(3)["items"], time.time
    for hours, item in enumerate(items):
        monkeypatch.setattr(time, "time", lambda hours=hours: real() - hours * 3600)
        tab.send(tab.decision(item))
    rows = log(ws)
    assert rows[0].created > rows[1].created > rows[2].created
    ack = tab.send(tab.undo("tab-00001:3"))["acks"][0]
    assert ack["card"]["image"] == items[2]["image"]
    assert tab.items(0)["last"]["image"] == items[1]["image"]


def test_eight_people_at_once_lose_double_and_confuse_nothing(client, many):
    def work(n: int) -> list[tuple[str, int, str]]:
        tab = Tab(client, many, f"person {n}", f"client-{n:04d}")
        held, sent = tab.items(5)["items"], []
        for k in range(EACH):
            item, held = held[0], held[1:]
            action = ("accept", "reject", "skip")[(n + k) % 3]
            made = tab.decision(item, action)
            answer = tab.send(made, want=5 - len(held), held=[i["image"] for i in held])
            if k % 4 == 0:  # the answer was lost on its way: sent again
                assert tab.send(made)["acks"][0]["state"] == "repeated"
            assert answer["acks"][0]["state"] == "stored"
            sent.append((f"person {n}", item["image"], action))
            held += answer["items"]
        return sent

    with ThreadPoolExecutor(PEOPLE) as pool:
        sent = [made for part in pool.map(work, range(PEOPLE)) for made in part]
    rows = log(many)
    assert Counter((r.reviewer, r.image_id, r.action) for r in rows) == Counter(sent)
    stored = Counter(r.image_id for r in rows if r.value is not None)
    assert max(stored.values()) == 1  # nobody was given what somebody else had
    sound(many)


def test_a_full_disk_loses_nothing_and_stores_nothing_by_halves(tab, ws):
    """SQLite told to grow no further is a disk without room for it: the same error, at the same places."""
    items = tab.items(8)["items"]
    opened = workspaces.open_workspace(str(ws.root))
    notes = [{**tab.decision(item), "note": "x" * 2000} for item in items]  # more than the free pages hold
    with opened.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    answer = tab.post(*notes)
    assert answer.status_code == 503, answer.text
    assert "full" in answer.json()["error"]
    assert log(ws) == []  # one transaction: all of them wait in the browser
    with opened.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert [a["state"] for a in tab.send(*notes)["acks"]] == ["stored"] * 8
    assert [r.image_id for r in log(ws)] == [i["image"] for i in items]
    sound(ws)
