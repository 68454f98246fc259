"""The Missing values page on a million rows x 6 labels, against an empty page and against what people use instead.

    python benchmarks/missing_million.py [--rows N] [--rounds N] [--colds N] [--folder DIR] [--only NAME ...]
                                        [--json FILE]

All in one run, in turns, in one Chromium, each app in a server of its own:

    gapwise           the page as it is
    empty             two pages of the same Streamlit with a title each: the floor
    missingno         the frame through `st.cache_data`, missingno's matrix, bar, heatmap and dendrogram of all rows
    missingno-sample  the same pictures of 1,000 rows, as missingno's own introduction draws them
    pandas            the frame in the session, counted by pandas, drawn by plotly

A view lasts from the press on the page's name to the drawn page: the browser's own clock, from the event's time stamp
to the last change below the page's main part, two animation frames later, with all charts and pictures in it. `cold`
is the first view after the server's start in a browser that has never been there; `fresh tab` the first of another
browser; `after a decision` one with a cell decided since the last look; `warm` every other. An interaction is timed in
the same way. Seconds of script runs are noted by a wrapper around Streamlit's own function, in the benchmark's
processes only; memory is the most that a server had resident (Linux). Compare figures of one run, not of two.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from playwright.sync_api import sync_playwright  # noqa: E402

from benchmarks.million.browser import Tab, chromium  # noqa: E402
from benchmarks.million.report import told  # noqa: E402
from benchmarks.million.servers import HERE, Server  # noqa: E402
from benchmarks.million.table import decide_one, make  # noqa: E402

PAGE = "Missing values"
OTHER = {"gapwise": "Dataset"}  # where a view begins; "Other" in the other apps
# Each is done once a round, in this order, on the page as the one before left it.
INTERACTIONS = {
    "gapwise": {
        "a bar": lambda tab: tab.board("cells_by_label", 0),
        "a bar taken back": lambda tab: tab.button("×"),
        "a pattern": lambda tab: tab.board("patterns", 2),
        "a pattern taken back": lambda tab: tab.button("×"),
        "where to begin": lambda tab: tab.board("settling", 0),
        "taken back": lambda tab: tab.button("×"),
        "part of the rows": lambda tab: tab.board("gap_matrix", 10),
        "rows taken back": lambda tab: tab.button("×"),
        "next images": lambda tab: tab.button("Next"),
        "view: together": lambda tab: tab.part("Together"),
        "view: by class": lambda tab: tab.part("By class"),
        "label of the classes": lambda tab: tab.option("gaps_class", 4),
        "view: by chance?": lambda tab: tab.part("By chance?"),
        "finding": lambda tab: tab.pick("Share of missing cells by", 3),
        "view: row by row": lambda tab: tab.part("Row by row"),
        "rows by pattern": lambda tab: tab.option("gaps_order", 1),
        "rows by one label": lambda tab: tab.option("gaps_order", 2),
        "label of the rows": lambda tab: tab.option("gaps_label", 2),
        "rows by file order": lambda tab: tab.option("gaps_order", 0),
    },
    "pandas": {
        "view: together": lambda tab: tab.segment("Together"),
        "view: row by row": lambda tab: tab.segment("Row by row"),
        "pattern": lambda tab: tab.pick("Images with this pattern", 3),
    },
}
DECISIONS = 3  # looks at the page with a decision before each
SLOW = 5000  # milliseconds; an app that takes longer for a view is looked at in every third round only


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--colds", type=int, default=3, help="how often each server is started anew")
    parser.add_argument("--folder", type=Path, help="where the workspace is kept, or lies already; else temporary")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="some of the apps; the empty one always runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all single figures")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gapwise-") as scratch:
        folder = args.folder or Path(scratch) / "workspace"
        print(f"The table: {args.rows:,} rows, in {folder if args.folder else 'a temporary folder'}", flush=True)
        workspace = make(folder, args.rows)
        chosen = servers(folder.resolve(), Path(scratch))
        if args.only:
            chosen = [server for server in chosen if server.name in {"empty", *args.only}]
        found = measured(chosen, args.rounds, args.colds, lambda: decide_one(workspace))
    found = {"rows": args.rows, "rounds": args.rounds, "machine": platform.platform(), "cores": os.cpu_count(), **found}
    print(told(found))
    if args.json:
        args.json.write_text(json.dumps(found, indent=1))


def servers(workspace: Path, scratch: Path) -> list[Server]:
    """Return the apps that can be measured here, the floor first."""
    apps, table = HERE / "apps", {"MILLION_TABLE": str(workspace / "table"), "PYTHONPATH": os.pathsep.join(sys.path)}
    ours = {"GAPWISE_WORKSPACE": str(workspace), "GAPWISE_HOME": str(scratch), "PYTHONPATH": ""}
    found = [
        Server("empty", apps / "empty.py", scratch, {}),
        Server("gapwise", PROJECT / "app.py", scratch, ours),
        Server("pandas", apps / "with_pandas.py", scratch, table),
    ]
    if importlib.util.find_spec("missingno") is None:
        print(
            "missingno is not there, so it is left out. `pip install --no-deps --target DIR missingno seaborn`, then"
            " PYTHONPATH=DIR before the command brings it in, and leaves the environment as it is."
        )
        return found
    return [
        *found,
        Server("missingno-sample", apps / "with_missingno.py", scratch, {**table, "MILLION_SAMPLE": "1000"}),
        Server("missingno", apps / "with_missingno.py", scratch, table),
    ]


def measured(servers: list[Server], rounds: int, colds: int, decide: Callable[[], None]) -> dict:
    """Return every figure: app to cold views, warm views, interactions, memory; and how busy the machine was."""
    found = {server.name: {"cold": [], "warm": [], "interactions": defaultdict(list)} for server in servers}
    load = [os.getloadavg()[0]]
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        try:
            tabs = {}
            for cold in range(colds):
                for server in servers:
                    server.stop()
                    server.start()
                    tabs[server.name] = Tab(browser, server)
                    found[server.name]["cold"].append(view(tabs[server.name]))
                    if cold < colds - 1:
                        tabs.pop(server.name).close()
            for server in servers:  # what the browser of somebody meets who opens a running app
                tab = Tab(browser, server)
                found[server.name]["fresh_tab"] = view(tab)
                tab.close()
            for turn in range(rounds + 1):
                load.append(os.getloadavg()[0])
                for name, tab in tabs.items():
                    seen = found[name]
                    if turn % 3 and seen["warm"] and seen["warm"][-1]["ms"] > SLOW:
                        continue
                    one_round(tab, seen, first=not turn)
                print(f"round {turn} of {rounds}, load {load[-1]:.1f}", file=sys.stderr, flush=True)
            for _ in range(DECISIONS if "gapwise" in tabs else 0):
                decide()
                found["gapwise"].setdefault("after_decision", []).append(view(tabs["gapwise"]))
            for server in servers:
                found[server.name]["peak_mib"] = server.peak_mib()
        finally:
            browser.close()
            for server in servers:
                server.stop()
    return {"load": load, "time": time.time(), "apps": found}


def one_round(tab: Tab, found: dict, first: bool) -> None:
    """View the page once and do everything on it; what is done for the first time is kept apart."""
    seen = view(tab)
    if not first:
        found["warm"].append(seen)
    for name, action in INTERACTIONS.get(tab.server.name, {}).items():
        seen = tab.timed(action)
        if first:
            found.setdefault("first_interactions", {})[name] = seen
        else:
            found["interactions"][name].append(seen)


def view(tab: Tab) -> dict:
    """Open the page from another one."""
    other = OTHER.get(tab.server.name, "Other")
    if tab.page.locator("h1").inner_text() != other:
        tab.timed(lambda tab: tab.go(other))
    return tab.timed(lambda tab: tab.go(PAGE))


if __name__ == "__main__":
    main()
