"""From key press to next picture: the review card against other ways, in turns within one run.

    python benchmarks/review_latency.py [--presses 200] [--cells 1000 1000000] [--no-photos] [--label-studio]
                                        [--home DIR] [--json FILE]

Chromium by Playwright. For each set (1,000 and 1,000,000 cells with 640 x 480 pictures, 1,000 cells with 12-megapixel
photos) the card, the native buttons, the usual CSV page and a bare HTML page that swaps decoded pictures take turns;
with `--label-studio` also Label Studio on the same pictures (installed from PyPI into DIR, some minutes and 1 GB; with
1,000 images where the table is longer, which is in its favour).
Printed: key event to next picture painted (in the page's clock, decoded, two animation frames later) p50, p95, max;
for the card also key to committed (the answer's arrival less what the server says has passed since the commit: an
upper bound by the way back) and key to the answer; server CPU per decision. Then ten keys a second
for ten seconds, and a held key: stored, lost, on a picture that nobody saw, twice. Absolute times go with the machine;
read the ratios.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pandas as pd
from playwright.sync_api import sync_playwright
from sqlalchemy import select

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from benchmarks.review_parts import sets, ways  # noqa: E402
from benchmarks.review_parts.label_studio import LabelStudio  # noqa: E402
from core.store import schema  # noqa: E402
from core.workspace import Workspace  # noqa: E402
from tests.browser.conftest import CHROMIUM_FLAGS, chromium_path  # noqa: E402

ROUNDS = 5
STUDIO_IMAGES = 1000
STUCK = 60_000  # milliseconds without a new picture
PAUSE = (0.06, 0.14)  # seconds between a painted picture and the next key, at random: never in step with frames
KEYS, EVERY = 100, 0.1  # ten a second for ten seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presses", type=int, default=200, help="for each way (default: 200)")
    parser.add_argument("--cells", type=int, nargs="*", default=[1000, 1_000_000])
    parser.add_argument("--no-photos", action="store_true", help="leave the 12-megapixel photos out")
    parser.add_argument("--csv-seconds", type=float, default=120, help="stop the CSV page after so long (default: 120)")
    parser.add_argument(
        "--home", type=Path, help="where workspaces and pictures are made (default: a temporary folder)"
    )
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    parser.add_argument("--label-studio", action="store_true", help="install Label Studio, and measure it, too")
    args = parser.parse_args()
    home = args.home or Path(tempfile.mkdtemp(prefix="gapwise-review-"))
    home.mkdir(parents=True, exist_ok=True)
    todo = [(f"{n:,} cells", n, (640, 480)) for n in args.cells]
    todo += [] if args.no_photos else [("1,000 cells, 12 MP", 1000, (4000, 3000))]
    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        for name, cells, size in todo:
            found[name] = measure_set(browser, home, name, cells, size, args)
            show(name, found[name])
        browser.close()
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")


def measure_set(browser, home: Path, name: str, cells: int, size: tuple[int, int], args) -> dict:
    """Make a set, open all ways on it, and measure them in turns."""
    pictures = sets.photos(home / f"photos-{size[0]}", *size)
    count = max(-(-cells // 3), args.presses + 150)
    folders = {way: home / f"{way}-{cells}-{size[0]}" for way in ("ours", "native")}
    spaces = {way: sets.workspace(folder / "ws", count, pictures) for way, folder in folders.items()}
    table = home / f"table-{cells}-{size[0]}.csv"
    sets.table(table, count, pictures)
    servers = {w: ways.Server("app.py", {"GAPWISE_HOME": str(f)}, home / "server.log") for w, f in folders.items()}
    script = str(Path(__file__).parent / "review_parts" / "csv_page.py")
    servers["csv"] = ways.Server(script, {"REVIEW_TABLE": str(table)}, home / "server.log")
    studio = LabelStudio(home / "label-studio", pictures[0].parent, home / "server.log") if args.label_studio else None
    try:
        previews = sorted((spaces["ours"].root / "previews" / "made").glob("*.jpg"))
        opened = [
            ways.bare(browser, previews),
            ways.ours(browser, servers["ours"]),
            ways.native(browser, servers["native"]),
            ways.csv(browser, servers["csv"]),
        ]
        if studio:
            project = studio.project(min(count, max(STUDIO_IMAGES, args.presses + 150)))
            opened.append(ways.label_studio(browser, studio, project))
        figures = latencies(opened, args)
        trials = {
            "card": trial(opened[1], lambda: log(spaces["ours"])),
            "native buttons": trial(opened[2], lambda: log(spaces["native"])),
            "CSV page": trial(opened[3], lambda: filled(table)),
        }
        if studio:
            trials["Label Studio"] = trial(opened[4], lambda: studio.stored(project))
        for way in opened:
            way.page.context.close()
    finally:
        for server in (*servers.values(), *([studio] if studio else [])):
            server.stop()
    return {"latency": figures, "ten keys a second": trials}


def latencies(opened: list[ways.Way], args) -> dict[str, dict[str, float]]:
    """Press `a` in each way in turns."""
    spent = dict.fromkeys((w.name for w in opened), 0.0)
    cpu, pressed = dict(spent), Counter()
    for _ in range(ROUNDS):
        for way in opened:
            way.page.bring_to_front()
            began, used = time.monotonic(), way.server.cpu() if way.server else 0.0
            for _ in range(args.presses // ROUNDS):
                if way.name == "CSV page" and spent[way.name] + time.monotonic() - began > args.csv_seconds:
                    break
                press(way)
                pressed[way.name] += 1
            way.page.wait_for_timeout(300)  # what the last press leaves to do is its own
            cpu[way.name] += (way.server.cpu() if way.server else 0.0) - used
            spent[way.name] += time.monotonic() - began
    return {way.name: figures(way, cpu[way.name], pressed[way.name]) for way in opened}


def press(way: ways.Way) -> None:
    done = way.page.evaluate("clock.marks.length")
    way.press("a")
    way.page.wait_for_function(f"clock.marks.length > {done}", polling=20, timeout=STUCK)
    time.sleep(random.uniform(*PAUSE))


def figures(way: ways.Way, cpu: float, pressed: int) -> dict[str, float]:
    marks = sorted(way.page.evaluate("clock.marks"))
    told = {"presses": pressed, "p50": quantile(marks, 0.5), "p95": quantile(marks, 0.95), "max": marks[-1]}
    if way.server:
        told["cpu"] = 1000 * cpu / pressed
    if way.name == "card":
        stored = way.page.evaluate("""clock.presses.map(([, , , at]) => {
            const key = at - performance.timeOrigin;
            const ack = clock.acks.find(([start, , committed]) => start >= key && committed !== null);
            return ack ? [ack[2] - key, ack[1] - key] : null;
        }).filter((t) => t !== null)""")
        for name, times in zip(("committed", "told"), zip(*stored, strict=True), strict=True):
            times = sorted(times)
            told |= {f"{name} p50": quantile(times, 0.5), f"{name} p95": quantile(times, 0.95)}
    return told


def quantile(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def trial(way: ways.Way, stored) -> dict[str, int]:
    """Ten keys a second, then a held key; compare what was on screen with what was stored."""
    page = way.page
    page.bring_to_front()
    page.wait_for_timeout(2000)
    before = stored()
    page.evaluate("clock.presses.length = 0")
    began = time.monotonic()
    for n in range(KEYS):
        time.sleep(max(0.0, began + n * EVERY - time.monotonic()))
        way.press(random.choice("ax"))
    page.wait_for_timeout(6000)
    found = compare(page, stored()[len(before) :])
    ignored = page.evaluate("Object.assign({}, clock.card()?.dataset)")
    found |= {f"ignored, {why}": int(ignored[why]) for why in ("loading", "early") if why in ignored}
    held_before = len(stored())
    way.hold("a", 60, 33)
    page.wait_for_timeout(4000)
    return {**found, "held key stored": len(stored()) - held_before}


def compare(page, stored: list[tuple[str, str]]) -> dict[str, int]:
    """Hold what was stored, (file name, value), against what was on screen with each key."""
    presses = [(name, {"a": "1", "x": "0"}[key]) for name, key, _, _ in page.evaluate("clock.presses")]
    painted = set(page.evaluate("[...clock.painted]"))
    names = Counter(name for name, _ in stored)
    right = Counter(presses) & Counter(stored)
    return {
        "pressed": len(presses),
        "stored": len(stored),
        "lost": max(0, len(presses) - len(stored)),
        "unseen": sum(n for name, n in names.items() if name not in painted),
        "other than pressed": len(stored) - right.total(),
        "twice": sum(n - 1 for n in names.values()),
    }


def log(ws: Workspace) -> list[tuple[str, str]]:
    d, i = schema.decision.c, schema.image.c
    with ws.read() as connection:
        rows = connection.execute(select(i.fname, d.value).join(schema.image, i.id == d.image_id).order_by(d.id)).all()
    return [(fname, str(value)) for fname, value in rows]


def filled(table: Path) -> list[tuple[str, str]]:
    frame = pd.read_csv(table, dtype=str, keep_default_na=False)
    frame = frame[frame["mask"] != ""]
    return list(zip(frame["fname"], frame["mask"], strict=True))


def show(name: str, found: dict) -> None:
    """Print one set's tables."""
    card = found["latency"]["card"]
    print(f"\n{name}: key to next picture painted, ms")
    heads = {"presses": 8, "p50": 8, "p95": 8, "max": 8, "p50 / card": 12, "CPU": 8}
    heads |= {"committed p50": 15, "p95 ": 8, "answered p50": 14, "p95  ": 8}
    print(" " * 16 + "".join(f"{head:>{width}}" for head, width in heads.items()))
    rest = {"cpu": 8, "committed p50": 15, "committed p95": 8, "told p50": 14, "told p95": 8}
    for way, f in found["latency"].items():
        line = f"{way:16}{f['presses']:8}{f['p50']:8.1f}{f['p95']:8.1f}{f['max']:8.1f}{f['p50'] / card['p50']:12.2f}"
        print(line + "".join(f"{f[k]:{width}.1f}" if k in f else f"{'–':>{width}}" for k, width in rest.items()))
    print("ten keys a second for ten seconds, and a key held for two")
    for way, f in found["ten keys a second"].items():
        print(f"{way:16}" + ", ".join(f"{k} {v}" for k, v in f.items()), flush=True)


if __name__ == "__main__":
    main()
