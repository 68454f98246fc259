"""Goes through pseudo-labels and review as people do, in Chromium, and records it in docs/journey.md.

    python -m tests.browser.review_journey

Makes a demo in a temporary folder, trains a network on its `mask` label (some minutes on two cores), and reviews: one
by one, in a grid, in bulk, with a second and a third person, over reloads and two deaths of the server. Each step is
held against the database, and the first that is not what it should be ends it: nothing is published then.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from core.store.labels import label_id
from core.store.proposals import latest_run
from core.workspace import Workspace
from tests.browser.conftest import CHROMIUM_FLAGS, PROJECT, Server, chromium_path
from tests.browser.journey import begin, end, many, one
from tests.browser.journey.album import Album
from tests.browser.journey.person import Person

DOCS = PROJECT / "docs"
HEAD = """
# A review, from gaps to a filled table

Recorded by `python -m tests.browser.review_journey`, which drives the app in Chromium on a demo of {images} drawn
scenes.
{trained}

The scenes are drawn, so the truth is known: the person here answers what is true, but for one answer of Ben's, which is
meant to be wrong; the network has never seen it. After each step the database is read and held against what the page
said; what it held stands under each picture. Figures differ from run to run, since a training does.
"""
NOW = "The network was trained on the way, by `quick-cpu` with its defaults."
BEFORE = "To save time, the network had been trained before, by `quick-cpu`: there is no picture of its training."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="keep the workspace here; one that is there must be untouched but"
                        " for its training")  # fmt: skip
    parser.add_argument("--images", type=int, default=480, help="scenes of the demo (default: %(default)s)")
    args = parser.parse_args()
    home = args.home or Path(tempfile.mkdtemp(prefix="gapwise-"))
    home.mkdir(parents=True, exist_ok=True)
    server, began = Server(home), time.monotonic()
    server.core("demo", "--workspace", str(home / "demo"), "--images", str(args.images))
    workspace, album = Workspace.open(home / "demo"), Album()
    with workspace.read() as connection:
        trained = latest_run(connection, label_id(connection, Person.label)) is not None
    server.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
            ann = Person(browser, server, workspace, "ann")
            begin.steps(ann, album)
            one.steps(ann, album, server)
            many.steps(ann, album)
            end.steps(ann, album, server, browser)
            images = len(ann.truth)
            ann.app.close()
    finally:
        server.stop()
    head = HEAD.strip().format(images=images, trained=BEFORE if trained else NOW)
    album.publish(DOCS / "journey", DOCS / "journey.md", head, ("training",) if trained else ())
    print(f"{len(album.shots)} pictures, {time.monotonic() - began:,.0f} seconds")


if __name__ == "__main__":
    main()
