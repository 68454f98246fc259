"""The browser's own clock: from a press to the last change of the page, two animation frames later."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from playwright.sync_api import Browser, Locator, Page, TimeoutError

from benchmarks.million.servers import Server

PRESS = 60  # milliseconds that the button is down, see docs/architecture.md
QUIET = 400  # milliseconds without a change before a page counts as drawn; not part of what is measured
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
COUNTED = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration", "TaskDuration")

# `start` is the event's own time stamp. Every change below stMain moves `drawn`: elements, texts, attributes, the end
# of a picture's loading. The toolbar with its running man is outside. A chart counts once plotly's svg is in it.
CLOCK = """(() => {
  const clock = window.__clock = {armed: false, start: null, last: null, drawn: null, ran: false, changes: 0};
  clock.arm = () => Object.assign(clock, {armed: true, start: null, last: null, drawn: null, ran: false, changes: 0});
  const changed = () => {
    clock.last = performance.now();
    clock.changes += 1;
    const mark = clock.last;
    // What was drawn of an earlier press, or of the mouse on its way, is no answer to this one.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      if (clock.start !== null && clock.last !== null && mark >= clock.start) clock.drawn = performance.now();
    }));
  };
  for (const kind of ["pointerup", "keydown", "change"])
    window.addEventListener(kind, (event) => {
      if (clock.armed && clock.start === null) clock.start = event.timeStamp;
    }, true);
  window.addEventListener("load", (event) => {
    if (clock.start !== null && event.target.tagName === "IMG") changed();
  }, true);
  new MutationObserver((records) => {
    if (clock.start === null) return;
    const main = document.querySelector('[data-testid="stMain"]');
    let inside = false;
    for (const record of records) {
      if (record.attributeName === "data-test-script-state") clock.ran = true;
      else if (!inside && main && main.contains(record.target)) inside = true;
    }
    if (inside) changed();
  }).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  const all = (selector, good) => [...document.querySelectorAll(selector)].every(good);
  clock.whole = () =>
    document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning"
    && !document.querySelector('[data-stale="true"], [data-testid="stSkeleton"], [data-testid="stSpinner"]')
    && all('[data-testid="stPlotlyChart"]', (chart) => chart.querySelector(".main-svg"))
    && all('[data-testid="stDataFrame"]', (table) => table.querySelector("canvas"))
    && all('[data-testid="stMain"] img', (image) => image.complete);
  // A run of few milliseconds can begin and end between two drawings, unseen here; a long one is seen at once.
  clock.settled = (quiet) => clock.last !== null && clock.drawn !== null && clock.drawn >= clock.last && clock.whole()
    && performance.now() - clock.last > (clock.ran ? quiet : 3 * quiet);
})();"""


def chromium(playwright) -> Browser:
    """Start the browser.

    Raises:
        RuntimeError: If there is none on the path.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise RuntimeError("There is no Chromium. Install Debian's package `chromium`.")
    return playwright.chromium.launch(executable_path=path, args=list(FLAGS))


class Tab:
    """A fresh context on a server, its own cache included."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.server = server
        self.context = browser.new_context(viewport={"width": 1400, "height": 1000})
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.add_init_script(CLOCK)
        self.received = 0
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._count))
        self.cdp = self.context.new_cdp_session(self.page)
        self.cdp.send("Performance.enable")
        self.page.goto(server.url)
        self.page.wait_for_function("document.querySelector('h1') && __clock.whole()", polling=50)
        self.page.wait_for_timeout(1000)
        server.new_runs()

    def _count(self, frame: bytes | str) -> None:
        self.received += len(frame)

    def press(self, target: Locator) -> None:
        """Press something and start the clock at the moment it is let go."""
        target.hover()  # scrolls to it, and waits until it stays where it is
        self.page.evaluate("__clock.arm()")
        target.click(delay=PRESS)

    def go(self, title: str) -> None:
        """Press a page's name in the navigation."""
        self.press(self.page.get_by_test_id("stSidebarNav").get_by_text(title, exact=True))

    def pick(self, label: str, option: int | str) -> None:
        """Choose from a selectbox; the clock starts at the press on the option, with the list open."""
        box = self.page.get_by_test_id("stSelectbox").filter(has=self.page.get_by_text(label, exact=True))
        box.locator("input").click(delay=PRESS)
        options = self.page.get_by_role("option")
        options.first.wait_for()
        self.press(options.nth(option) if isinstance(option, int) else options.get_by_text(option, exact=True))

    def segment(self, text: str) -> None:
        """Press a part of a segmented control."""
        self.press(self.page.get_by_test_id("stButtonGroup").get_by_role("radio", name=text, exact=True))

    def board(self, picture: str, n: int) -> None:
        """Press a bar, a dot or a row of one of the linked pictures."""
        self.press(self.page.locator(f"[data-picture={picture}] .gw-hit").nth(n))

    def part(self, text: str) -> None:
        """Press a part of one of the board's controls."""
        self.press(self.page.locator(".gw-segments button").filter(has_text=text))

    def option(self, name: str, n: int) -> None:
        """Choose from one of the board's lists, what stands before it where it is chosen already: no change is drawn as
        none. The clock starts when the choice is made.
        """
        select = self.page.locator(f"select[data-name={name}]")
        chosen = select.evaluate("(list) => list.selectedIndex")
        self.page.evaluate("__clock.arm()")
        select.select_option(index=n - 1 if chosen == n else n)

    def button(self, name: str) -> None:
        """Press a button of the board by its text, the first one where there are several."""
        self.press(self.page.locator(".gw-board button").filter(has_text=name).first)

    def timed(self, action: Callable[[Tab], None]) -> dict:
        """Do something and wait until it is drawn.

        Returns:
            `ms` from the press to the drawn page; `server_ms` and `cpu_ms` of the script runs in between, `runs` of
            them; `kb` that came over the websocket; `browser_ms` by what the browser did; `changes` of the page.

        Raises:
            RuntimeError: If the page shows an exception.
        """
        self.page.bring_to_front()
        before, received = self._counters(), self.received
        action(self)
        try:
            self.page.wait_for_function(f"__clock.settled({QUIET})", polling=50)
        except TimeoutError as error:
            state = self.page.evaluate("({...__clock, now: performance.now(), whole: __clock.whole()})")
            raise RuntimeError(
                f"{self.server.name}: nothing that could be timed happened, or no end of it: {state}"
            ) from error
        clock = self.page.evaluate("({ms: __clock.drawn - __clock.start, changes: __clock.changes})")
        shown = self.page.get_by_test_id("stException")
        if shown.count():
            raise RuntimeError(f"{self.server.name}: {shown.first.inner_text()}")
        after, runs = self._counters(), self.server.new_runs()
        return {
            **clock,
            "server_ms": 1000 * sum(run["seconds"] for run in runs),
            "cpu_ms": 1000 * sum(run["cpu"] for run in runs),
            "runs": len(runs),
            "kb": (self.received - received) / 1000,
            "browser_ms": {name: 1000 * (after[name] - before[name]) for name in COUNTED},
        }

    def _counters(self) -> dict[str, float]:
        found = self.cdp.send("Performance.getMetrics")["metrics"]
        return {metric["name"]: metric["value"] for metric in found}

    def close(self) -> None:
        self.context.close()
