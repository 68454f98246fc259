"""What fits, on the Scaling page."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.models.measured import note
from core.models.published import published
from pages.ui import state
from tests.models.measured_by_hand import measurement
from tests.pages.form import run

NETWORKS = {p.name: p for p in published()}


@pytest.fixture
def section(demo, monkeypatch):
    monkeypatch.setattr("pages.ui.navigation.go", lambda name: None)  # this script is no page of the app

    def script(root):
        from core.workspace import Workspace
        from pages.ui import scaling_fit

        scaling_fit.draw(Workspace.open(root))

    return lambda: run(AppTest.from_function(script, args=(str(demo.root),), default_timeout=60))


def words(app: AppTest) -> str:
    return " ".join(str(e.value) for e in (*app.markdown, *app.caption, *app.warning, *app.error))


def test_a_memory_budget_gets_two_proposals_and_the_way_into_fine_tune(section):
    app = section()  # with 8 GB
    said = words(app)
    assert "Highest reported accuracy that fits" in said
    assert "Largest compound-scaled B0 that fits" in said
    assert "reported on ImageNet" in said
    assert "For memory 8 GB, batches of 32" in said
    assert "with a tenth kept free" in said
    app.button(key="fit_use_compound").click()
    run(app)
    values = app.session_state[state.TRAIN_DRAFTS]["quick-cpu"].values
    assert values["model"] == "efficientnet_b0"
    assert values["width"] > 1


def test_a_budget_that_nothing_fits_is_told_with_the_least_need(section):
    app = section()
    app.number_input(key=state.FIT_MEMORY).set_value(0.1)
    (error,) = run(app).error
    assert "Nothing fits" in error.value
    assert "the least is" in error.value


def test_a_time_budget_without_a_measurement_offers_to_measure_first(section, spawned):
    app = section()
    app.number_input(key=state.FIT_MEMORY).set_value(6.0)
    app.number_input(key=state.FIT_LATENCY).set_value(50.0)
    said = words(run(app))
    assert "Nothing was measured on this machine, so latency can't be judged" in said
    assert "For memory 6 GB, latency 50 ms," in said
    assert "that fits" not in said
    app.button(key="fit_measure_0").click()
    run(app)
    assert spawned[0][:2] == ["latency", "tf_efficientnetv2_b0,size=224"]


def test_a_latency_budget_is_judged_by_what_was_measured(section):
    b0 = NETWORKS["B0"]
    note([measurement(b0.network.model, 0.02, b0.counted.multiply_adds)])
    app = section()
    app.number_input(key=state.FIT_LATENCY).set_value(20.0)
    said = words(run(app))
    assert "B0, 224 px · 77.1% reported on ImageNet" in said
    assert "Latency: 20 ms for one picture, measured" in said


def test_no_budget_at_all_proposes_the_best_reported_network(section):
    app = section()
    app.number_input(key=state.FIT_MEMORY).set_value(None)
    assert "V2-XL (21k), 512 px" in words(run(app))


def test_training_minutes_ask_for_a_measurement_of_training_steps(section, spawned):
    app = section()
    app.number_input(key=state.FIT_MEMORY).set_value(6.0)
    app.number_input(key=state.FIT_MINUTES).set_value(10.0)
    run(app)
    app.button(key="fit_measure_32").click()
    run(app)
    words = spawned[0][: spawned[0].index("--training") + 1]
    assert words[-3:] == ["--batch", "32", "--training"]
    assert "tf_efficientnet_b0,size=224" in words
