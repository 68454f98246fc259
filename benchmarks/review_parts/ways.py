"""The ways to review that are measured: each a page with a picture that `a` answers and replaces."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page

from benchmarks.review_parts.label_studio import MAIL, PASSWORD, LabelStudio

PROJECT = Path(__file__).resolve().parents[2]
CLOCK = (Path(__file__).parent / "clock.js").read_text()
QUICK = 60  # ms that a mouse button is down, see docs/architecture.md

_BARE = """<!doctype html><p id=name></p><img id=picture width=700><script>
const sources = %s;
const pictures = sources.map((s) => { const i = new Image(); i.src = s; i.width = 700; i.id = "picture"; return i; });
let at = 0;
const show = () => {
  document.querySelector("#picture").replaceWith(pictures[at %% pictures.length]);
  document.querySelector("#name").textContent = `${at}.jpg · bare`;
};
Promise.all(pictures.map((p) => p.decode())).then(() => { show(); window.ready = true; });
addEventListener("keydown", (e) => { if (e.key === "a" && !e.repeat) { at += 1; show(); } });
</script>"""


class Server:
    """A Streamlit server; `cpu` is what its process has used, in seconds."""

    def __init__(self, script: str, environment: dict[str, str], log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GAPWISE_")}
        command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(self.port)]
        with open(log, "ab") as out:
            self.process = subprocess.Popen(command, cwd=PROJECT, env={**kept, **environment}, stdout=out, stderr=out)
        for _ in range(240):
            try:
                with urllib.request.urlopen(self.url + "/_stcore/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.25)
        raise RuntimeError(f"no server within a minute; see {log}")

    def cpu(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


@dataclass
class Way:
    """A page that is open, and the server behind it, if there is one.

    Attributes:
        submit: The key that sends what was chosen, where choosing does not; held with Control.
    """

    name: str
    page: Page
    server: Server | LabelStudio | None = None
    submit: str = ""

    def press(self, key: str) -> None:
        """Answer, however many keys that takes."""
        self.page.keyboard.press(key)
        if self.submit:
            self.page.keyboard.press(f"Control+{self.submit}")

    def hold(self, key: str, times: int, every: float) -> None:
        """Answer, and keep the last key down for `times` repeats, `every` milliseconds apart."""
        if self.submit:
            self.page.keyboard.press(key)
            self.page.keyboard.down("Control")
        held = self.submit or key
        self.page.keyboard.down(held)
        for _ in range(times):
            self.page.keyboard.down(held)
            self.page.wait_for_timeout(every)
        self.page.keyboard.up(held)
        if self.submit:
            self.page.keyboard.up("Control")


def _page(browser: Browser) -> Page:
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(CLOCK)
    return page


def _watched(page: Page) -> Page:
    page.wait_for_function("clock.name()")
    page.wait_for_timeout(1500)
    page.evaluate("clock.watch()")
    page.wait_for_function("clock.shown")
    return page


def bare(browser: Browser, previews: list[Path]) -> Way:
    """A page without any server that swaps decoded pictures: as fast as this browser can be."""
    sources = ["data:image/jpeg;base64," + base64.b64encode(p.read_bytes()).decode() for p in previews]
    page = _page(browser)
    answer = {"content_type": "text/html; charset=utf-8", "body": _BARE % repr(sources)}
    page.route("http://localhost/bare", lambda route: route.fulfill(**answer))
    page.goto("http://localhost/bare")  # answered here: nothing listens
    page.wait_for_function("window.ready")
    return Way("bare page", _watched(page))


def ours(browser: Browser, server: Server) -> Way:
    """The card of the review page."""
    page = _page(browser)
    page.goto(server.url + "/review")
    page.wait_for_selector(".card[data-image]:not([data-image=''])")
    return Way("card", _watched(page), server)


def native(browser: Browser, server: Server) -> Way:
    """The review page with Streamlit's own buttons."""
    page = _page(browser)
    page.goto(server.url + "/review")
    page.get_by_text("Plain buttons", exact=True).click(delay=QUICK)
    page.get_by_role("button", name="Accept").wait_for()
    page.get_by_role("heading", level=1).click(delay=QUICK)  # a switch that has the focus keeps the keys
    page.wait_for_timeout(500)
    return Way("native buttons", _watched(page), server)


def csv(browser: Browser, server: Server) -> Way:
    """The usual page."""
    page = _page(browser)
    page.goto(server.url)
    return Way("CSV page", _watched(page), server)


def label_studio(browser: Browser, server: LabelStudio, project: int) -> Way:
    """Label Studio's stream of tasks: a hot key chooses, Control+Enter submits; timed from the latter."""
    page = _page(browser)
    page.goto(server.url + "/user/login/")
    page.fill("input[name=email]", MAIL)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto(f"{server.url}/projects/{project}/data?labeling=1")
    page.wait_for_selector('img[alt="image"]')
    page.evaluate("clock.submit = 'Enter'")
    return Way("Label Studio", _watched(page), server, "Enter")
