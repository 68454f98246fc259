"""The address carries the workspace, in a real browser: reload, shared link, other pages, back."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import expect

from tests.browser.app import IDLE, PRESS, App

pytestmark = pytest.mark.browser


def test_a_reload_and_a_link_open_the_workspace_that_was_chosen(server, browser):
    other = server.home / "other set"
    shutil.copytree(server.home / "demo", other)
    app = App(browser, server.url)
    page = app.page
    try:
        picker = page.get_by_test_id("stSidebar").get_by_test_id("stSelectbox")
        expect(page).to_have_url(f"{server.url}/")  # the usual one
        picker.get_by_role("combobox").click(delay=60)
        page.get_by_role("option", name="other set").click(delay=60)
        expect(page).to_have_url(f"{server.url}/?workspace=other+set")
        app.idle()
        app.go("Missing values")
        expect(page).to_have_url(f"{server.url}/missing_values?workspace=other+set")
        app.go("Export")
        expect(page).to_have_url(f"{server.url}/export?workspace=other+set")
        page.reload()
        page.wait_for_selector(IDLE)
        app.errors.clear()  # below a page's name Streamlit looks for its server twice in vain
        expect(picker.get_by_role("combobox")).to_have_value("other set")
        expect(page).to_have_url(f"{server.url}/export?workspace=other+set")

        page.go_back()  # once: the address makes no entries of its own
        app.idle()
        expect(page.get_by_role("heading", level=1)).to_have_text("Missing values")
        expect(page).to_have_url(f"{server.url}/missing_values?workspace=other+set")

        page.goto(f"{server.url}/runs?workspace=nosuch")
        page.wait_for_selector(IDLE)
        expect(page.get_by_test_id("stSidebar").get_by_test_id("stAlert")).to_contain_text("nosuch")
        expect(picker.get_by_role("combobox")).to_have_value("demo")
    finally:
        app.close()
        shutil.rmtree(other)


def test_pages_that_are_left_before_they_are_drawn_and_steps_back_stay_in_the_workspace(server, browser):
    """The picker is bound to the address; runs that were broken off made it forget, and answers went to the demo."""
    other = server.home / "other set"
    shutil.copytree(server.home / "demo", other)
    app = App(browser, f"{server.url}/?workspace=other+set")
    page = app.page
    try:
        picker = page.get_by_test_id("stSidebar").get_by_test_id("stSelectbox").get_by_role("combobox")
        pages = page.get_by_test_id("stSidebarNav")
        for title in ("Hard examples", "Missing values", "Review", "Runs", "Fine-tune", "Export") * 3:
            pages.get_by_text(title, exact=True).click(delay=PRESS)
        expect(page.get_by_role("heading", level=1)).to_have_text("Export")
        app.idle()
        expect(picker).to_have_value("other set")
        expect(page).to_have_url(f"{server.url}/export?workspace=other+set")
        picker.click(delay=PRESS)
        page.get_by_role("option", name="demo").click(delay=PRESS)
        expect(page).to_have_url(f"{server.url}/export")
        app.go("Missing values")
        # Entries of the history from before name the other one: who goes back stays where the picker was put.
        page.go_back()
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_have_text("Fine-tune")
        app.idle()
        expect(picker).to_have_value("demo")
        expect(page).to_have_url(f"{server.url}/fine_tune")
    finally:
        app.close()
        shutil.rmtree(other)
