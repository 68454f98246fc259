"""The keys of a review in a browser: a held one, and one after a choice in a list."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from sqlalchemy import func, insert, select

from core.store import cells, schema
from core.store.labels import label_id
from core.store.proposals import put_proposals
from core.workspace import Workspace
from tests.browser.app import App
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def proposed(server: Server) -> Workspace:
    """A workspace with proposals on `mask` and `distancing`, without a training."""
    root = server.home / "keys"
    server.core("demo", "--workspace", str(root), "--images", "60")
    workspace = Workspace.open(root)
    with workspace.write() as connection:
        for name in ("mask", "distancing"):
            label = label_id(connection, name)
            row = {"label_id": label, "recipe": "by hand", "config": {}, "created": 0.0}
            run = connection.execute(insert(schema.run), row).inserted_primary_key[0]
            about = {"run_id": run, "label_id": label, "probs": [0.4, 0.6], "value": 1, "confidence": 0.6, "heldout": 0}
            waiting = cells.open_cells(connection, label)
            put_proposals(connection, [{**about, "image_id": cell.image_id} for cell in waiting])
    return workspace


def decided(workspace: Workspace) -> int:
    with workspace.read() as connection:
        return connection.execute(select(func.count()).select_from(schema.decision)).scalar_one()


def choose(app: App, place: str, field: int, option: str) -> None:
    app.page.get_by_test_id(place).get_by_test_id("stSelectbox").nth(field).locator("input").click()
    app.page.get_by_role("option", name=option, exact=True).click()
    app.page.wait_for_timeout(800)  # the list takes the focus back a moment after it closed
    app.idle()


def test_a_held_key_counts_once_also_right_after_a_choice_in_a_list(browser: Browser, server: Server, proposed):
    """A finger resting on `a` accepted images that nobody had seen; after a choice `a` was typed into the list."""
    app = App(browser, server.url)
    choose(app, "stSidebar", 0, "keys")
    app.go("Review")
    choose(app, "stMain", 0, "distancing")
    app.page.keyboard.down("a")
    for _ in range(20):
        app.page.keyboard.down("a")  # Playwright marks it as a repetition, as the keyboard does
        app.page.wait_for_timeout(33)
    app.page.keyboard.up("a")
    app.page.wait_for_timeout(1000)
    app.idle()
    assert decided(proposed) == 1
    app.page.keyboard.press("a")
    app.page.wait_for_timeout(1000)
    app.idle()
    assert decided(proposed) == 2
    app.close()
