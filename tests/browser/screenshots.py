"""Takes the pictures in docs/screenshots: every page, light and dark, on a demo with two trained labels.

    python -m tests.browser.screenshots

Makes a demo in a temporary folder, trains `mask` and `distancing` with `quick-cpu` (some five minutes on two cores),
and opens every page.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser.app import App
from tests.browser.conftest import CHROMIUM_FLAGS, PROJECT, Server, chromium_path

OUT = PROJECT / "docs" / "screenshots"
PAGES = (
    "Dataset",
    "Missing values",
    "Fine-tune",
    "Runs",
    "Review",
    "Activation maps",
    "Hard examples",
    "Scaling",
    "Export",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="keep the workspaces here, and use what is there")
    args = parser.parse_args()
    home = args.home or Path(tempfile.mkdtemp(prefix="gapwise-"))
    home.mkdir(parents=True, exist_ok=True)
    server = Server(home)
    demo = str(home / "demo")
    if not (home / "demo").exists():
        server.core("demo", "--workspace", demo)
        server.core("derive", "--workspace", demo)
        for label in ("mask", "distancing"):
            server.core("train", "--workspace", demo, "--label", label, "--recipe", "quick-cpu", timeout=3600)
    OUT.mkdir(exist_ok=True)
    server.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
            for scheme in ("light", "dark"):
                take(App(browser, server.url, scheme=scheme, height=1150), scheme)
    finally:
        server.stop()


def take(app: App, scheme: str) -> None:
    """Take a picture of every page."""
    for title in PAGES:
        app.go(title)
        if title == "Review":
            show_map(app)
        app.page.wait_for_timeout(2500)  # charts and tables draw themselves after the script has ended
        app.check()
        app.screenshot(OUT / f"{title.lower().replace(' ', '-')}-{scheme}.png")
    app.close()


def show_map(app: App) -> None:
    """Show the map, so that the picture tells what the page is for."""
    app.page.keyboard.press("m")
    expect(app.page.locator("canvas.map")).to_be_visible()


if __name__ == "__main__":
    main()
