"""Tabs that hold the same answers, a disk that is full, clocks that are set: no answer lost, doubled or misplaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.workspace import Workspace
from tests.browser.app import App
from tests.browser.conftest import Server
from tests.browser.reviewing import ACTIONS, PATIENT, all_stored, answer, opened, ready, second_tab, sound, witnessed
from tests.conftest import log, waiting

pytestmark = pytest.mark.browser
HOUR = 3600
FAULTS = Path(__file__).parent / "faults"
EACH = int(os.environ.get("GAPWISE_CLOCK", "4"))  # answers after each time that a clock is set


class Faulty(Server):
    """A server whose wall clock can be set, and whose disk can be full; see `faults/sitecustomize.py`."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "PYTHONPATH": str(FAULTS), "GAPWISE_TEST_FAULTS": str(self.home)}

    def set_clock(self, wrong_by: float) -> None:
        (self.home / "clock.new").write_text(str(wrong_by))
        (self.home / "clock.new").replace(self.home / "clock")


@pytest.fixture
def own(tmp_path, build) -> Iterator[tuple[Faulty, Workspace]]:
    workspace = waiting(build, 400)
    server = Faulty(tmp_path)
    server.start()
    yield server, workspace
    server.stop()


def kept(page: Page, number: int) -> None:
    """The page says how many answers are not stored, and that it keeps them."""
    said = page.get_by_role("alert").filter(has_text=f"{number} not stored yet")
    expect(said).to_contain_text("Kept in this tab, and sent again.", timeout=PATIENT)


def test_tabs_that_hold_the_same_answers_store_each_once(browser: Browser, own):
    """Two tabs, and a third that was made of the first with all that it had not sent."""
    server, workspace = own
    app = opened(browser, server)
    pages = [app.page, second_tab(app)]
    (server.home / "shut").touch()
    for key in "ax1":
        answer(pages[0], key)
    for key in "2 a":
        answer(pages[1], key)
    for page in pages:
        kept(page, 3)
        page.reload(wait_until="commit", timeout=PATIENT)
    with app.context.expect_page() as made:
        pages[0].evaluate("open(location.href)")
    pages.append(made.value)
    for page in pages:
        kept(page, 3)
    assert log(workspace) == []
    (server.home / "shut").unlink()
    for page in pages:
        all_stored(page)
        ready(page, "once it can be written")
    assert len(log(workspace)) == 6
    answer(pages[2], "x")  # ids of its own from here on
    answer(pages[0], "a")
    for page in pages:
        all_stored(page)
    copied = witnessed(pages[2:])[:3]
    assert copied == witnessed(pages[:1])[:3]
    pages[2].evaluate("w => sessionStorage.setItem('witness', JSON.stringify(w))", witnessed(pages[2:])[3:])
    sound(workspace, pages)
    assert len(log(workspace)) == 8
    app.close()


def test_a_full_disk_is_said_and_what_waits_is_stored_once_there_is_space(browser: Browser, own):
    server, workspace = own
    app = opened(browser, server)
    page = app.page
    answer(page, "a")
    all_stored(page)
    (server.home / "full").touch()
    said = page.get_by_role("alert").filter(has_text="not stored yet")
    for _ in range(150):  # what is free within the file is used up first
        answer(page, "x")
        if said.is_visible():
            break
    for key in "1a ":
        answer(page, key)
    expect(said).to_contain_text("database or disk is full", timeout=PATIENT)
    expect(said).to_contain_text("Kept in this tab, and sent again.")
    rows, seen = log(workspace), witnessed([page])
    held = len(seen) - len(rows)
    assert held >= 3
    assert [(r.image_id, r.action) for r in rows] == [(image, ACTIONS[key]) for image, key in seen[: len(rows)]]
    page.reload(wait_until="commit", timeout=PATIENT)
    kept(page, held)
    (server.home / "full").unlink()
    all_stored(page)
    expect(said).to_be_hidden()
    answer(page, "a")
    all_stored(page)
    sound(workspace, [page])
    app.close()


def test_clocks_that_are_set_change_nothing(browser: Browser, own):
    """The server's and the browser's, by hours, back and forth: a token lasts half a day, a lease five minutes."""
    server, workspace = own
    app = opened(browser, server)
    for hours in (0, -3, 14, -30, 40, 1):
        server.set_clock(hours * HOUR)
        app.page.evaluate("h => { Date.real ??= Date.now; Date.now = () => Date.real() - h * 3600000; }", hours)
        for n in range(EACH):
            answer(app.page, "a1x2"[n % 4])
        all_stored(app.page)  # also with the token that has expired: the page gets another one
    rows = log(workspace)
    assert [(r.image_id, r.action) for r in rows] == [(i, ACTIONS[k]) for i, k in witnessed([app.page])]
    assert [r.id for r in rows] == sorted(r.id for r in rows)
    assert [r.created for r in rows] != sorted(r.created for r in rows)
    sound(workspace, [app.page])
    ready(app.page, "before the undo")
    others = somebody_else(browser, server)
    theirs, mine = (one.page.locator(".card") for one in (others, app))
    expect(theirs).not_to_have_attribute("data-image", mine.get_attribute("data-image"))  # that is leased
    ready(others.page, "for somebody else")
    # Held against it once more: between two people's cards there is none, which is not the first one's either.
    assert theirs.get_attribute("data-image") != mine.get_attribute("data-image")
    assert int(theirs.get_attribute("data-image")) not in {row.image_id for row in rows}
    app.page.keyboard.press("Backspace")
    expect(app.page.locator(".card")).to_have_attribute("data-image", str(rows[-1].image_id))
    all_stored(app.page)
    assert log(workspace)[-1].undoes == rows[-1].id
    others.close()
    app.close()


def somebody_else(browser: Browser, server: Server) -> App:
    other = opened(browser, server)
    field = other.page.get_by_role("textbox", name="Reviewer")
    field.fill("ben")
    field.press("Enter")
    return other
