"""Nothing that was decided is lost, doubled or stored for another image: servers killed, pages reloaded, two tabs.

`GAPWISE_KILLS=50` kills the server fifty times instead of twice.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from core.store import decisions
from core.store.labels import label_id
from core.workspace import Workspace
from tests.browser.conftest import Server
from tests.browser.reviewing import PATIENT, all_stored, answer, opened, press, ready, second_tab, sound, witnessed
from tests.conftest import log, waiting

pytestmark = pytest.mark.browser
KILLS = int(os.environ.get("GAPWISE_KILLS", "2"))


@pytest.fixture
def own(tmp_path, build) -> Iterator[tuple[Server, Workspace]]:
    """A server of its own, and a workspace in which `mask` waits."""
    workspace = waiting(build, max(240, 90 * KILLS))
    server = Server(tmp_path)
    server.start()
    yield server, workspace
    server.stop()


def test_nothing_is_lost_when_the_server_is_killed_and_pages_are_reloaded(browser: Browser, own):
    """Two tabs, same reviewer, same items. What was under way when the server died was lost with native buttons."""
    server, workspace = own
    rng = random.Random(KILLS)
    app = opened(browser, server)
    pages = [app.page, second_tab(app)]
    for kill in range(KILLS):
        press(pages, rng, rng.randint(8, 16))
        server.process.kill()
        press(pages, rng, 6)  # the pictures held go on, the answers wait
        server.process.wait()
        server.start()
        if kill % 2:
            for page in pages:
                page.reload(wait_until="commit", timeout=PATIENT)
        for page in pages:
            ready(page, f"after kill {kill + 1}")
        press(pages, rng, 6)
    for page in pages:
        all_stored(page)
    print(f"{KILLS} kills, {len(witnessed(pages))} answers, {len(log(workspace))} stored")
    assert len(witnessed(pages)) > 10 * KILLS
    sound(workspace, pages)
    app.close()


def test_while_the_server_is_gone_it_is_said_and_a_reload_keeps_what_is_not_stored(browser: Browser, own):
    server, workspace = own
    app = opened(browser, server)
    app.page.route("**/gapwise/review*", lambda route: route.abort())  # the network is gone, the page is not
    for key in "ax1":
        answer(app.page, key)
    expect(app.page.get_by_role("alert").filter(has_text="3 not stored yet")).to_be_visible()
    assert log(workspace) == []
    app.page.unroute("**/gapwise/review*")
    app.page.reload()
    ready(app.page, "after the reload")
    all_stored(app.page)
    ready(app.page, "once all is stored")
    shown = app.page.locator(".card").get_attribute("data-image")
    rows = log(workspace)
    assert [r.action for r in rows] == ["accept", "reject", "choose"]
    assert int(shown) not in {r.image_id for r in rows}
    # Undo goes on over the reload, by what the server knows; pressed faster than it answers.
    for _ in range(3):
        app.page.keyboard.press("Backspace")
    expect(app.button("Undo")).to_be_disabled(timeout=15_000)
    undone = log(workspace)[3:]
    assert [r.undoes for r in undone] == [rows[2].id, rows[1].id, rows[0].id]
    # Its picture is loaded after the answer: on a busy machine it is not there at once.
    expect(app.page.locator(".card")).to_have_attribute("data-image", str(rows[0].image_id), timeout=15_000)
    app.close()


def test_what_the_server_refuses_is_said_and_its_picture_comes_back(browser: Browser, own):
    server, workspace = own
    app = opened(browser, server)
    first = app.page.locator(".card").get_attribute("data-image")
    refusal = {"status": 422, "content_type": "application/json", "body": '{"error": "No, not this one."}'}
    app.page.route("**/gapwise/review", lambda r: r.fulfill(**refusal) if r.request.method == "POST" else r.continue_())
    answer(app.page, "a")
    expect(app.page.locator(".refused")).to_have_text(re.compile(r"\.png: No, not this one\."))
    app.page.unroute("**/gapwise/review")
    assert app.page.locator(".card").get_attribute("data-image") != first  # what somebody looks at stays
    app.page.keyboard.press("x")
    expect(app.page.locator(".card")).to_have_attribute("data-image", first)
    all_stored(app.page)
    assert [str(r.image_id) for r in log(workspace)] != [first]
    app.close()


def test_keys_count_once_where_they_are_meant_and_undo_goes_back_as_far_as_one_likes(browser: Browser, own):
    server, workspace = own
    app = opened(browser, server)
    page, card = app.page, app.page.locator(".card")
    shown = [card.get_attribute("data-image")]
    for _ in range(14):  # more than pictures are kept decoded
        answer(page, "a")
        ready(page, "after an answer")
        shown.append(card.get_attribute("data-image"))
    assert len(set(shown)) == 15
    for key in ("Control+a", "Alt+x", "c"):
        page.keyboard.press(key)
    page.get_by_test_id("stTextInputField").press("a")  # typed into a field
    page.get_by_test_id("stTextInputField").press("Backspace")
    page.get_by_role("heading", level=1).click(delay=60)
    assert card.get_attribute("data-image") == shown[-1]
    all_stored(page)
    assert [str(r.image_id) for r in log(workspace)] == shown[:-1]
    for image in reversed(shown[:-1]):
        app.button("Undo").click()
        expect(card).to_have_attribute("data-image", image)
    all_stored(page)
    undone = [r.undoes for r in log(workspace) if r.action == "undo"]
    assert undone == [r.id for r in reversed(log(workspace)[:14])]
    app.button("Reject").dblclick()  # the second click was meant for the picture that is gone
    page.wait_for_timeout(300)
    all_stored(page)
    assert [r.action for r in log(workspace)[28:]] == ["reject"]
    app.close()


def test_an_answer_that_contradicts_is_said_until_it_is_taken_back(browser: Browser, own):
    server, workspace = own
    app = opened(browser, server)
    first = int(app.page.locator(".card").get_attribute("data-image"))
    with workspace.write() as connection:  # somebody else decides what rules out the answer that is given next
        about = {"image_id": first, "label_id": label_id(connection, "5k"), "action": "choose", "value": 1}
        decisions.decide(connection, client_id="b", reviewer="bob", **about)
    notice = app.page.locator(".contradicted")
    expect(notice).to_be_hidden()
    answer(app.page, "x")
    expect(notice).to_contain_text("contradicts itself now: mask is 0 and 5k is 1")
    answer(app.page, "a")  # an answer to another image leaves it there
    all_stored(app.page)
    expect(notice).to_be_visible()
    app.page.keyboard.press("Backspace")
    app.page.keyboard.press("Backspace")
    all_stored(app.page)
    expect(notice).to_be_hidden()
    assert [r.action for r in log(workspace)[1:]] == ["reject", "accept", "undo", "undo"]
    app.close()
