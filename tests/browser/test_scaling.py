"""The scaling explorer as a person uses it: sliders, locks, stages, what can't be built, and the way to Fine-tune."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.app import PRESS, App
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser
COMPOUND, ONE, BASELINE = "compound", "one", "baseline"


@pytest.fixture
def app(browser: Browser, server: Server) -> Iterator[App]:
    opened = App(browser, server.url)
    opened.go("Scaling")
    drawn(opened, phi=1)
    yield opened
    opened.close()


def drawn(app: App, **wished: object) -> None:
    """Wait until networks are drawn that were asked for with these values."""
    app.page.wait_for_function(
        """wished => {
          const roots = [...document.querySelectorAll('*')].map((e) => e.shadowRoot).filter(Boolean);
          const found = roots.map((root) => root.querySelector('.scaling')).find(Boolean);
          if (!found?.dataset.drawn || found.hasAttribute('aria-busy')) return false;
          const asked = JSON.parse(found.dataset.drawn);
          return Object.entries(wished).every(([name, value]) => asked[name] === value);
        }""",
        arg=wished,
    )


def figure(app: App, row: str, network: str) -> Locator:
    return app.page.locator(".figures tr").filter(has_text=row).locator(f"[data-figure={network}] b")


def type_in(app: App, name: str, value: str) -> None:
    field = app.page.locator(f"input.number[data-name={name}]")
    field.fill(value)
    field.press("Enter")


def test_a_slider_moves_both_networks_their_figures_and_the_drawing(app: App):
    page = app.page
    expect(figure(app, "Formula d", ONE)).to_have_text("×1.92")
    expect(figure(app, "Multiply-adds", BASELINE)).to_have_text("0.386B")
    expect(page.locator(".towers")).to_have_attribute("aria-label", re.compile("EfficientNet-B0: 16 layers"))
    before = page.locator(".block[data-network=compound][data-stage='8'] .front").get_attribute("points")
    slider = page.get_by_role("slider", name="φ")
    slider.focus()
    for _ in range(20):
        slider.press("ArrowRight")
    drawn(app, phi=1.2)
    expect(figure(app, "Formula d", COMPOUND)).to_have_text(f"×{1.92027**1.2:.2f}")
    expect(figure(app, "Formula d", ONE)).to_have_text(f"×{1.92027**1.2:.2f}")
    expect(page.locator("input.number[data-name=factor]")).to_have_value(f"{1.92027**1.2:.4f}")
    assert page.locator(".block[data-network=compound][data-stage='8'] .front").get_attribute("points") != before
    # All three stand at one scale: a block's width on the paper goes by its channels alone.
    widths = {n: front_width(app, n, 8) for n in (BASELINE, ONE, COMPOUND)}
    assert widths[ONE] == pytest.approx(widths[BASELINE], abs=0.3)
    channels = {n: stage_channels(app, n, 8) for n in (BASELINE, COMPOUND)}
    assert widths[COMPOUND] / widths[BASELINE] == pytest.approx(channels[COMPOUND] / channels[BASELINE], abs=0.01)


def front_width(app: App, network: str, stage: int) -> float:
    points = app.page.locator(f".block[data-network={network}][data-stage='{stage}'] .front").get_attribute("points")
    across = [float(point.split(",")[0]) for point in points.split()]
    return max(across) - min(across)


def stage_channels(app: App, network: str, stage: int) -> int:
    app.page.locator(f".stages [data-which={network}]").click(delay=PRESS)
    row = app.page.locator(f".stage-table tr[data-stage='{stage}'] td").nth(2)
    return int(row.inner_text().replace(",", ""))


def test_the_lock_by_counting_brings_the_counted_costs_together_and_off_leaves_them(app: App):
    page = app.page
    page.get_by_role("radio", name="Width").click(delay=PRESS)
    page.get_by_role("radio", name="Equal by counting").click(delay=PRESS)
    drawn(app, lock="counted", dimension="width")
    type_in(app, "phi", "2")
    drawn(app, phi=2, lock="counted")
    one, compound = (figure(app, "Multiply-adds", n).inner_text() for n in (ONE, COMPOUND))
    assert float(one[:-1]) == pytest.approx(float(compound[:-1]), rel=0.03)
    page.get_by_role("radio", name="Not locked").click(delay=PRESS)
    type_in(app, "factor", "3")
    drawn(app, factor=3, lock="off")
    expect(page.locator("input.number[data-name=phi]")).to_have_value("2")


def test_hostile_values_are_told_in_place_and_what_was_drawn_stays(app: App):
    problem = app.page.locator(".problem")
    for name, value, told in (
        ("phi", "20", "φ is 20; it must be from 0 to 10. Drawn is still φ = 1."),
        ("alpha", "0.2", "α is 0.2; it must be from 1 to 4. Drawn is still α = 1.2."),
        ("factor", "0.01", "depth is 0.01; it must be from 0.1 to 32. Drawn is still depth = 1.9203."),
        (
            "batch",
            "0",
            "The batch is 0; it must be a whole number of pictures from 1 to 8,192. Drawn is still batch = 32.",
        ),
    ):
        type_in(app, name, value)
        expect(problem).to_have_text(told)
        expect(app.page.locator("[aria-invalid=true]")).to_have_count(1)
        expect(app.page.locator(f"input.number[data-name={name}]")).to_have_attribute("aria-invalid", "true")
        expect(figure(app, "Formula d", COMPOUND)).to_have_text("×1.92")
        type_in(app, name, {"phi": "1", "alpha": "1.2", "factor": "1.92027", "batch": "32"}[name])
        expect(problem).to_be_hidden()
        expect(app.page.locator("[aria-invalid=true]")).to_have_count(0)
    type_in(app, "phi", "6")
    expect(problem).to_contain_text("The lock can't follow: depth alone would have to be")
    drawn(app, phi=6)
    # The lock did not hold, so no sentence may say that it did.
    expect(app.page.locator(".apart")).to_have_text(
        re.compile(r"^Counted, depth alone costs \d+\.\d% less than compound\.$")
    )
    type_in(app, "phi", "1")
    type_in(app, "alpha", "2")
    expect(app.page.locator("[data-says=phi]")).to_contain_text("the search holds it at about 2")
    app.errors.clear()  # a browser logs every refusal


def test_a_link_opens_the_same_networks_and_one_that_can_not_be_built_opens_the_usual_ones(app: App):
    page = app.page
    page.get_by_role("combobox", name="Baseline").select_option("tf_efficientnetv2_s")
    type_in(app, "phi", "1.5")
    drawn(app, phi=1.5, baseline="tf_efficientnetv2_s")
    page.wait_for_function("location.search.includes('tf_efficientnetv2_s-depth')")
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    drawn(app, phi=1.5, baseline="tf_efficientnetv2_s")
    expect(page.locator(".legend")).to_contain_text("Fused-MBConv")
    app.errors.clear()  # below a page's name Streamlit looks for its server twice in vain
    app.go("Dataset")
    app.go("Scaling")  # coming back finds it as it was
    drawn(app, phi=1.5, baseline="tf_efficientnetv2_s")
    page.goto("about:blank")
    page.goto(link.replace("-1.5-", "-99-"))
    expect(page.locator(".problem")).to_have_text(
        "φ is 99; it must be from 0 to 10. Drawn are the networks to begin with."
    )
    drawn(app, phi=1, baseline="efficientnet_b0")
    app.errors.clear()


def test_what_counting_found_is_the_same_network_after_the_lock_is_off_and_the_page_loaded_again(app: App):
    page = app.page
    page.goto(f"{app.url}/scaling?scale=efficientnet_b0-resolution-2-1-1.2-1.1-1.15-counted-compound-32-cpu")
    drawn(app, lock="counted")
    found = [figure(app, "Multiply-adds", ONE).inner_text(), page.locator(".apart").inner_text()]
    assert found[1].endswith("compound, as near as whole pixels come.")
    page.get_by_role("radio", name="Not locked").click(delay=PRESS)
    page.wait_for_function("location.search.includes('-off-')")
    page.reload()
    drawn(app, lock="off")
    expect(figure(app, "Multiply-adds", ONE)).to_have_text(found[0])
    expect(page.locator(".apart")).to_have_text(found[1].replace(", as near as whole pixels come", ""))
    app.errors.clear()  # below a page's name Streamlit looks for its server twice in vain


def test_of_a_stage_the_figures_that_differ_from_the_baselines_are_bold_and_no_others(app: App):
    page = app.page
    for network, scaled in ((BASELINE, False), (ONE, True)):
        page.locator(f".stages [data-which={network}]").click(delay=PRESS)
        cells = page.locator(".stage-table tr[data-stage='3'] td")
        bold = cells.evaluate_all("all => all.map((cell) => getComputedStyle(cell).fontWeight >= 600)")
        # Number, pixels, channels, layers, multiply-adds, parameters, activations.
        assert bold == [False, False, False, *[scaled] * 4]


def test_a_block_opens_its_stage_and_the_stage_what_its_layers_are_made_of(app: App):
    page = app.page
    page.locator(".block[data-network=compound][data-stage='3'] .front").hover()
    expect(page.locator(".tip")).to_contain_text("Stage 3: MBConv6 k3")
    expect(page.locator(".tip")).to_contain_text("129 px → 65 px · 24 channels · 3 layers")
    page.locator(".block[data-network=compound][data-stage='3'] .front").click(delay=PRESS)
    made = page.locator(".opened .operator")
    expect(made).to_have_count(2)
    # From 16 channels by six, a quarter of the 16 inside the squeeze-excite, then 24: Tan and Le 2019, table 1.
    told = made.first.get_attribute("aria-label")
    assert told == (
        "16 channels in; 1×1 expand, 96 channels; 3×3 depthwise, 96 channels, stride 2; squeeze-excite, 96 → 4 → 96;"
        " 1×1 project, 24 channels; no skip connection"
    )
    page.get_by_role("button", name="MBConv6 k3").first.press("Enter")
    expect(made).to_have_count(0)


def test_built_networks_have_the_figures_shown(app: App):
    app.page.get_by_role("button", name="Build both and count").click(delay=PRESS)
    expect(app.page.get_by_text("exactly the figures shown")).to_be_visible(timeout=120_000)
    app.check()


def test_a_network_goes_to_fine_tune(app: App):
    page = app.page
    page.locator(".use[data-use=compound]").click(delay=PRESS)
    expect(page.get_by_role("heading", level=1)).to_have_text("Fine-tune")
    app.idle()
    # A list, or a plain field as long as a process is still asked for timm's names.
    model = page.get_by_role("combobox", name="Model").or_(page.get_by_role("textbox", name="Model"))
    expect(model.first).to_have_value("efficientnet_b0")
    expect(page.get_by_role("spinbutton", name="Size: height")).to_have_value("258")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_page(browser: Browser, server: Server, scheme: str):
    app = App(browser, server.url, scheme=scheme, width=390, height=800)
    app.page.goto(f"{server.url}/scaling")
    drawn(app, phi=1)
    assert app.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    beyond = """e =>
        [...e.querySelectorAll('*')].filter((x) => !x.parentElement.closest('.scroll'))
        .map((x) => [x.getBoundingClientRect().right, x.outerHTML.slice(0, 60)])
        .filter(([right]) => right > innerWidth + 1)"""
    assert app.page.locator(".scaling").evaluate(beyond) == []
    # All columns of the stages are there, in a box that scrolls by itself.
    assert app.page.locator(".scroll").evaluate("box => box.scrollWidth > box.clientWidth")
    expect(app.page.get_by_role("columnheader", name="Activations")).to_be_visible()
    app.close()
