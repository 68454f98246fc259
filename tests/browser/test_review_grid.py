"""The review card beyond one key for one picture: the grid, notes, changed keys, zoom, hidden proposals, two tabs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from core.store import acceptances, blind, profiles
from core.store.bulk import Rule
from core.store.labels import label_id
from core.store.review_schema import blind as blind_table
from core.store.review_schema import note
from tests.browser.reviewing import READY, all_stored, answer, opened, ready
from tests.browser.test_review_kill import own  # noqa: F401 - a fixture
from tests.conftest import log

pytestmark = pytest.mark.browser
LOOK = 900  # milliseconds until a page of the grid counts as looked at


def images(page: Page) -> list[int]:
    return [int(t.get_attribute("data-image")) for t in page.locator(".tile").all()]


def seen(page: Page, count: int) -> None:
    expect(page.locator(".card")).to_have_attribute("data-seen", str(count))
    page.wait_for_timeout(LOOK)


def gridded(page: Page) -> list[int]:
    """Open the grid with room for all of its pictures; return them once they count as looked at."""
    page.set_viewport_size({"width": 1400, "height": 1300})
    page.keyboard.press("g")
    seen(page, 24)
    return images(page)


def test_a_grid_accepts_what_was_seen_and_not_marked_and_takes_it_back_whole(browser: Browser, own):  # noqa: F811
    server, workspace = own
    app = opened(browser, server)
    page = app.page
    shown = gridded(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")  # the 8th: six columns
    page.locator(".tile").nth(3).click()
    expect(page.locator('.tile[aria-selected="true"]')).to_have_count(2)
    page.keyboard.down("a")
    for _ in range(4):  # fewer than 0.7 s on a busy machine, too: then the next page may be accepted
        page.keyboard.down("a")  # held: once
        page.wait_for_timeout(20)
    page.keyboard.up("a")
    page.keyboard.press("a")  # pressed again at once: nobody has looked at the next page
    all_stored(page)
    exceptions = [shown[3], shown[7]]
    assert [r.image_id for r in log(workspace)] == [i for i in shown if i not in exceptions]
    assert {(r.action, r.applied) for r in log(workspace)} == {("accept", 1)}
    seen(page, 24)
    assert not set(images(page)) & set(shown)
    page.keyboard.press("Backspace")
    all_stored(page)
    undone = [r.undoes for r in log(workspace) if r.action == "undo"]
    assert undone == [r.id for r in reversed(log(workspace)[:22])]
    assert set(images(page)) >= set(shown) - set(exceptions)
    page.keyboard.press("g")
    page.wait_for_selector(READY)
    first = int(page.locator(".card").get_attribute("data-image"))
    assert first == exceptions[0]  # what was marked comes next, alone and large
    page.keyboard.press("x")
    all_stored(page)
    assert [(r.image_id, r.action) for r in log(workspace)[44:]] == [(first, "reject")]
    # Streamlit itself asks below a page's address first, after a reload there.
    assert [e for e in app.errors if "404" not in e] == []
    app.close()


def test_what_was_never_on_screen_is_not_accepted_and_marked_ones_can_be_answered(browser: Browser, own):  # noqa: F811
    server, workspace = own
    app = opened(browser, server)
    page = app.page
    page.set_viewport_size({"width": 1400, "height": 700})
    page.get_by_role("button", name="Grid").click()
    page.locator("select").select_option("60")
    expect(page.locator(".tile")).to_have_count(60)
    page.wait_for_timeout(2500)
    count = int(page.locator(".card").get_attribute("data-seen"))
    assert 0 < count < 60
    expect(page.locator(".hint")).to_contain_text(f"{60 - count} not seen yet")
    shown = images(page)
    page.locator(".tile").nth(0).click()
    page.keyboard.press("1")
    all_stored(page)
    assert [(r.image_id, r.action, r.value) for r in log(workspace)] == [(shown[0], "choose", 0)]
    page.wait_for_timeout(2500)
    count = int(page.locator(".card").get_attribute("data-seen"))
    page.keyboard.press("a")
    all_stored(page)
    accepted = [r.image_id for r in log(workspace)[1:]]
    assert len(accepted) == count
    assert accepted == images_in_order(shown[1:], accepted)
    app.close()


def images_in_order(shown: list[int], chosen: list[int]) -> list[int]:
    return [i for i in shown if i in chosen]


def test_notes_go_by_themselves_or_with_the_answer_and_typing_decides_nothing(browser: Browser, own):  # noqa: F811
    server, workspace = own
    app = opened(browser, server)
    page = app.page
    first = int(page.locator(".card").get_attribute("data-image"))
    page.keyboard.press("n")
    page.keyboard.type("an ax 1 ? g")
    page.keyboard.press("Enter")
    expect(page.locator(".notes")).to_have_text("you: an ax 1 ? g")
    page.keyboard.press("n")
    page.keyboard.type("blurred")
    page.get_by_role("button", name="Accept").click()
    all_stored(page)
    assert [(r.image_id, r.action, r.note) for r in log(workspace)] == [(first, "accept", "blurred")]
    with workspace.read() as connection:
        assert connection.execute(select(note.c.image_id, note.c.text)).all() == [(first, "an ax 1 ? g")]
    app.close()


def test_keys_can_be_changed_are_shown_and_kept(browser: Browser, own):  # noqa: F811
    server, workspace = own
    app = opened(browser, server)
    page = app.page
    page.keyboard.press("?")
    page.locator('[data-remap="accept"]').click()
    page.keyboard.press("x")  # taken: the two change places
    page.keyboard.press("?")
    expect(page.get_by_role("button", name="Accept")).to_have_text("Accept x")
    page.keyboard.press("a")
    all_stored(page)
    page.reload()
    answer(page, "x")
    all_stored(page)
    assert [r.action for r in log(workspace)] == ["reject", "accept"]
    page.keyboard.press("?")
    page.get_by_role("button", name="Reset keys").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Accept")).to_have_text("Accept a")
    app.close()


def test_a_hidden_proposal_is_answered_by_choosing_and_told_apart(browser: Browser, own):  # noqa: F811
    server, workspace = own
    with workspace.write() as connection:
        blind.set_percent(connection, 100)
    app = opened(browser, server)
    page = app.page
    expect(page.locator(".question")).to_have_text("mask: which? ")
    for key in ("a", "x"):
        page.keyboard.press(key)
        page.wait_for_timeout(80)
    answer(page, "2")
    all_stored(page)
    assert [(r.action, r.value) for r in log(workspace)] == [("choose", 1)]
    with workspace.read() as connection:
        assert connection.execute(select(blind_table.c.decision_id)).scalars().all() == [1]
    page.get_by_text("Progress", exact=True).click()
    expect(page.locator(".lines")).to_contain_text("100.0% of 1 (95% interval 20.7% to 100.0%)")
    app.close()


def test_a_check_is_judged_without_its_proposal_and_stays_until_it_is_answered(browser: Browser, own):  # noqa: F811
    server, workspace = own
    with workspace.write() as connection:
        mask, profiles_now = label_id(connection, "mask"), profiles.read(connection).ids.tolist()
        promise = acceptances.Promise(mask, 1, 0.9, 0.95, [Rule(profiles_now, 1, 0.0)], [], 0.01)
        acceptances.accept(connection, client_id="bulk", reviewer="ann", promise=promise)
    app = opened(browser, server)
    page = app.page
    expect(page.locator(".question")).to_have_text("mask: which? ")
    expect(page.locator(".why")).to_contain_text("A check, chosen by chance")
    expect(page.locator(".others")).to_have_text("This image: distancing 1 (given)")
    first = page.locator(".card").get_attribute("data-image")
    page.wait_for_timeout(5000)  # longer than it takes to hear what has a value by now
    for key in ("a", "x"):
        page.keyboard.press(key)
        page.wait_for_timeout(80)
    expect(page.locator(".card")).to_have_attribute("data-image", first)
    page.keyboard.press("1")
    all_stored(page)
    assert [(r.action, r.value) for r in log(workspace)] == [("bulk", None), ("choose", 0)]
    page.keyboard.press("Backspace")
    expect(page.locator(".card")).to_have_attribute("data-image", first)
    expect(page.locator(".why")).to_contain_text("A check, chosen by chance")
    all_stored(page)
    app.close()


def test_what_another_tab_decided_is_not_shown_any_more_without_a_reload(browser: Browser, own):  # noqa: F811
    server, workspace = own
    one, two = opened(browser, server), opened(browser, server)
    shown = []
    for _ in range(4):
        shown.append(one.page.locator(".card").get_attribute("data-image"))
        answer(one.page, "a")
        ready(one.page, "after an answer")
    all_stored(one.page)
    assert two.page.locator(".card").get_attribute("data-image") == shown[0]
    two.page.bring_to_front()
    expect(two.page.locator(".said")).to_contain_text("Somebody else has decided this one")
    answer(two.page, "a")
    ready(two.page, "after the answer")
    assert two.page.locator(".card").get_attribute("data-image") not in shown
    all_stored(two.page)
    assert [r.applied for r in log(workspace)] == [1, 1, 1, 1, 0]
    one.close()
    two.close()


def test_the_picture_is_zoomed_by_keys_wheel_double_click_and_buttons(browser: Browser, own):  # noqa: F811
    server, _ = own
    app = opened(browser, server)
    page, stage = app.page, app.page.locator(".stage")
    for zoom in (
        lambda: page.keyboard.press("+"),
        lambda: (stage.hover(), page.mouse.wheel(0, -300)),
        lambda: stage.dblclick(),
        lambda: page.get_by_role("button", name="Zoom in").click(),
    ):
        zoom()
        expect(stage).to_have_class("stage zoomed")
        before = page.locator(".frame").evaluate("e => e.style.transform")
        page.keyboard.press("ArrowRight")
        assert page.locator(".frame").evaluate("e => e.style.transform") != before
        page.keyboard.press("0")
        expect(stage).to_have_class("stage")
    app.close()


def test_two_fingers_zoom_and_one_moves_on_a_phone(browser: Browser, own):  # noqa: F811
    server, workspace = own
    app = opened(browser, server)
    page, stage = app.page, app.page.locator(".stage")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(500)
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = app.context.new_cdp_session(page)

    def fingers(kind: str, *at: float) -> None:
        points = [{"x": x + a, "y": y, "id": n} for n, a in enumerate(at)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", -20)
    fingers("touchStart", -20, 20)
    for apart in (30, 50, 70):
        fingers("touchMove", -apart, apart)
    fingers("touchEnd")
    expect(stage).to_have_class("stage zoomed")
    before = page.locator(".frame").evaluate("e => e.style.transform")
    fingers("touchStart", 0)
    for to in (10, 30, 50):
        fingers("touchMove", to)
    fingers("touchEnd")
    assert page.locator(".frame").evaluate("e => e.style.transform") != before
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390  # nothing sticks out
    page.get_by_role("button", name="Reject").click()
    all_stored(page)
    assert [r.action for r in log(workspace)] == ["reject"]
    app.close()
