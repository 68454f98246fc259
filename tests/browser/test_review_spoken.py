"""The review card for people who hear it, and for those who have a keyboard or a finger only."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.reviewing import READY, all_stored, opened
from tests.browser.test_review_kill import own  # noqa: F401 - a fixture
from tests.conftest import log

pytestmark = pytest.mark.browser
# Roles that a person can do something with, and what the card says by itself.
CONTROLS = ("button", "combobox", "textbox", "option")
FINGER = 40  # pixels: what a finger meets
# The controls on screen that a finger would miss.
SMALL = """(least) => {
  const card = [...document.querySelectorAll("*")].map((e) => e.shadowRoot?.querySelector(".card")).find(Boolean);
  const shown = [...card.querySelectorAll("button, select, summary, textarea")].filter((e) => e.offsetParent);
  return shown.filter((e) => e.getBoundingClientRect().height < least).map((e) => e.outerHTML);
}"""


def unnamed(page) -> list[str]:
    """Return the card's controls without a name, as the accessibility tree has them."""
    lines = [line.strip(" -") for line in page.locator(".card").aria_snapshot().splitlines()]
    return [line for line in lines if line.split(" ")[0].split(":")[0] in CONTROLS and '"' not in line]


def test_every_control_has_a_name_and_what_was_stored_is_spoken(browser: Browser, own):  # noqa: F811
    """What an answer did stood in a line that no screen reader heard of; a key was a part of a button's name."""
    server, _ = own
    app = opened(browser, server)
    page = app.page
    assert unnamed(page) == []
    accept = page.get_by_role("button", name="Accept", exact=True)
    expect(accept).to_have_attribute("aria-keyshortcuts", "a")
    expect(page.get_by_role("button", name="Skip", exact=True)).to_have_attribute("aria-keyshortcuts", "Space")
    live, spoken = page.locator(".live"), page.get_by_role("status").and_(page.locator(".said"))
    before = live.inner_text()
    assert before.endswith(page.locator(".question").inner_text())
    page.keyboard.press("a")
    all_stored(page)
    expect(live).not_to_have_text(before)
    expect(spoken).to_contain_text("mask: 1")
    page.keyboard.press("g")
    expect(page.locator(".card")).to_have_attribute("data-seen", "24")
    assert unnamed(page) == []
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(live).to_have_text("1 marked. Accept takes the other 23.")
    page.keyboard.press("?")
    assert unnamed(page) == []
    app.close()


def test_a_card_can_be_answered_with_tab_and_enter_alone(browser: Browser, own):  # noqa: F811
    server, workspace = own
    app = opened(browser, server)
    page = app.page
    focused = (
        "() => [...document.querySelectorAll('*')].map((e) => e.shadowRoot?.activeElement).find(Boolean)?.dataset.act"
    )
    page.get_by_role("button", name="Reject", exact=True).focus()
    first = page.locator(".card").get_attribute("data-image")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(focused) == "accept"
    page.keyboard.press("Enter")
    expect(page.locator(".card")).not_to_have_attribute("data-image", first)
    assert page.evaluate(focused) == "accept"  # the next one, too, without a way back to it
    page.wait_for_timeout(300)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    all_stored(page)
    assert [row.action for row in log(workspace)] == ["accept", "reject"]
    app.close()


def test_on_a_phone_nothing_sticks_out_and_every_button_is_as_large_as_a_finger(browser: Browser, own):  # noqa: F811
    server, workspace = own
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{server.url}/review")
    page.wait_for_selector(READY)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(SMALL, FINGER) == []
    page.get_by_role("button", name="Accept", exact=True).tap()
    all_stored(page)
    page.get_by_role("button", name="Grid", exact=True).tap()
    page.locator(".tile").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(SMALL, FINGER) == []
    assert [row.action for row in log(workspace)] == ["accept"]
    context.close()
