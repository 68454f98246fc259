"""The page of activation maps as a person uses it: pages of pictures, one image large, maps to compare, a PNG."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from core.explain import overlay
from core.store import cells, labels, schema
from core.store.proposals import put_proposals
from core.workspace import Workspace
from pages.ui import scripts
from tests.browser.app import PRESS, App
from tests.browser.conftest import Server
from tests.explain.made import run_of

pytestmark = pytest.mark.browser
MAP = bytes(range(0, 250, 5)[:49])


def predict(ws: Workspace, run_id: int, label_id: int, known: int) -> None:
    """Store predictions of class 1 for known images and for all open ones, each with a map of 7 x 7 cells."""
    about = {"run_id": run_id, "label_id": label_id, "value": 1, "map": MAP, "map_height": 7, "map_width": 7}
    with ws.write() as connection:
        held = [(k.image_id, 1) for k in cells.known(connection, label_id)[:known]]
        todo = held + [(c.image_id, 0) for c in cells.open_cells(connection, label_id)]
        rows = []
        for n, (image_id, heldout) in enumerate(todo):
            p = 0.6 + 0.3 * n / len(todo)
            rows.append({**about, "image_id": image_id, "heldout": heldout, "probs": [1 - p, p], "confidence": p})
        put_proposals(connection, rows)


@pytest.fixture(scope="module")
def trained(server: Server) -> Workspace:
    """A copy of the demo with a run on `mask` and one on `distancing`, which nobody trained, beside the others."""
    if not (server.home / "maps").exists():
        shutil.copytree(server.home / "demo", server.home / "maps", ignore=shutil.ignore_patterns("demo", "jobs"))
    ws = Workspace.open(server.home / "maps")
    with ws.read() as connection:
        ids = {label.name: i for i, label in labels.labels(connection).items()}
    for seed, name in ((1, "mask"), (2, "distancing")):
        predict(ws, run_of(ws, seed, ids[name]), ids[name], 40)
    return ws


@pytest.fixture
def app(browser: Browser, server: Server, trained: Workspace) -> Iterator[App]:
    opened = App(browser, f"{server.url}/?workspace=maps")
    opened.go("Activation maps")
    expect(opened.page.locator(".tile .over .fit").first).to_be_visible()
    yield opened
    opened.check()
    opened.close()


def listed(ws: Workspace) -> list[tuple[int, str]]:
    """Return the images that run 1 is wrong about, surest first: what the page begins with."""
    p, c, i = schema.proposal.c, schema.cell.c, schema.image.c
    query = select(i.id, i.fname).join(schema.proposal, p.image_id == i.id)
    query = query.join(schema.cell, (c.image_id == i.id) & (c.label_id == p.label_id))
    query = query.where(p.run_id == 1, p.heldout == 1, c.value != p.value).order_by(p.confidence.desc(), p.id)
    with ws.read() as connection:
        return [tuple(row) for row in connection.execute(query)]


def choose_page_size(page: Page, size: int) -> None:
    page.get_by_label("Pictures on a page").select_option(str(size))


def requests_of(page: Page) -> list[str]:
    """Return a list that the addresses of all requests from now on are noted in."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url))
    return found


def test_the_map_is_coloured_in_the_browser_as_in_python(browser: Browser):
    """Known answer: `overlay` over white, with Pillow's bicubic scaling."""
    page = browser.new_page()
    page.set_content("<canvas></canvas>")
    small = np.array([[0, 40, 255], [10, 128, 200]], np.uint8)
    page.add_script_tag(content=scripts.joined("shared_js/map.js") + "\nwindow.paintMap = paintMap")
    size, found = page.evaluate(
        """([cells, colors]) => {
          const canvas = document.querySelector("canvas");
          paintMap(canvas, { cells: Uint8Array.from(cells), height: 2, width: 3 }, Uint8Array.from(colors));
          const white = document.createElement("canvas");
          Object.assign(white, { width: canvas.width, height: canvas.height });
          const pen = white.getContext("2d");
          pen.fillStyle = "white";
          pen.fillRect(0, 0, white.width, white.height);
          pen.drawImage(canvas, 0, 0);
          return [[canvas.width, canvas.height], [...pen.getImageData(0, 0, white.width, white.height).data]];
        }""",
        [small.ravel().tolist(), overlay.color_table().ravel().tolist()],
    )
    page.close()
    assert size == [96, 64]
    expected = overlay.overlay(Image.new("RGB", tuple(size), "white"), small.tobytes(), 2, 3, 1.0)
    drawn = np.array(found, np.uint8).reshape(64, 96, 4)[:, :, :3]
    off = np.abs(drawn.astype(int) - np.asarray(expected).astype(int))
    assert off.max() <= 6  # a browser keeps colours multiplied by their opacity, in 8 bits
    assert off.mean() < 1


def test_pages_turn_and_opacity_changes_without_the_server(app: App, trained: Workspace):
    page = app.page
    wrong = listed(trained)
    assert len(wrong) > 12
    choose_page_size(page, 12)
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(12)
    assert [int(tile.get_attribute("data-image")) for tile in tiles.all()] == [i for i, _ in wrong[:12]]
    expect(tiles.first).to_have_attribute(
        "aria-label", re.compile(rf"^{re.escape(wrong[0][1])}, wrong: mask 0\.\d\d, is no mask")
    )
    page.wait_for_timeout(1500)  # the next page's pictures have come
    asked = requests_of(page)
    page.get_by_role("button", name="Next page").first.click()
    expect(tiles).to_have_count(min(12, len(wrong) - 12))
    assert int(tiles.first.get_attribute("data-image")) == wrong[12][0]
    expect(page.locator(".pager .told").first).to_have_text(f"13–{min(24, len(wrong))} of {len(wrong)}")

    opacity = "e => getComputedStyle(e).opacity"
    page.locator(".gallery").get_by_label("Opacity").fill("25")
    assert page.locator(".map").first.evaluate(opacity) == "0.25"
    page.locator(".gallery").get_by_label("Map", exact=True).uncheck()
    expect(page.locator(".map").first).not_to_be_visible()
    page.locator(".gallery").get_by_label("Map", exact=True).check()
    assert [url for url in asked if "/gapwise/" in url] == []

    # Both are remembered.
    app.go("Runs")
    app.go("Activation maps")
    expect(tiles).to_have_count(12)
    assert page.locator(".map").first.evaluate(opacity) == "0.25"


def test_keys_move_open_and_close_and_going_back_closes_too(app: App, trained: Workspace):
    page, wrong = app.page, listed(trained)
    first = page.locator(".tile").first
    first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    viewer = page.locator(".viewer")
    expect(viewer).to_have_attribute("data-image", str(wrong[1][0]))
    assert f"image={wrong[1][0]}" in page.url
    expect(viewer.get_by_role("heading")).to_have_text(wrong[1][1])
    page.keyboard.press("ArrowRight")
    expect(viewer).to_have_attribute("data-image", str(wrong[2][0]))
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    assert "image=" not in page.url
    active = (
        "() => [...document.querySelectorAll('*')].map((e) => e.shadowRoot?.activeElement).find(Boolean)?.dataset.image"
    )
    assert page.evaluate(active) == str(wrong[2][0])

    page.locator(".tile").nth(3).click(delay=PRESS)
    expect(viewer).to_have_attribute("data-image", str(wrong[3][0]))
    page.go_back()
    expect(viewer).to_be_hidden()
    page.go_forward()
    expect(viewer).to_have_attribute("data-image", str(wrong[3][0]))
    app.idle()
    page.reload()
    expect(viewer).to_have_attribute("data-image", str(wrong[3][0]))
    app.errors.clear()  # below a page's name Streamlit looks for its server twice in vain


def test_one_image_with_maps_that_a_worker_makes(app: App, server: Server, tmp_path):
    """The whole way: a run's network, the warm worker, its route, and what is drawn of it."""
    page = app.page
    page.locator(".tile").first.click(delay=PRESS)
    expect(page.locator(".pane")).to_have_count(1)
    expect(page.locator(".pane .about")).to_contain_text("layer ", timeout=90_000)
    expect(page.locator(".pane .trust")).to_contain_text(re.compile("more than chance|Don't trust"), timeout=90_000)

    page.get_by_role("tab", name="Labels").click(delay=PRESS)
    panes = page.locator(".pane")
    expect(panes).to_have_count(2)
    expect(panes.locator(".title")).to_have_text(["mask", "distancing"])
    expect(panes.nth(1).locator(".about")).to_contain_text("says ", timeout=60_000)

    page.get_by_role("tab", name="Classes").click(delay=PRESS)
    expect(panes.locator(".title")).to_have_text(["no mask", "mask"])
    for n in range(2):
        expect(panes.nth(n).locator(".about")).to_contain_text("layer ")
    page.get_by_role("button", name="mask − no mask", exact=True).click(delay=PRESS)
    expect(panes).to_have_count(3)
    expect(panes.nth(2).locator(".about")).to_contain_text("layer ")

    panes.nth(1).get_by_role("button", name="Enlarge").click(delay=PRESS)
    expect(panes.locator(".title")).to_have_text(["mask"])
    page.get_by_role("button", name="Show all").click(delay=PRESS)
    expect(panes).to_have_count(3)

    page.get_by_role("tab", name="Methods and layers").click(delay=PRESS)
    expect(page.locator(".methods")).to_contain_text("Selvaraju et al. 2017")
    summary = page.locator(".layers > summary")
    summary.press("Enter")
    expect(page.locator(".tree").get_by_label(re.compile("conv_stem"))).to_be_visible()
    expect(summary).to_be_focused()  # the modules came, the keys stayed
    page.get_by_label("Smoothing").press("Escape")
    expect(page.locator(".tree")).to_be_hidden()
    summary.press("Enter")
    page.locator(".tree").get_by_label(re.compile("conv_stem")).check()
    expect(page.locator(".tree")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".tree")).to_be_hidden()
    expect(page.locator(".viewer")).to_be_visible()
    expect(page.locator(".pane .about").filter(has_text="conv_stem")).not_to_have_count(0)
    assert not server.loaded("libtorch"), "the server process has loaded torch"


def answer_with(page: Page, answers: list[tuple[int, dict]]) -> list[str]:
    """Answer the requests for maps one after the other, the last answer for all that follow; return their addresses."""
    asked: list[str] = []

    def reply(route) -> None:
        asked.append(route.request.url)
        status, body = answers[min(len(asked), len(answers)) - 1]
        route.fulfill(status=status, json=body)

    page.route("**/gapwise/map?**", reply)
    return asked


SENTENCE = "Don't trust this map: random ones do as well."
ANSWER = {
    "height": 2, "width": 2, "map": "AP+AQA==", "resolved": "1", "probs": [0.1, 0.9], "layer": "blocks.5",
    "trust": {"score": 0, "chance": [0], "p": 0.5, "holds": False, "sentence": SENTENCE}, "stored": True,
}  # fmt: skip


def test_a_map_that_fails_says_why_and_comes_when_it_is_asked_for_again(app: App):
    page = app.page
    answer_with(page, [(409, {"error": "This network has no layer for a map."}), (200, ANSWER)])
    page.locator(".tile").first.click(delay=PRESS)
    veil = page.locator(".pane .veil")
    expect(veil).to_have_text("This network has no layer for a map.")
    page.get_by_role("button", name="Try again").click(delay=PRESS)
    expect(page.locator(".pane .trust")).to_have_text(f"⚠ {SENTENCE}")
    expect(veil).to_be_hidden()
    app.errors.clear()  # the refusal, in the browser's own words


def test_while_others_wait_it_says_so_and_asks_again_by_itself(app: App):
    page = app.page
    asked = answer_with(page, [(503, {"error": "8 requests wait for maps already."}), (200, ANSWER)])
    page.locator(".tile").first.click(delay=PRESS)
    expect(page.locator(".pane .trust")).to_have_text(f"⚠ {SENTENCE}")
    assert len(asked) == 2
    app.errors.clear()


def test_zoom_divider_and_the_saved_picture(app: App, tmp_path, trained: Workspace):
    page = app.page
    answer_with(page, [(200, ANSWER)])
    page.locator(".tile").first.click(delay=PRESS)
    expect(page.locator(".pane .trust")).to_contain_text("Don't trust")
    page.get_by_role("button", name="Swipe").click(delay=PRESS)
    divider = page.get_by_role("slider", name="Divider between picture and map")
    stage = page.locator(".pane .stage").bounding_box()
    page.mouse.move(stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 4)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] / 4, stage["y"] + stage["height"] / 4, steps=3)
    page.mouse.up()
    expect(divider).to_have_attribute("aria-valuenow", "25")
    divider.press("ArrowRight")
    expect(divider).to_have_attribute("aria-valuenow", "27")

    page.get_by_role("button", name="Larger").click(delay=PRESS)
    shown = "e => getComputedStyle(e).transform"
    zoomed = page.locator(".frame").first.evaluate(shown)
    assert zoomed.startswith("matrix(1.4")
    assert page.locator(".frame").nth(1).evaluate(shown) == zoomed
    page.get_by_role("button", name="The whole picture").click(delay=PRESS)
    assert page.locator(".frame").first.evaluate(shown) == "none"

    fname = listed(trained)[0][1]
    with page.expect_download() as waiting:
        page.locator(".viewer").get_by_role("button", name="Save PNG").click(delay=PRESS)
    assert waiting.value.suggested_filename == f"mask-run-1-{fname.rsplit('.')[0]}-gradcam.png"
    waiting.value.save_as(tmp_path / "saved.png")
    saved = np.asarray(Image.open(tmp_path / "saved.png").convert("RGB")).astype(int)
    # Left of the divider it is the preview, to the right something lies over it.
    at = saved.shape[1] - 32
    plain, mapped = saved[100:300, 30 : 16 + at // 4], saved[100:300, 16 + at // 2 : at]
    preview = _preview(trained, listed(trained)[0][0], at)
    assert np.abs(plain - preview[100 - _top(saved) :][:200, 14 : at // 4]).mean() < 6
    assert np.abs(mapped - preview[100 - _top(saved) :][:200, at // 2 : at - 16]).mean() > 12


def _top(saved: np.ndarray) -> int:
    """Return the row in which the picture begins: below the title, which stands on white."""
    white = (saved[:, 16:-16] == 255).all(axis=(1, 2))
    return int(np.flatnonzero(~white & (np.cumsum(~white) > 0) & (saved[:, 20:-20] != 255).all(axis=(1, 2)))[0])


def _preview(ws: Workspace, image_id: int, width: int) -> np.ndarray:
    from core.images.previews import preview

    with Image.open(io.BytesIO(preview(ws, image_id).read_bytes())) as picture:
        size = (width, round(width * picture.height / picture.width))
        return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BICUBIC)).astype(int)


def test_on_a_phone_nothing_is_wider_than_the_window(browser: Browser, server: Server, trained: Workspace):
    app = App(browser, f"{server.url}/?workspace=maps", width=400, height=850, scheme="dark")
    page, first, c = app.page, listed(trained)[0][0], schema.image.c
    with trained.write() as connection:  # larger than its preview
        connection.execute(update(schema.image).where(c.id == first).values(width=10 * c.width, height=10 * c.height))
    page.route("**/gapwise/full/**", lambda route: route.fulfill(status=422, json={"error": "It is gone."}))
    page.goto(f"{server.url}/activation_maps?workspace=maps&image=99999999999999999999")
    expect(page.locator(".note")).to_contain_text("no picture with the number 99999999999999999999 here")
    page.locator(".tile").first.click(delay=PRESS)
    expect(page.locator(".pane .picture")).to_be_visible()
    for _ in range(3):
        page.get_by_role("button", name="Larger").click(delay=PRESS)
    expect(page.locator(".where")).to_contain_text("The original can't be read: It is gone. This is its preview.")
    page.get_by_role("button", name="The whole picture").click(delay=PRESS)
    for tab in ("Methods and layers", "Labels", "Classes", "Look"):
        page.get_by_role("tab", name=tab).click(delay=PRESS)
        wide = page.locator(".maps").evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide[0] <= wide[1], tab
    assert json.loads(page.evaluate("JSON.stringify(document.documentElement.scrollWidth)")) <= 400
    # Words below a picture of 60 x 1200 px have room, too.
    page.locator(".panes").evaluate("e => e.style.setProperty('--ratio', 0.05)")
    wide = page.locator(".pane").first.evaluate(
        "e => ['.stage', 'figcaption', '.shown'].map((part) => e.querySelector(part).clientWidth)"
    )
    assert wide[0] < 60
    assert min(wide[1:]) >= 250
    app.close()
