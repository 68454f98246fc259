"""The address carries the workspace, in a real browser: reload, shared link, other pages, back."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import expect

from tests.browser.app import IDLE, App

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
