"""A click in a picture of missing values filters the other pictures, the figures and the images."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from core.store.missing import report
from core.workspace import Workspace
from tests.browser.app import PRESS, App
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

# From a picture's data to the place on the screen: what a person clicks is drawn by plotly, not by us.
_PLACE = """(picture, [x, y, axis]) => {
    const {left, top} = picture.getBoundingClientRect(), layout = picture._fullLayout;
    const [xs, ys] = [layout['xaxis' + axis], layout['yaxis' + axis]];
    return [left + xs._offset + xs.l2p(x), top + ys._offset + ys.l2p(y)];
}"""


def press(app: App, name: str, x: float, y: float, axis: str = "") -> None:
    """Click a picture where its data are x and y."""
    picture = app.page.locator(f".st-key-frame_{name} .js-plotly-plot")
    picture.scroll_into_view_if_needed()
    left, top = picture.evaluate(_PLACE, [x, y, axis])
    app.page.mouse.move(left - 3, top - 3)
    app.page.wait_for_timeout(120)  # plotly looks for what is below the mouse twenty times a second, no more often
    app.page.mouse.move(left, top)
    app.page.wait_for_timeout(120)
    app.page.mouse.down()
    app.page.wait_for_timeout(PRESS)
    app.page.mouse.up()


def shows(app: App, images: int, *chips: str) -> None:
    """Wait until so many images are chosen, by these conditions."""
    value = app.page.get_by_test_id("stMetric").filter(has_text="Images").first.get_by_test_id("stMetricValue")
    expect(value).to_have_text(f"{images:,}")
    drawn = app.page.locator('[class*="st-key-gaps_drop_"]')
    expect(drawn).to_have_count(len(chips))
    expect(drawn).to_contain_text(list(chips))
    app.idle()


def test_clicks_on_a_bar_a_pattern_and_a_part_of_the_rows_choose_images(browser: Browser, server: Server):
    with Workspace.open(server.home / "demo").read() as connection:
        found = report(connection)
    bars, patterns = found.by_label["distancing"], {p.missing: n for n, p in enumerate(found.patterns)}
    app = App(browser, server.url)
    app.go("Missing values")
    strip = app.page.locator(".stHtml").filter(has_text="scene_").first

    # The middle of the last part of a stacked bar.
    press(app, "cells_by_label", found.rows - bars["open"] / 2, 1)
    shows(app, bars["open"], "distancing: open")
    expect(strip).to_contain_text("distancing: open")
    expect(strip).not_to_contain_text("distancing: apart")
    expect(app.page.get_by_text(f"1 to 6 of {bars['open']} images")).to_be_visible()
    press(app, "cells_by_label", found.rows - bars["open"] / 2, 1)
    shows(app, found.rows)

    # A dot below a pattern's bar, then another pattern in its place.
    press(app, "patterns", patterns["mask", "5k"], 0, "2")
    lacking = found.patterns[patterns["mask", "5k"]].rows
    shows(app, lacking, "missing: mask, 5k")
    expect(strip).not_to_contain_text("mask: mask")
    press(app, "patterns", patterns["distancing", "5k"], 0, "2")
    shows(app, found.patterns[patterns["distancing", "5k"]].rows, "missing: distancing, 5k")
    app.button("missing: distancing, 5k").click(delay=PRESS)
    shows(app, found.rows)

    # 160 rows in 60 parts: the first has rows 1 and 2.
    press(app, "gap_matrix", 1, 0.5)
    shows(app, 2, "rows 1 to 2")
    expect(strip).to_contain_text("scene_00002")
    expect(strip).not_to_contain_text("scene_00003")
    app.check()
    app.close()
