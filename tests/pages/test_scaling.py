"""The Scaling page through Streamlit's AppTest; its explorer needs a browser, see tests/browser/test_scaling.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import GapwiseError
from core.models.network import Network, read_network
from core.models.scaling import Factors
from core.models.stages import scaled_stages, totals
from pages.ui import state, use_network
from pages.ui.scaling import comparison, component, counting, sections, shipped, speed

PAGE = str(Path(__file__).resolve().parents[2] / "pages" / "scaling.py")


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path))  # no workspace
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    assert not app.exception
    return app


def opened(page: AppTest, section: str) -> AppTest:
    page.session_state[state.SCALING_SECTION] = section
    page.run()
    assert not page.exception
    return page


def test_without_a_server_and_a_workspace_it_opens_and_says_what_is_missing(page):
    assert "streamlit run app.py" in page.info[0].value
    assert not page.dataframe  # what is closed is not drawn


def test_the_papers_comparison_is_counted_beside_what_is_printed(page):
    found = opened(page, "The paper's comparison").dataframe[0].value
    assert found.counted.round(2).tolist() == [0.39, 1.58, 1.45, 1.54, 1.8]
    assert found.printed.tolist() == [0.4, 1.8, 1.8, 1.9, 1.8]


def test_factors_at_equal_cost_cost_what_the_compound_network_costs():
    found = comparison.table().set_index("network")
    compound = found.counted.iloc[-1]
    for dimension, factor in zip(("depth", "width", "resolution"), found.fair.iloc[1:-1], strict=True):
        assert float(f"{factor:g}") == factor  # the button prints all its digits, as the table does
        counted = totals(scaled_stages(Factors(**{dimension: factor})))[1] / 1e9
        assert counted == pytest.approx(compound, rel=0.05)


def test_the_shipped_coefficients_stand_beside_the_formula(page):
    found = opened(page, "Shipped coefficients").dataframe[0].value
    assert found.name.tolist() == [f"B{i}" for i in range(8)]
    assert found.px.tolist() == [224, 240, 260, 300, 380, 456, 528, 600]
    assert "Why do they differ?" in page.markdown[-1].value


def test_rows_of_both_tables_are_networks_that_a_recipe_can_hold():
    b3 = shipped.settings(3)
    assert b3 == {"model": "efficientnet_b3", "size": 300}
    deep = use_network.scaled("efficientnet_b0", Factors(depth=4.0))
    assert deep == {"model": "efficientnet_b0", "width": 1.0, "depth": 4.0, "size": 224}


def test_a_network_of_the_explorer_becomes_a_recipes_settings():
    found = use_network.scaled("tf_efficientnetv2_s", Factors(1.2, 1.1, 1.15))
    assert found == {"model": "tf_efficientnetv2_s", "width": 1.1, "depth": 1.2, "size": 442}


def test_what_no_browser_of_ours_sends_is_refused():
    for sent in (None, {"what": "use"}, {"depth": "1", "width": 1, "resolution": 1}):
        with pytest.raises(GapwiseError, match="Load the page again"):
            component.factors(sent)
    with pytest.raises(GapwiseError, match="must be from"):
        component.factors({"depth": 99.0, "width": 1, "resolution": 1})


def test_built_networks_are_counted_in_another_process():
    counting.built.clear()
    (found,) = counting.built("mobilenetv2_100", (Factors(1.2, 1.1, 0.5),))
    parameters, multiply_adds = totals(scaled_stages(Factors(1.2, 1.1, 0.5), "mobilenetv2_100"))
    assert (found["parameters"], found["multiply_adds"]) == (parameters, multiply_adds)


def test_a_worker_that_fails_is_told(monkeypatch):
    counting.built.clear()
    monkeypatch.setattr(counting, "_command", lambda *_: ["-c", "raise SystemExit('no such luck')"])
    with pytest.raises(GapwiseError, match="no such luck"):
        counting.built("efficientnet_b0", (Factors(),))


def test_measuring_is_a_job_over_networks_with_all_their_digits(demo, open_page, spawned, monkeypatch):
    """Rounded up in its sixth digit, 5/3 of three layers were six instead of five."""
    monkeypatch.setattr(speed.st, "rerun", lambda: None)
    monkeypatch.setattr(speed.state, "workspace", lambda: demo)
    speed.start([Network("efficientnet_b0", 1.0, 5 / 3, 224)])
    assert spawned[0][:4] == ["latency", "efficientnet_b0,width=1.0,depth=1.6666666666666667,size=224", "--batch", "1"]
    assert read_network(spawned[0][1]) == Network("efficientnet_b0", 1.0, 5 / 3, 224)
    with pytest.raises(GapwiseError, match="depth is 33"):
        speed.start([Network("efficientnet_b0", 1.0, 33.0, 224)])


@pytest.mark.parametrize("section", list(sections.SECTIONS))
def test_every_section_opens_on_a_workspace(demo, open_page, section):
    page = opened(open_page("scaling"), section)
    assert not page.error
