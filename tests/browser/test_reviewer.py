"""Who reviews stays who they are when the page is loaded anew."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.reviewing import all_stored, answer, opened, ready
from tests.browser.test_review_kill import own  # noqa: F401 - a fixture
from tests.conftest import log

pytestmark = pytest.mark.browser
NAME = 'Ann "Bé" O\'Neil; </script> 安'


def test_a_reload_keeps_the_reviewers_name_and_with_it_what_undo_takes_back(browser: Browser, own):  # noqa: F811
    """After a reload the next decisions carried the account's name, and what was on screen waited for its lease."""
    server, workspace = own
    app = opened(browser, server)
    app.errors.clear()  # below a page's name Streamlit looks for its server twice in vain
    field = app.page.get_by_label("Reviewer", exact=True)
    field.fill(NAME)
    field.press("Enter")
    app.page.wait_for_function("gapwiseQueues.size === 2")  # the account's, and the one of that name
    app.page.get_by_role("heading", level=1).click(delay=60)  # out of the field
    answer(app.page, "a")
    all_stored(app.page)
    ready(app.page, "after the answer")
    shown = app.page.locator(".card").get_attribute("data-image")
    app.page.reload()
    ready(app.page, "after the reload")
    expect(field).to_have_value(NAME)
    expect(app.page.locator(".card")).to_have_attribute("data-image", shown)
    app.page.keyboard.press("Backspace")
    all_stored(app.page)
    expect(app.button("Undo")).to_be_disabled()
    assert [(row.action, row.reviewer) for row in log(workspace)] == [("accept", NAME), ("undo", NAME)]
    app.close()
