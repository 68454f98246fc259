"""A review in the browser as it is held against the log: what was on screen with each key, what was stored of it."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect
from sqlalchemy import select

from core.store import schema
from core.workspace import DATABASE, Workspace
from tests.browser.app import App
from tests.browser.conftest import Server
from tests.conftest import log

PATIENT = 180_000  # milliseconds: two cores may be busy with anything; these tests ask whether, not how fast
ACTIONS = {"a": "accept", "x": "reject", " ": "skip", "1": "choose", "2": "choose"}
READY = ".card[data-image]:not([data-image=''])"
# Beside the card's own listener, and before it: which picture was on screen with each key. A press counts where the
# card took it, that is, went on to another picture in the same moment. In sessionStorage: each tab has its own.
WITNESS = """
addEventListener("keydown", (event) => {
  const card = () => [...document.querySelectorAll("*")].map((e) => e.shadowRoot?.querySelector(".card")).find(Boolean);
  const before = card()?.dataset.image;
  if (!before) return;
  setTimeout(() => {
    if (card()?.dataset.image === before) return;
    const seen = JSON.parse(sessionStorage.getItem("witness") ?? "[]");
    sessionStorage.setItem("witness", JSON.stringify([...seen, [Number(before), event.key]]));
  });
}, true);
"""


def opened(browser: Browser, server: Server) -> App:
    """Return the review page in a browser of its own, with the witness."""
    app = App(browser, server.url)
    app.context.add_init_script(WITNESS)
    app.go("Review")
    app.page.reload(wait_until="commit", timeout=PATIENT)  # with the witness
    ready(app.page, "after the first load")
    return app


def second_tab(app: App) -> Page:
    """Return the review page in another tab of the same browser."""
    other = app.beside()
    other.go("Review")
    ready(other.page, "in the second tab")
    return other.page


def ready(page: Page, when: str) -> None:
    """Wait for a picture; a page without one says what it shows instead."""
    try:
        page.wait_for_selector(READY, timeout=PATIENT)
    except TimeoutError:
        card = page.locator(".card")
        shown = (
            card.evaluate("e => [e.outerHTML.slice(0, 200), e.innerText]") if card.count() else page.inner_text("body")
        )
        pytest.fail(f"no picture {when}: {shown}")
    page.wait_for_timeout(60)  # a press in the very moment of a new picture was meant for the one before


def press(pages: Sequence[Page], rng: random.Random, times: int) -> None:
    """Press any answer in any tab, as fast as people who hurry."""
    front = pages[0] if len(pages) == 1 else None
    for _ in range(times):
        page = rng.choice(pages)
        if page is not front:
            page.bring_to_front()  # one behind others gets no keys
            front = page
        page.keyboard.press(rng.choice(list(ACTIONS)))
        page.wait_for_timeout(rng.uniform(20, 70))


def answer(page: Page, key: str) -> None:
    """Press a key once there is a picture, and see the card go on."""
    card = page.locator(".card")
    page.bring_to_front()  # one behind others gets no keys
    ready(page, f"before {key}")
    before = card.get_attribute("data-image")
    for _ in range(10):
        early = card.get_attribute("data-early")
        page.keyboard.press(key)
        page.wait_for_timeout(100)
        if card.get_attribute("data-early") == early:
            break  # on a busy machine the picture's frame may take longer than that: then it counts as not seen yet
    expect(card).not_to_have_attribute("data-image", before)


def all_stored(page: Page) -> None:
    expect(page.locator(".card")).to_have_attribute("data-waiting", "0", timeout=PATIENT)


def witnessed(pages: Sequence[Page]) -> list[tuple[int, str]]:
    """Return (image, key) of every press that a card took, tab by tab."""
    return [tuple(p) for page in pages for p in page.evaluate("JSON.parse(sessionStorage.getItem('witness') ?? '[]')")]


def sound(workspace: Workspace, pages: Sequence[Page]) -> None:
    """What was seen is what was stored, the database is whole, and each cell is what the first answer made it."""
    rows, seen = log(workspace), witnessed(pages)
    assert Counter((image, ACTIONS[key]) for image, key in seen) == Counter((r.image_id, r.action) for r in rows)
    with closing(sqlite3.connect(workspace.root / DATABASE)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    first = {}
    for row in rows:
        if row.value is not None:
            assert bool(row.applied) == (row.image_id not in first)
            first.setdefault(row.image_id, (row.value, row.id))
    c = schema.cell.c
    with workspace.read() as connection:
        query = select(c.image_id, c.value, c.decision_id).where(c.source == "human")
        assert {i: (v, d) for i, v, d in connection.execute(query)} == first
