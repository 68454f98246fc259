"""The routes without Streamlit, on a small workspace with proposals."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.serving import routes, token
from core.store.labels import label_id
from core.workspace import Workspace
from tests.conftest import BINARY, FIVE_K, propose

ORIGIN = "http://testserver"


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(routes, "_mounted", False)  # and so it is afterwards: pages of other tests have no routes


@pytest.fixture
def ws(build) -> Workspace:
    """Ten images whose `mask` is open and proposed, from 0.51 to 0.60; `5k` follows where mask is 0."""
    made = build(
        {"mask": [""] * 10, "distancing": ["1"] * 10, "5k": [""] * 10},
        dict.fromkeys(("mask", "distancing", "5k"), BINARY),
        [FIVE_K],
    )
    propose(made, "mask", {f"{i}.png": [0.49 - i / 100, 0.51 + i / 100] for i in range(10)})
    return made


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=routes.routes()), raise_server_exceptions=False)


class Tab:
    """A browser tab: a token, a client id, a count."""

    def __init__(self, client: TestClient, ws: Workspace, reviewer: str = "ann", name: str = "tab-00001") -> None:
        self.client, self.name, self.seq = client, name, 0
        self.headers = {routes.HEADER: token.make(ws.root, reviewer), "Origin": ORIGIN}
        with ws.read() as connection:
            self.label = label_id(connection, "mask")

    def items(self, want: int = 4, held=()) -> dict:
        asked = {"label": self.label, "order": "uncertain", "want": want, "held": ",".join(map(str, held))}
        answer = self.client.get("/gapwise/review", params=asked, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def decision(self, item: dict, action: str = "accept", **more) -> dict:
        self.seq += 1
        cell = {"image": item["image"], "label": item["label"]}
        about = {"client": self.name, "seq": self.seq, "action": action, "cell": cell, "proposal": item["proposal"]}
        return {**about, **more}

    def undo(self, undoes: str | int) -> dict:
        self.seq += 1
        return {"client": self.name, "seq": self.seq, "action": "undo", "undoes": undoes}

    def post(self, *decisions: dict, want: int = 0, held=(), headers=None, **more):
        body = {"label": self.label, "order": "uncertain", "want": want, "held": list(held), **more}
        body["decisions"] = list(decisions)
        return self.client.post("/gapwise/review", json=body, headers={**self.headers, **(headers or {})})

    def send(self, *decisions: dict, **more) -> dict:
        answer = self.post(*decisions, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def tab(client: TestClient, ws: Workspace) -> Tab:
    return Tab(client, ws)


@pytest.fixture
def new_tab(client: TestClient, ws: Workspace) -> Callable[..., Tab]:
    return lambda reviewer="ann", name="tab-00002": Tab(client, ws, reviewer, name)
