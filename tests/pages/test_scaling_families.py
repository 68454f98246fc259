"""The families' section of the Scaling page."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from core import jobs
from core.jobs import process
from core.models.measured import note
from core.models.published import published
from pages.ui import scaling_measuring, state
from tests.models.measured_by_hand import measurement
from tests.pages.form import press, run

NETWORKS = {p.name: p for p in published()}


@pytest.fixture
def section(demo):
    def script(root):
        from core.workspace import Workspace
        from pages.ui import scaling_families

        scaling_families.draw(Workspace.open(root))

    return lambda: run(AppTest.from_function(script, args=(str(demo.root),), default_timeout=60))


def drawn(app: AppTest) -> dict:
    """Return the chart's bubbles: (x, opacity, symbol) by name."""
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    found = {}
    for trace in figure["data"]:
        if "customdata" in trace:
            marker = trace["marker"]
            alphas = [float(color.rpartition(",")[2].rstrip(")")) for color in marker["color"]]
            looks = zip(trace["x"], alphas, marker["symbol"], strict=True)
            found |= dict(zip(trace["customdata"], looks, strict=True))
    return found


def caption(app: AppTest) -> str:
    return " ".join(c.value for c in app.caption)


def test_every_network_of_timm_is_drawn_by_its_counted_cost(section):
    app = section()
    bubbles = drawn(app)
    assert len(bubbles) == sum(p.counted is not None for p in published())
    assert bubbles["B0"][0] == pytest.approx(0.386, abs=0.001)
    assert "The cost is **counted**" in caption(app)


def test_reported_costs_show_networks_that_timm_lacks_and_say_so(section):
    app = section()
    app.selectbox(key=state.FAMILIES_AXIS).set_value("reported_parameters")
    bubbles = drawn(run(app))
    assert bubbles["GPipe"][0] == 557
    assert len(bubbles) == len(published())
    assert "The cost is **reported** too" in caption(app)


def test_families_can_be_left_out(section):
    app = section()
    app.button_group(key=state.FAMILIES_SHOWN).set_value(["V2-B"])
    assert set(drawn(run(app))) == {"V2-B0", "V2-B1", "V2-B2", "V2-B3"}


def test_latency_is_drawn_once_something_was_measured_and_lines_are_hollow(section):
    app = section()
    app.selectbox(key=state.FAMILIES_AXIS).set_value("latency")
    run(app)
    assert "Nothing was **measured** on this machine yet" in caption(app)
    assert any("None of these networks has this figure yet" in i.value for i in app.info)
    b0, b3 = NETWORKS["B0"], NETWORKS["B3"]
    note(
        [measurement(p.network.model, p.counted.multiply_adds / 1e10, p.counted.multiply_adds, p.px) for p in (b0, b3)]
    )
    bubbles = drawn(run(app))
    assert bubbles["B0"][0] == pytest.approx(38.6, abs=0.1)  # ms, at 10B multiply-adds a second
    assert (bubbles["B0"][2], bubbles["B4"][2]) == ("circle", "circle-open")
    assert bubbles["B4"][0] == pytest.approx(NETWORKS["B4"].counted.multiply_adds / 1e7)
    app.number_input(key=state.FAMILIES_LATENCY).set_value(200.0)
    bubbles = drawn(run(app))
    assert bubbles["B0"][1] > bubbles["B4"][1]  # 439 ms


def test_a_memory_budget_fades_what_needs_more(section):
    app = section()
    app.number_input(key=state.FAMILIES_MEMORY).set_value(6.0)
    bubbles = drawn(run(app))
    assert bubbles["B0"][1] > bubbles["B7"][1]


def test_the_reversed_table_is_flagged(section):
    (warning,) = section().warning
    assert "V2-B3 54.1M parameters and 24.7B multiply-adds; those are V2-M's" in warning.value
    assert "14.4M and 3.0B" in warning.value


def test_what_was_not_measured_is_measured_by_a_job_that_can_be_stopped(section, spawned, demo, monkeypatch):
    monkeypatch.setattr(process, "alive", lambda pid, started: True)
    b0 = NETWORKS["B0"]
    note([measurement(b0.network.model, 0.1, b0.counted.multiply_adds)])
    app = section()
    app.button_group(key=state.FAMILIES_SHOWN).set_value(["B"])
    press(run(app), "Measure the other 7 here")
    assert spawned[0][:3] == ["latency", "tf_efficientnet_b1,size=240", "tf_efficientnet_b2,size=260"]
    assert jobs.list_jobs(demo)[0].kind == scaling_measuring.KIND
    press(app, "Stop")
    assert jobs.list_jobs(demo)[0].state == "stopping"


def test_the_table_tells_reported_from_counted():
    from pages.ui.scaling_costs import Costs, table

    frame, formats = table([NETWORKS["PNASNet"], NETWORKS["GPipe"]], Costs("parameters", None, None, []))
    pnas, gpipe = frame.to_dict("records")
    assert (pnas["multiply_adds reported"], round(pnas["multiply_adds counted"], 1)) == (23.0, 24.9)
    assert round(pnas["multiply_adds off"], 1) == 8.4
    assert gpipe["timm"] is None or gpipe["timm"] != gpipe["timm"]
    assert "table 2" in gpipe["source"]
    assert set(formats) <= set(frame.columns)
