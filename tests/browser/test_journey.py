"""The main job in a browser: from a table with gaps to a filled one."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from playwright.sync_api import Browser, expect

from core.training.command import parse_train_command
from tests.browser.app import PRESS, App
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser
NAMES = {"no mask": "0", "mask": "1"}


def shown_image(app: App) -> str:
    """Return the file name under the picture of the review card."""
    return app.page.get_by_text(re.compile(r"^scene_\d+\.jpg · run")).inner_text().split(" · ")[0]


def proposed(app: App) -> str:
    """Return the class value that the card asks about."""
    heading = app.page.get_by_role("heading", level=3).first.inner_text()
    return NAMES[re.fullmatch(r"mask: (.+)\? \d\.\d\d", heading)[1]]


def press(app: App, key: str) -> None:
    """Press a key and wait until another picture is on the card."""
    before = shown_image(app)
    app.page.keyboard.press(key)
    expect(app.page.get_by_text(re.compile(rf"^{re.escape(before)} · run"))).to_have_count(0)
    app.idle()


def write_free_cells(app: App, server: Server) -> None:
    app.go("Missing values")
    figure = app.page.locator(".gw-figures > div").filter(has_text="Free").locator(".gw-value")
    free = int(figure.inner_text())
    told = json.loads(server.core("missing", "--workspace", str(server.home / "demo"), "--json"))
    assert free == told["cells"]["free"] > 0
    app.button(f"Write the {free} free cells").click()
    expect(figure).to_have_text("0")
    expect(app.button("No free cells to write")).to_be_disabled()
    app.idle()


def train_small_model(app: App, server: Server) -> None:
    app.go("Fine-tune")
    for field, value in (("Epochs", "2"), ("Size: height", "64"), ("Size: width", "64")):
        app.page.get_by_label(field, exact=True).fill(value)
    app.button("Start training").click(delay=PRESS)
    # Nobody presses F5: the panel follows by itself.
    expect(app.page.get_by_text("finished", exact=True).first).to_be_visible(timeout=240_000)
    app.check()
    job = json.loads(server.core("jobs", "--workspace", str(server.home / "demo"), "--json"))[0]
    started = parse_train_command(job["command"]).full_recipe()
    assert (started.epochs, started.size) == (2, 64), "what was typed last is what is trained with"


def review_ten(app: App) -> dict[str, str]:
    """Decide ten items by key, take one of them back; return file name to class of what must be stored."""
    app.go("Review")
    stored: dict[str, str] = {}
    for key in ("a", "x", "1", "2", "a", "x", "1", "2", "a", "x"):
        fname, guess = shown_image(app), proposed(app)
        stored[fname] = {"a": guess, "x": str(1 - int(guess)), "1": "0", "2": "1"}[key]
        press(app, key)
    undone = fname
    press(app, "Backspace")
    assert shown_image(app) == undone
    del stored[undone]
    return stored


def test_from_a_table_with_gaps_to_a_filled_one(browser: Browser, server: Server, tmp_path):
    app = App(browser, server.url)
    expect(app.page.get_by_role("heading", level=1)).to_have_text("Dataset")
    assert app.metric("Images") == "160"
    write_free_cells(app, server)
    train_small_model(app, server)
    stored = review_ten(app)
    assert len(stored) == 9

    app.page.keyboard.press("m")
    expect(app.page.locator("canvas.map")).to_be_visible()
    expect(app.page.locator(".card")).to_have_attribute("data-waiting", "0")

    app.go("Export")
    with app.page.expect_download() as waiting:
        app.button("Download the table (CSV)").click()
    out = tmp_path / "filled.csv"
    waiting.value.save_as(out)
    app.check()
    app.close()
    assert not server.loaded("libtorch"), "the server process has loaded torch"

    imported = pd.read_csv(server.home / "demo" / "demo" / "train_meta.csv", dtype=str, keep_default_na=False)
    filled = pd.read_csv(out, dtype=str, keep_default_na=False)
    assert list(filled.columns) == list(imported.columns)
    assert list(filled["fname"]) == list(imported["fname"])
    gap = imported["mask"] == ""
    assert (filled["mask"][~gap] == imported["mask"][~gap]).all()
    found = filled[gap & (filled["mask"] != "")].set_index("fname")["mask"].to_dict()
    assert found == stored
    # The rules ran: wherever somebody wears no mask, or stands too close, 5k is false.
    broken = ((filled["mask"] == "0") | (filled["distancing"] == "0")) & (filled["5k"] != "0")
    assert not broken.any()
