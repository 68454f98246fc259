"""Two servers on one workspace know nothing of each other's leases: what they can't keep apart, the store keeps."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from sqlalchemy import select

from core.__main__ import main
from core.store import agreement, schema
from core.workspace import Workspace
from tests.browser.conftest import Server
from tests.conftest import cells_of, log, waiting
from tests.serving.conftest import Tab
from tests.serving.test_several import sound

PEOPLE = ("ann", "ben", "cem", "dan")  # in turn at the first and the second server
EACH = int(os.environ.get("GAPWISE_SWARM", "12"))


@pytest.fixture
def ws(build) -> Workspace:
    return waiting(build, 2 * len(PEOPLE) * EACH)


@pytest.fixture
def servers(tmp_path) -> Iterator[list[Server]]:
    started = [Server(tmp_path / "home") for _ in range(2)]
    started[0].home.mkdir()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Server.start, started))
    yield started
    for server in started:
        server.stop()


class Over(requests.Session):
    """Requests to one server, by path."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def request(self, method, url, **more):
        return super().request(method, self.url + url, timeout=60, **more)


def at(server: Server, ws: Workspace, reviewer: str) -> Tab:
    tab = Tab(Over(server.url), ws, reviewer, f"client-{reviewer}")
    tab.headers["Origin"] = server.url
    return tab


def work(tab: Tab, reviewer: str, turn: int) -> list[tuple[str, int, str]]:
    held, sent = tab.items(4)["items"], []
    for k in range(EACH):
        item, held = held[0], held[1:]
        action = ("accept", "reject", "skip")[(turn // 2 + turn + k) % 3]
        made = tab.decision(item, action)
        answer = tab.send(made, want=4 - len(held), held=[i["image"] for i in held])
        assert answer["acks"][0]["state"] in ("stored", "second")
        assert tab.send(made)["acks"][0]["state"] == "repeated"
        sent.append((reviewer, item["image"], action))
        held += answer["items"]
    return sent


def test_what_two_servers_and_a_shell_take_is_kept_and_disagreement_shown(servers, ws):
    tabs = [at(servers[n % 2], ws, name) for n, name in enumerate(PEOPLE)]
    # Nothing keeps two servers from giving the same picture to two people; one server gives each its own.
    shown = [{item["image"] for item in tab.items(4)["items"]} for tab in tabs]
    assert shown[0] == shown[1]
    assert not shown[0] & shown[2]
    with ThreadPoolExecutor(len(PEOPLE)) as pool:
        sent = [made for part in pool.map(work, tabs, PEOPLE, range(len(PEOPLE))) for made in part]
    rows = log(ws)
    assert Counter((r.reviewer, r.image_id, r.action) for r in rows) == Counter(sent)
    first = {}
    for row in rows:
        if row.value is not None:
            assert bool(row.applied) == (row.image_id not in first)
            first.setdefault(row.image_id, row)
    c = schema.cell.c
    with ws.read() as connection:
        stored = connection.execute(select(c.image_id, c.value, c.decision_id).where(c.source == "human")).all()
        listed = {row.decision_id for row in agreement.conflicts(connection)}
    assert {i: (v, d) for i, v, d in stored} == {i: (r.value, r.id) for i, r in first.items()}
    differing = {r.id for r in rows if r.value is not None and r.value != first[r.image_id].value}
    assert listed == differing
    assert len(differing) >= 2  # two people at two servers did disagree
    shell_is_second(ws, next(iter(first.values())), listed)
    sound(ws)


def shell_is_second(ws: Workspace, row, listed: set[int]) -> None:
    """`decide` beside the servers is one more of them."""
    before, said = cells_of(ws), str(1 - row.value)
    about = ("--image", f"{row.image_id - 1}.png", "--label", "mask", "--reviewer", "eve", "--choose", said)
    assert main(["decide", "--workspace", str(ws.root), *about]) == 1
    assert cells_of(ws) == before
    with ws.read() as connection:
        (new,) = {r.decision_id for r in agreement.conflicts(connection)} - listed
    assert (log(ws)[-1].id, log(ws)[-1].reviewer, log(ws)[-1].applied) == (new, "eve", 0)
