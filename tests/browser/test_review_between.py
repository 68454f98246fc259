"""Between card, grid and fields: what goes from one to the other, and which of them has the keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from core.store import decisions
from core.store.labels import label_id
from core.store.review_schema import note
from tests.browser.app import App
from tests.browser.reviewing import READY, all_stored, answer, opened, ready
from tests.browser.test_review_grid import gridded, images, seen
from tests.browser.test_review_kill import own  # noqa: F401 - a fixture
from tests.conftest import log

pytestmark = pytest.mark.browser


def answered(browser: Browser, own) -> tuple[App, str]:  # noqa: F811
    """Return the page once its first picture was accepted and that is stored, and which picture it was."""
    app = opened(browser, own[0])
    first = app.page.locator(".card").get_attribute("data-image")
    answer(app.page, "a")
    all_stored(app.page)
    return app, first


def drawn(page: Page) -> None:
    """Every tile has its picture: a canvas without one is 300 pixels wide."""
    page.wait_for_function(
        "c => [...c.querySelectorAll('.tile canvas')].every((e) => e.width !== 300)",
        arg=page.locator(".card").element_handle(),
    )


def test_a_grid_that_is_taken_back_from_the_card_is_shown_there(browser: Browser, own):  # noqa: F811
    """Its items had only a small picture: the card said "Loading…" for ever."""
    server, workspace = own
    app = opened(browser, server)
    page = app.page
    shown = gridded(page)
    page.keyboard.press("a")
    all_stored(page)
    page.keyboard.press("g")
    page.wait_for_selector(READY)
    page.keyboard.press("Backspace")
    expect(page.locator(".card")).to_have_attribute("data-image", str(shown[0]))
    answer(page, "x")
    all_stored(page)
    assert [(r.image_id, r.action) for r in log(workspace)[48:]] == [(shown[0], "reject")]
    app.close()


def test_what_was_marked_and_answered_comes_back_into_the_grid_with_its_picture(browser: Browser, own):  # noqa: F811
    """The small picture had been freed when the grid was left; drawing it once more ended in an error."""
    server, _ = own
    app = opened(browser, server)
    page = app.page
    shown = gridded(page)
    page.locator(".tile").nth(2).click()
    page.keyboard.press("g")
    expect(page.locator(".card")).to_have_attribute("data-image", str(shown[2]))
    answer(page, "a")
    all_stored(page)
    page.keyboard.press("g")
    expect(page.locator(".tile")).to_have_count(24)
    page.keyboard.press("Backspace")
    expect(page.locator(".tile").first).to_have_attribute("data-image", str(shown[2]))
    drawn(page)
    assert [e for e in app.errors if "404" not in e] == []
    app.close()


def test_pictures_of_the_grid_come_once_the_server_is_there_again(browser: Browser, own):  # noqa: F811
    """What failed to load while it was away stayed "can't be shown"."""
    server, _ = own
    app = opened(browser, server)
    page = app.page
    page.route("**/gapwise/preview/*", lambda route: route.abort())
    page.keyboard.press("g")
    expect(page.locator(".tile")).to_have_count(24)
    page.wait_for_timeout(500)
    page.unroute("**/gapwise/preview/*")
    seen(page, 24)
    drawn(page)
    app.close()


def test_after_a_choice_in_the_grids_list_keys_are_the_grids(browser: Browser, own):  # noqa: F811
    server, workspace = own
    app = opened(browser, server)
    page = app.page
    page.set_viewport_size({"width": 1400, "height": 1300})
    page.keyboard.press("g")
    sizes = page.locator(".grid select")
    sizes.click(delay=60)
    sizes.select_option("12")
    page.keyboard.press("Escape")
    seen(page, 12)
    shown = images(page)
    page.locator(".tile").first.click()
    page.keyboard.press("1")
    all_stored(page)
    assert [(r.image_id, r.action, r.value) for r in log(workspace)] == [(shown[0], "choose", 0)]
    app.close()


def test_after_a_switch_was_clicked_keys_are_the_cards(browser: Browser, own):  # noqa: F811
    """A switch keeps the focus, and was taken for a field in which somebody types."""
    server, workspace = own
    app = opened(browser, server)
    page, switch = app.page, app.page.get_by_test_id("stSidebar").get_by_text("Plain buttons")
    switch.click(delay=60)
    expect(page.get_by_test_id("stMain").get_by_role("button", name="Reject Shortcut")).to_be_visible()
    switch.click(delay=60)
    page.wait_for_selector(READY)
    answer(page, "x")
    all_stored(page)
    assert [r.action for r in log(workspace)] == ["reject"]
    app.close()


def test_a_held_key_goes_on_in_a_note_and_moves_a_zoomed_picture(browser: Browser, own):  # noqa: F811
    """A held backspace took away one sign; a held arrow moved the picture once."""
    server, _ = own
    app = opened(browser, server)
    page, frame = app.page, app.page.locator(".frame")
    page.keyboard.press("n")
    page.keyboard.type("blurred")
    for _ in range(4):
        page.keyboard.down("Backspace")
    page.keyboard.up("Backspace")
    expect(page.locator("textarea")).to_have_value("blu")
    page.keyboard.press("Escape")
    for _ in range(7):
        page.keyboard.press("+")
    page.keyboard.down("ArrowRight")
    once = frame.evaluate("e => e.style.transform")
    page.keyboard.down("ArrowRight")
    page.keyboard.up("ArrowRight")
    assert frame.evaluate("e => e.style.transform") != once
    app.close()


def test_a_page_that_is_scrolled_goes_on_over_the_picture(browser: Browser, own):  # noqa: F811
    """Scrolling up again from below ended at the picture, which was zoomed."""
    server, _ = own
    app = opened(browser, server)
    stage = app.page.locator(".stage")
    roll = "e => e.dispatchEvent(new WheelEvent('wheel', { deltaY: -100, bubbles: true, cancelable: true }))"
    assert stage.evaluate(f"e => {{ document.dispatchEvent(new Event('scroll')); return ({roll})(e); }}")
    expect(stage).to_have_class("stage")
    app.page.wait_for_timeout(500)
    assert not stage.evaluate(roll)
    expect(stage).to_have_class("stage zoomed")
    app.close()


def test_a_note_is_whose_who_wrote_it_also_when_another_name_is_typed(browser: Browser, own):  # noqa: F811
    server, workspace = own
    app = opened(browser, server)
    page, name = app.page, app.page.get_by_label("Reviewer", exact=True)
    for who in ("ann", "ben"):
        name.fill(who)
        name.press("Enter")
        app.page.wait_for_timeout(1500)
        ready(page, f"for {who}")
        if who == "ann":
            page.get_by_role("heading", level=1).click(delay=60)
            page.keyboard.press("n")
            page.keyboard.type("too dark")
    page.wait_for_timeout(1000)
    with workspace.read() as connection:
        assert connection.execute(select(note.c.reviewer, note.c.text)).all() == [("ann", "too dark")]
    app.close()


def test_who_types_another_name_leaves_the_pictures_to_others(browser: Browser, own):  # noqa: F811
    """Whoever typed a name at first left twenty pictures to the account's name for five minutes."""
    server, _ = own
    app = opened(browser, server)
    page, name = app.page, app.page.get_by_label("Reviewer", exact=True)
    first = page.locator(".card").get_attribute("data-image")
    page.wait_for_function("[...gapwiseQueues.values()][0].buffer.length === 20")
    name.fill("ben")
    name.press("Enter")
    page.wait_for_function("gapwiseQueues.size === 2")
    expect(page.locator(".card")).to_have_attribute("data-image", first)
    page.reload()
    expect(page.locator(".card")).to_have_attribute("data-image", first)
    app.close()


def test_what_an_undo_did_not_take_back_does_not_stay_on_the_card(browser: Browser, own):  # noqa: F811
    """After a bulk acceptance, or an answer in another tab, the last one here was shown as if it were open again."""
    workspace = own[1]
    app, first = answered(browser, own)
    page, card = app.page, app.page.locator(".card")
    shown = card.get_attribute("data-image")
    with workspace.write() as connection:  # the same person, elsewhere
        about = {"image_id": 239, "label_id": label_id(connection, "mask"), "action": "choose", "value": 1}
        decisions.decide(connection, client_id="b", reviewer=log(workspace)[0].reviewer, **about)
    page.keyboard.press("Backspace")
    expect(page.locator(".refused")).to_contain_text("nothing was taken back. Undo again.")
    expect(card).to_have_attribute("data-image", shown)
    page.keyboard.press("Backspace")
    expect(card).to_have_attribute("data-image", "239")
    page.keyboard.press("Backspace")
    expect(card).to_have_attribute("data-image", first)
    all_stored(page)
    assert [r.undoes for r in log(workspace)[2:]] == [2, 1]
    app.close()


def test_what_was_answered_again_before_its_undo_was_stored_does_not_come_back(browser: Browser, own):  # noqa: F811
    """Taken back and answered anew while the server was away, it was shown once more, and a third answer was kept."""
    workspace = own[1]
    app, first = answered(browser, own)
    page, card = app.page, app.page.locator(".card")
    page.route("**/gapwise/review*", lambda route: route.abort())
    page.keyboard.press("Backspace")
    expect(card).to_have_attribute("data-image", first)
    answer(page, "x")
    shown = card.get_attribute("data-image")
    page.unroute("**/gapwise/review*")
    all_stored(page)
    expect(card).to_have_attribute("data-image", shown)
    assert [r.action for r in log(workspace)] == ["accept", "undo", "reject"]
    app.close()


def test_more_that_is_taken_back_than_the_server_takes_to_be_held_stops_nothing(browser: Browser, own):  # noqa: F811
    """Twenty grids that were taken back: each answer after it was refused, as if it were at fault."""
    server, workspace = own
    app = opened(browser, server)
    page = app.page
    page.evaluate("""() => {
      const queue = [...gapwiseQueues.values()][0];
      for (let i = 0; i < 1200; i += 1) queue.buffer.push({ image: 100000 + i, label: queue.label, state: "new" });
    }""")
    first = int(page.locator(".card").get_attribute("data-image"))
    answer(page, "a")
    all_stored(page)
    assert [(r.image_id, r.action) for r in log(workspace)] == [(first, "accept")]
    app.close()


def test_the_only_picture_that_is_left_comes_back_when_it_is_skipped(browser: Browser, own):  # noqa: F811
    """For ten seconds the card said that it was on somebody else's screen."""
    server, workspace = own
    with workspace.write() as connection:
        mask = label_id(connection, "mask")
        for image in range(1, 240):
            about = {"image_id": image, "label_id": mask, "action": "choose", "value": 1}
            decisions.decide(connection, client_id=f"b{image}", reviewer="ben", **about)
    app = opened(browser, server)
    card = app.page.locator(".card")
    for n in range(2):
        expect(card).to_have_attribute("data-image", "240")
        ready(app.page, "before it is skipped")
        app.page.keyboard.press("Space")
        expect(app.page.locator(".progress")).to_contain_text(f"{n + 1} done")
        expect(card).to_have_attribute("data-image", "240", timeout=8_000)
    app.close()
