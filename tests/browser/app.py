"""The app as a person uses it: pages by name, buttons by text, keys; and an eye on every error."""

from __future__ import annotations

import time
from copy import copy
from weakref import WeakSet

from playwright.sync_api import Browser, Error, Page, WebSocket, expect

# Milliseconds that a mouse button is down. With none at all, Streamlit's browser side sends the click on a page's name
# before the value of the field that is left by it, with the old page's number: the new page comes up empty. No finger
# is that quick; see docs/architecture.md.
PRESS = 60
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
_tabs: WeakSet[App] = WeakSet()


def state_of_tabs() -> str:
    """Return what every open tab is at, with its errors: for the report of a test that failed."""
    lines = []
    for tab in _tabs:
        if tab.page.is_closed():
            continue
        try:
            state = tab.page.get_by_test_id("stApp").get_attribute("data-test-script-state", timeout=2000)
        except Error as error:
            state = str(error)
        counts = ", ".join(
            f"{n} {name}, the last {time.time() - at:.1f} s ago" for name, (n, at) in tab.traffic.items()
        )
        lines += [f"{tab.page.url}: {state}; messages: {counts}", *tab.errors]
    return "\n".join(lines)


class App:
    """One browser tab. `errors` collects console errors and failed scripts; `check` fails on any."""

    def __init__(
        self, browser: Browser, url: str, *, scheme: str = "light", width: int = 1400, height: int = 1000
    ) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
        )
        self.url = url
        self._open()

    def _open(self) -> None:
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.errors: list[str] = []
        self.traffic: dict[str, tuple[int, float]] = {}
        self.page.on("websocket", self._count)
        _tabs.add(self)
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.goto(self.url)
        self.idle()

    def _count(self, socket: WebSocket) -> None:
        """Count a connection's messages: of a page that hangs they tell whether it or the server does."""
        for event in ("framesent", "framereceived", "close"):

            def note(_, event: str = event) -> None:
                self.traffic[event] = self.traffic.get(event, (0, 0.0))[0] + 1, time.time()

            socket.on(event, note)

    def beside(self) -> App:
        """Open the app in another tab of the same browser; `close` closes both."""
        other = copy(self)
        other._open()
        return other

    def idle(self) -> None:
        """Wait until the script has run; a page that showed an exception fails here."""
        self.page.wait_for_selector(IDLE, timeout=60_000)
        self.check()

    def check(self) -> None:
        shown = self.page.locator('[data-testid="stException"]')
        assert shown.count() == 0, shown.first.inner_text()
        assert not self.errors, self.errors

    def go(self, title: str) -> None:
        """Open a page by its name in the sidebar."""
        self.page.get_by_test_id("stSidebarNav").get_by_text(title, exact=True).click(delay=PRESS)
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)
        self.idle()

    def button(self, text: str):
        return self.page.get_by_role("button", name=text)

    def metric(self, name: str) -> str:
        """Return the value of a metric."""
        found = self.page.get_by_test_id("stMetric").filter(has_text=name)
        return found.get_by_test_id("stMetricValue").inner_text()

    def screenshot(self, path) -> None:
        self.page.screenshot(path=str(path), full_page=True)

    def close(self) -> None:
        self.context.close()
