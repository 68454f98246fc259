"""From a slider to the drawn networks: the scaling explorer, beside an older version of the page if one is named.

    python benchmarks/scaling_latency.py [--moves 100] [--against REVISION] [--json FILE]

Chromium by Playwright, one server for each version of the project, in turns within one run. A move is a press of the
right arrow on a slider (φ, then the single dimension); what is measured is the key event's own time until networks of
the new value are in the page, and two animation frames later. With the lock by the formula and by counting. REVISION is
a commit whose Scaling page has Streamlit's own sliders and charts (a3f34d9 is the last one): there the last change of
the page beside the slider counts, before a second and a half of rest. Absolute times go with the machine; read the
ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tests.browser.app import IDLE  # noqa: E402
from tests.browser.conftest import CHROMIUM_FLAGS, chromium_path  # noqa: E402

ROUNDS = 4
TARGET = 150  # milliseconds, median
REST = 1500  # milliseconds without a change after which a page of charts is drawn
PAUSE = (0.05, 0.15)  # seconds between moves, at random: never in step with frames
CLOCK = (Path(__file__).parent / "scaling_parts" / "clock.js").read_text()


@dataclass
class Version:
    """The page of one version, open in a browser.

    Attributes:
        arm: What gets the clock ready for a move of one of its sliders.
    """

    name: str
    page: Page
    arm: str
    sliders: tuple[str, str]

    def lock(self, text: str) -> None:
        self.page.get_by_role("radio", name=text).click(delay=60)
        self.page.wait_for_selector(IDLE)
        self.page.wait_for_timeout(1500)

    def move(self, slider: str) -> float:
        """Press the right arrow once; return milliseconds until the networks are drawn."""
        self.page.evaluate(self.arm, slider)
        self.page.keyboard.press("ArrowRight")
        return self.page.evaluate("clock.moved")


class Server:
    """The app of a project's folder, without a workspace."""

    def __init__(self, project: Path, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://localhost:{free.getsockname()[1]}"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GAPWISE_")}
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", self.url.rsplit(":")[-1]]
        environment = {**kept, "GAPWISE_HOME": str(home), "GAPWISE_LOCKS": str(home)}
        self.process = subprocess.Popen(
            command, cwd=project, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(480):
            try:
                with urllib.request.urlopen(self.url + "/_stcore/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.25)
        raise RuntimeError(f"no server of {project} within two minutes")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=100, help="for each version and lock (default: 100)")
    parser.add_argument("--against", metavar="REVISION", help="a commit with the older page, measured in turns with it")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    args = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="gapwise-scaling-"))
    servers = [Server(PROJECT, home)]
    try:
        if args.against:
            servers.append(Server(checked_out(args.against, home / "older"), home))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
            versions = [opened(browser, server.url, older=i > 0) for i, server in enumerate(servers)]
            found = measured(versions, args.moves)
            browser.close()
    finally:
        for server in servers:
            server.stop()
    show(found)
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")


def checked_out(revision: str, folder: Path) -> Path:
    """Return a folder with the project as it was in a commit."""
    folder.mkdir()
    packed = subprocess.run(["git", "archive", revision], cwd=PROJECT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed, check=True)
    return folder


def opened(browser: Browser, url: str, older: bool) -> Version:
    """Open the page; wait until its networks are drawn."""
    page = browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(CLOCK)
    page.goto(f"{url}/scaling")
    page.wait_for_selector(".js-plotly-plot" if older else ".scaling[data-drawn]")
    page.wait_for_selector(IDLE)
    if older:
        return Version("older page", page, f"(label) => clock.charts(label, {REST})", ("φ", "Times B0's depth"))
    return Version("explorer", page, "(name) => clock.explorer(name)", ("phi", "factor"))


def measured(versions: list[Version], moves: int) -> dict[str, dict]:
    """Move the sliders of all versions in turns."""
    found: dict[str, dict] = {}
    for lock in ("Equal by formula", "Equal by counting"):
        times: dict[str, list[float]] = {version.name: [] for version in versions}
        for version in versions:
            version.page.bring_to_front()
            version.lock(lock)
            version.move(version.sliders[0])  # the first one of a kind loads what the others find loaded
        for _ in range(ROUNDS):
            for version in versions:
                version.page.bring_to_front()
                for i in range(moves // ROUNDS):
                    times[version.name].append(version.move(version.sliders[i % 2]))
                    time.sleep(random.uniform(*PAUSE))
        found[lock] = {name: figures(all_) for name, all_ in times.items()}
    return found


def figures(times: list[float]) -> dict[str, float]:
    """Return median, 95th percentile and the longest of some times in milliseconds."""
    return {
        "moves": len(times),
        "p50": statistics.median(times),
        "p95": statistics.quantiles(times, n=20)[-1],
        "max": max(times),
    }


def show(found: dict[str, dict]) -> None:
    for lock, by in found.items():
        print(f"\n{lock}: slider to drawn, ms")
        for name, one in by.items():
            print(
                f"  {name:12} p50 {one['p50']:6.0f}   p95 {one['p95']:6.0f}   max {one['max']:6.0f}   n {one['moves']}"
            )
        if "older page" in by:
            print(f"  the older page takes {by['older page']['p50'] / by['explorer']['p50']:.1f} times as long")
        within = by["explorer"]["p50"] <= TARGET
        print(f"  {'within' if within else 'beyond'} the target of {TARGET} ms (median)")


if __name__ == "__main__":
    main()
