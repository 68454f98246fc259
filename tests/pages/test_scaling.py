"""The Scaling page through Streamlit's AppTest."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.models.scaling import Factors
from pages.ui import scaling_counts, state

PAGE = str(Path(__file__).resolve().parents[2] / "pages" / "scaling.py")


@pytest.fixture
def page():
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    assert not app.exception
    return app


def test_it_opens_with_both_networks_at_one_cost(page):
    formulas = [m.value for m in page.metric if m.label == "d·w²·r²"]
    assert formulas == ["1.92", "1.92"]
    assert not page.warning


def test_moving_phi_moves_the_single_dimension(page):
    page.slider(key=state.SCALING_PHI).set_value(2.0).run()
    assert page.slider(key=state.SCALING_DEPTH).value == pytest.approx(1.92027**2)


def test_moving_the_single_dimension_moves_phi(page):
    page.slider(key=state.SCALING_DEPTH).set_value(1.92027**3).run()
    assert page.slider(key=state.SCALING_PHI).value == pytest.approx(3, abs=1e-6)


def test_another_dimension_keeps_the_cost(page):
    page.segmented_control(key=state.SCALING_DIMENSION).set_value("width").run()
    assert page.slider(key=state.SCALING_WIDTH).value == pytest.approx(1.92027**0.5)


def test_past_the_end_of_phi_both_sides_stop_together(page):
    page.slider(key=state.SCALING_DEPTH).set_value(32.0).run()
    assert page.slider(key=state.SCALING_PHI).value == 5.0
    assert page.slider(key=state.SCALING_DEPTH).value == pytest.approx(1.92027**5)


def test_locked_by_counting_the_counted_costs_agree(page):
    page.segmented_control(key=state.SCALING_LOCK).set_value("counted").run()
    page.segmented_control(key=state.SCALING_DIMENSION).set_value("resolution").run()
    one, compound = [m.help for m in page.metric if m.label == "Multiply-adds"]
    one, compound = (int(h.split(": ")[1].replace(",", "")) for h in (one, compound))
    assert one == pytest.approx(compound, rel=0.05)


def test_unlocked_sides_move_alone(page):
    page.segmented_control(key=state.SCALING_LOCK).set_value("off").run()
    page.slider(key=state.SCALING_PHI).set_value(3.0).run()
    assert page.slider(key=state.SCALING_DEPTH).value == pytest.approx(1.92027)


def test_coefficients_that_nothing_can_follow_are_told_without_a_crash(page):
    page.number_input(key=state.SCALING_ALPHA).set_value(4.0).run()
    page.number_input(key=state.SCALING_BETA).set_value(4.0).run()
    page.slider(key=state.SCALING_PHI).set_value(1.5).run()
    assert not page.exception
    assert any("can be built" in w.value or "must be from" in w.value for w in [*page.warning, *page.error])


def test_the_tables_show_counted_beside_printed(page):
    single = next(d.value for d in page.dataframe if "fair" in d.value)
    assert single.counted.round(2).tolist() == [0.39, 1.58, 1.45, 1.54, 1.8]
    assert single.printed.tolist() == [0.4, 1.8, 1.8, 1.9, 1.8]


def test_built_networks_are_counted_in_another_process(page):
    page.button(key="count_built").click().run(timeout=120)
    assert "exactly the figures shown" in page.success[0].value


def test_a_worker_that_fails_is_told(monkeypatch):
    scaling_counts.built.clear()
    monkeypatch.setattr(scaling_counts, "_command", lambda factors: ["-c", "raise SystemExit('no such luck')"])
    with pytest.raises(scaling_counts.GapwiseError, match="no such luck"):
        scaling_counts.built((Factors(),))
