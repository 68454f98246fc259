"""The map of the set in a browser, against plotly's WebGL scatter plot of the same points.

    python benchmarks/set_map.py [--points N] [--rounds N] [--json FILE]

One Chromium, both in turns, the same hands: a drag over the whole plot and back, a wheel turned in and out, a lasso
around a third of the points, and another colouring. Told are the times between two frames while hands move (the
browser's own clock; a screen at 60 Hz has 16.7 ms), and for the first picture and another colouring the time to two
frames after it. No graphics card is used: the browser draws WebGL with its own software, as on many an office machine;
with one, plotly is a lot faster than here.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402
from playwright.sync_api import TimeoutError as PlaywrightTimeout  # noqa: E402
from plotly.offline import get_plotlyjs  # noqa: E402

from tests.browser.conftest import CHROMIUM_FLAGS, chromium_path  # noqa: E402

FLAGS = [*CHROMIUM_FLAGS, "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
SIZE = (1200, 700)  # of the plot, in pixels
STEPS = 60  # places on the way of the mouse
HANDS = 6.0  # seconds that an act may take: where a frame takes one, the mouse does not come to its end
SCRIPTS = PROJECT / "pages" / "ui" / "hard_js"
_NAMES = "points shared camera lasso kinds map_hands map_keys map_png loading set_map"
OURS_FILES = ("shared_js/asking.js", *(f"hard_js/{name}.js" for name in _NAMES.split()))
WATCH = """
const frames = []; let last = 0, watching = false
const step = (now) => { if (watching && last) frames.push(now - last); last = now; requestAnimationFrame(step) }
requestAnimationFrame(step)
window.watch = () => { frames.length = 0; last = 0; watching = true }
window.seen = () => { watching = false; return [...frames] }
const twice = (then) => requestAnimationFrame(() => requestAnimationFrame(then))
window.acted = (act) => new Promise((done) => requestAnimationFrame(() => {
  const begun = performance.now()
  Promise.resolve(act()).then(() => twice(() => done(performance.now() - begun)))
}))
"""
OURS = """
history.replaceState = () => {} // a page without an address has none to keep anything in
window.map = new SetMap(document.querySelector("#plot"), (event) => { window.found = event.count })
map.stage.style.height = "%(high)dpx"
map.show({ ids: Int32Array.from(X, (_, i) => i + 1), x: X, y: Y, value: Int16Array.from(K), source: new Int8Array(N),
  wrong: Int8Array.from(K, (k) => k %% 2), confidence: Float32Array.from(X), predicted: Int16Array.from(K), names: [],
  classes: ["a", "b", "c", "d", "e", "f"], sources: ["given"], title: "benchmark" })
window.mode = (name) => { map.mode = name; map.tell() }
window.recolor = () => map.recolor(map.by === "value" ? "error" : "value")
"""
THEIRS = """
const C = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9"]
const plot = document.querySelector("#plot")
const trace = { type: "scattergl", mode: "markers", x: X, y: Y, marker: { size: 4, color: Array.from(K, (k) => C[k]) } }
const margin = { l: 30, r: 10, t: 10, b: 30 }, config = { scrollZoom: true, displayModeBar: false }
window.ready = Plotly.newPlot(plot, [trace], { width: %(wide)d, height: %(high)d, dragmode: "pan", margin }, config)
ready.then(() => plot.on("plotly_selected", (event) => { window.found = event ? event.points.length : 0 }))
window.mode = (name) => Plotly.relayout(plot, { dragmode: name === "move" ? "pan" : "lasso" })
let odd = 0
window.recolor = () => {
  odd = 1 - odd
  return Plotly.restyle(plot, { "marker.color": [Array.from(K, (k) => C[odd ? k %% 2 : k])] })
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    ours = "\n".join((SCRIPTS.parent / name).read_text("utf-8") for name in OURS_FILES)
    data, size = _points(asked.points), {"wide": SIZE[0], "high": SIZE[1]}
    ways = {"gapwise": ours + data + OURS % size, "plotly": get_plotlyjs() + data + THEIRS % size}
    found: dict[str, dict[str, list[float]]] = {name: {} for name in ways}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        for _ in range(asked.rounds):
            for name, script in ways.items():
                page = browser.new_page(viewport={"width": SIZE[0] + 40, "height": SIZE[1] + 160})
                for act, times in _round(page, name, script).items():
                    found[name].setdefault(act, []).extend(times)
                page.close()
        browser.close()
    _tell(asked.points, found)
    if asked.json:
        told = {"points": asked.points, "rounds": asked.rounds, "pixels": SIZE, "ms": _summed(found)}
        asked.json.write_text(json.dumps(told, indent=1) + "\n")


def _points(n: int) -> str:
    """Return a script with X, Y in 0..1 and a class for each of `n` points in six clouds."""
    random = np.random.default_rng(0)
    kind = random.integers(0, 6, n)
    middles = np.array([(0.2, 0.3), (0.5, 0.2), (0.8, 0.35), (0.3, 0.7), (0.6, 0.75), (0.85, 0.8)])
    xy = np.clip(middles[kind] + random.normal(0, 0.08, (n, 2)), 0, 1).astype("<f4")
    texts = {"X": xy[:, 0], "Y": xy[:, 1], "K": kind.astype("<u1")}
    kinds = {"X": "Float32Array", "Y": "Float32Array", "K": "Uint8Array"}
    lines = [f"const N = {n}"]
    for name, values in texts.items():
        text = base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
        lines.append(
            f"const {name} = new {kinds[name]}(Uint8Array.from(atob('{text}'), (c) => c.charCodeAt(0)).buffer)"
        )
    return "\n" + "\n".join(lines) + "\n"


def _round(page: Page, name: str, script: str) -> dict[str, list[float]]:
    """Return milliseconds by what was done."""
    page.set_content(f"<style>{(SCRIPTS / 'hard.css').read_text('utf-8')}</style><div id=plot></div>")
    page.on("pageerror", lambda error: sys.exit(f"The page failed: {error}"))
    page.add_script_tag(content=WATCH)
    page.add_script_tag(content=f"window.begun = performance.now();\n{script}")
    first = page.evaluate(
        "() => Promise.resolve(window.ready).then(() => acted(() => {})).then(() => performance.now() - begun)"
    )
    stage = page.locator(".gh-stage, .nsewdrag").first
    box = stage.bounding_box()
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    page.wait_for_timeout(300)
    found = {"first picture": [first]}
    found["drag: frame"] = _hands(page, lambda: _drag(page, box))
    found["wheel: frame"] = _hands(page, lambda: _wheel(page, box))
    page.evaluate("mode('lasso')")
    page.wait_for_timeout(300)
    found["lasso: frame"] = _hands(page, lambda: _lasso(page, box))
    try:
        page.wait_for_function("window.found > 0", timeout=10_000)
    except PlaywrightTimeout:
        print(f"{name}: the lasso chose nothing within ten seconds", file=sys.stderr)
    found["another colour"] = [page.evaluate("acted(recolor)") for _ in range(4)]
    return found


def _hands(page: Page, move) -> list[float]:
    page.evaluate("watch()")
    move()
    page.wait_for_timeout(150)
    return page.evaluate("seen()")


def _drag(page: Page, box: dict) -> None:
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for n in _while(2 * STEPS):
        turn = np.sin(2 * np.pi * n / (2 * STEPS))
        page.mouse.move(x + 250 * turn, y + 100 * turn)
    page.mouse.up()


def _wheel(page: Page, box: dict) -> None:
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4)
    for n in _while(STEPS):
        page.mouse.wheel(0, -60 if n < STEPS / 2 else 60)


def _lasso(page: Page, box: dict) -> None:
    x, y = box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.5
    at = [(x + 260 * np.cos(t), y + 240 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 2 * STEPS)]
    page.mouse.move(*at[0])
    page.mouse.down()
    for n in _while(2 * STEPS):
        page.mouse.move(*at[n])
    page.mouse.up()


def _while(steps: int) -> Iterator[int]:
    """Count steps until the time is over."""
    begun = time.monotonic()
    return (n for n in range(steps) if time.monotonic() - begun < HANDS)


def _summed(found: dict[str, dict[str, list[float]]]) -> dict:
    return {
        name: {act: [round(float(np.percentile(times, q)), 1) for q in (50, 95, 100)] for act, times in acts.items()}
        for name, acts in found.items()
    }


def _tell(points: int, found: dict[str, dict[str, list[float]]]) -> None:
    summed = _summed(found)
    print(f"{points:,} points, {SIZE[0]} x {SIZE[1]} pixels; ms: median / 95% / longest")
    for act in summed["gapwise"]:
        ours, theirs = summed["gapwise"][act], summed["plotly"][act]
        both = "   ".join(
            f"{name} {a:7.1f} /{b:7.1f} /{c:7.1f}" for name, (a, b, c) in (("gapwise", ours), ("plotly", theirs))
        )
        print(f"{act:16} {both}   ratio at 95%: {theirs[1] / ours[1]:.1f}")


if __name__ == "__main__":
    main()
