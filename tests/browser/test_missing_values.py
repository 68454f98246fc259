"""A click in a picture of missing values filters the other pictures, the figures and the images."""

from __future__ import annotations

from collections import defaultdict

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from core.store.missing import report
from core.store.schema import cell, image, label
from core.workspace import Workspace
from tests.browser.app import IDLE, PRESS, App
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


def press(app: App, picture: str, tip: str) -> None:
    """Click the thing in a picture about which the board says this under the mouse."""
    things = app.page.locator(f"[data-picture={picture}] .gw-hit")
    things.first.wait_for()  # the component's script may come after the page is said to be whole
    for n in range(things.count()):
        things.nth(n).hover()
        if app.page.locator(".gw-tip").filter(visible=True).inner_text().startswith(tip):
            things.nth(n).click(delay=PRESS)
            return
    raise AssertionError(f"Nothing in {picture} is {tip!r}.")


def shows(app: App, images: int, *chips: str) -> None:
    """Wait until so many images are chosen, by these conditions."""
    expect(app.page.locator(".gw-value").first).to_have_text(f"{images:,}")
    drawn = app.page.locator(".gw-chip")
    expect(drawn).to_have_count(len(chips))
    expect(drawn).to_contain_text(list(chips))
    app.idle()


def first_of(server: Server, missing: set[str]) -> list[str]:
    """Return the file names of the first six images that lack exactly these labels in the table."""
    lacks = defaultdict(set)
    names = select(image.c.fname, label.c.name, cell.c.given).join_from(image, cell).join(label).order_by(image.c.id)
    with Workspace.open(server.home / "demo").read() as connection:
        for name, of, given in connection.execute(names):
            lacks[name] |= {of} if given is None else set()
    return [name for name, found in lacks.items() if found == missing][:6]


def test_clicks_on_a_bar_a_pattern_and_a_part_of_the_rows_choose_images(browser: Browser, server: Server):
    with Workspace.open(server.home / "demo").read() as connection:
        found = report(connection)
    bars, patterns = found.by_label["distancing"], {p.missing: p.rows for p in found.patterns}
    app = App(browser, server.url)
    app.go("Missing values")
    strip, page = app.page.locator(".gw-cards"), app.page

    # The last part of a stacked bar.
    press(app, "cells_by_label", f"distancing: {bars['open']} open")
    shows(app, bars["open"], "distancing: open")
    expect(strip).to_contain_text("distancing: open")
    expect(strip).not_to_contain_text("distancing: apart")
    expect(page.get_by_text(f"1 to 6 of {bars['open']} images")).to_be_visible()
    page.get_by_role("button", name="Next").click(delay=PRESS)
    expect(page.get_by_text(f"7 to 12 of {bars['open']} images")).to_be_visible()
    press(app, "cells_by_label", f"distancing: {bars['open']} open")
    shows(app, found.rows)

    # A pattern's bar, then another pattern in its place.
    press(app, "patterns", f"{patterns['mask', '5k']} rows: mask, 5k missing")
    shows(app, patterns["mask", "5k"], "missing: mask, 5k")
    # By what was imported: another test on this server may have decided some of them meanwhile.
    expect(strip.locator(".gw-card .gw-line:first-of-type")).to_contain_text(first_of(server, {"mask", "5k"}))
    page.get_by_label("Only images where").focus()  # makes the options
    page.get_by_label("Only images where").select_option(f"missing: distancing, 5k ({patterns['distancing', '5k']})")
    shows(app, patterns["distancing", "5k"], "missing: distancing, 5k")
    page.locator(".gw-chip").click(delay=PRESS)
    shows(app, found.rows)

    # 160 rows in 60 parts: the first has rows 1 and 2.
    press(app, "gap_matrix", "rows 1 to 2")
    shows(app, 2, "rows 1 to 2")
    expect(strip).to_contain_text("scene_00002")
    expect(strip).not_to_contain_text("scene_00003")
    page.get_by_role("button", name="Clear all").click(delay=PRESS)
    shows(app, found.rows)

    # The same figure by plotly itself, in large.
    page.get_by_role("button", name="Enlarge: Missing together").click(delay=PRESS)
    expect(page.get_by_role("dialog").locator(".js-plotly-plot")).to_be_visible()
    app.check()
    app.close()


def test_the_board_goes_on_after_a_visit_elsewhere_and_in_another_width(browser: Browser, server: Server):
    with Workspace.open(server.home / "demo").read() as connection:
        found = report(connection)
    app = App(browser, server.url)
    page = app.page
    app.go("Missing values")
    wide = page.locator("[data-picture=patterns] svg").bounding_box()["width"]
    app.go("Dataset")
    page.set_viewport_size({"width": 1000, "height": 900})
    app.go("Missing values")
    svg = page.locator("[data-picture=patterns] svg")
    expect(svg).to_have_count(1)
    room = page.locator("[data-picture=patterns]").bounding_box()["width"]
    fits = "(room) => Math.abs(document.querySelector('[data-picture=patterns] svg').clientWidth - room) < 2"
    page.wait_for_function(fits, arg=room)
    assert room != pytest.approx(wide, abs=2)
    open_cells = found.by_label["distancing"]["open"]
    press(app, "cells_by_label", f"distancing: {open_cells} open")
    shows(app, open_cells, "distancing: open")
    page.locator(".gw-chip").click(delay=PRESS)
    shows(app, found.rows)

    # A box opens and closes with the same button.
    rules = page.locator(".gw-boxes button").filter(has_text="Rules")
    rules.click(delay=PRESS)
    expect(page.get_by_label("Rules", exact=True).locator("visible=true")).to_have_count(1)
    expect(rules).to_have_attribute("aria-expanded", "true")
    rules.click(delay=PRESS)
    expect(rules).to_have_attribute("aria-expanded", "false")
    expect(page.locator("textarea")).to_have_count(0)
    app.check()
    app.close()


def test_a_reload_and_a_link_keep_what_is_chosen_and_other_pages_know_nothing_of_it(browser: Browser, server: Server):
    with Workspace.open(server.home / "demo").read() as connection:
        found = report(connection)
    cells = found.by_label["distancing"]["open"]
    app = App(browser, server.url)
    page = app.page
    app.go("Missing values")
    entries = page.evaluate("history.length")
    press(app, "cells_by_label", f"distancing: {cells} open")
    shows(app, cells, "distancing: open")
    page.wait_for_function("location.search.includes('where=')")
    assert page.evaluate("history.length") == entries
    page.reload()
    shows_after_reload(app, cells)
    link = page.url
    app.go("Export")
    assert "where" not in page.url
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Missing values")
    shows(app, cells, "distancing: open")
    page.locator(".gw-chip").click(delay=PRESS)
    shows(app, found.rows)
    page.wait_for_function("!location.search.includes('where=')")
    page.goto(link)
    shows_after_reload(app, cells)
    app.close()


def shows_after_reload(app: App, cells: int) -> None:
    app.page.wait_for_selector(IDLE)
    app.errors.clear()  # below a page's name Streamlit looks for its server twice in vain
    shows(app, cells, "distancing: open")
