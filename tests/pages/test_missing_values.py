"""The missing-value page on the demo."""

from __future__ import annotations

from functools import partial

import numpy as np

from core.store import profiles
from core.store import rules as store_rules
from core.store.labels import rules
from core.store.missing import report
from pages.ui import readers


def test_it_shows_the_counts_and_writes_the_free_cells(demo, open_page):
    with demo.read() as connection:
        before = report(connection)
    app = open_page("missing_values")
    shown = {m.label: m.value for m in app.metric}
    assert shown["Images"] == str(before.rows)
    assert shown["Free"] == str(before.cells["free"])
    assert before.cells["free"] > 0
    app.button(key="write_free").click().run()
    assert not app.exception
    with demo.read() as connection:
        after = report(connection)
    assert after.cells["derived"] == before.cells["free"]
    assert after.cells["free"] == 0
    assert {m.label: m.value for m in app.metric}["Free"] == "0"


def test_the_listing_has_every_single_label_and_every_combination(demo, open_page):
    listing = open_page("missing_values").dataframe[0].value
    assert list(listing["missing"]) == [
        "mask",
        "distancing",
        "5k",
        "mask and distancing",
        "mask and 5k",
        "distancing and 5k",
        "mask and distancing and 5k",
    ]


def test_a_rule_that_is_wrong_is_shown_with_its_place_and_not_saved(demo, open_page):
    app = open_page("missing_values")
    area = next(a for a in app.text_area if a.label == "Rules")
    area.set_value("5k = mask and distance").run()
    assert not app.exception
    assert any("distance" in e.value for e in app.error)
    assert any("^" in c.value for c in app.code)


def test_removing_a_rule_withdraws_what_followed_from_it(demo, open_page):
    app = open_page("missing_values")
    app.button(key="write_free").click().run()
    area = next(a for a in app.text_area if a.label == "Rules")
    area.set_value("").run()
    app.button(key="save_rules").click().run()
    assert not app.exception
    with demo.read() as connection:
        assert report(connection).cells["derived"] == 0


def test_a_rules_truth_table_is_drawn_on_demand(demo, open_page):
    app = open_page("missing_values")
    app.selectbox(key="truth_table").set_value(0).run()
    assert not app.exception
    table = next(d.value for d in app.dataframe if " " in d.value.columns)
    assert (len(table), int(table[" "].sum())) == (8, 4)


def test_a_rule_that_nothing_contradicts_is_offered_and_taken(demo, open_page, monkeypatch):
    monkeypatch.setattr(store_rules, "suggestions", partial(store_rules.suggestions, least=3))  # the demo here is small
    app = open_page("missing_values")
    next(a for a in app.text_area if a.label == "Rules").set_value("").run()
    app.button(key="save_rules").click().run()
    app.button(key="take_5k = mask and distancing").click().run()
    assert not app.exception
    with demo.read() as connection:
        assert rules(connection) == ["5k = mask and distancing"]
    assert not any(b.label == "Take it" for b in app.button)


def test_the_gaps_are_drawn_row_by_row_together_and_by_class(demo, open_page):
    app = open_page("missing_values")
    for view, key in (("Row by row", "gap_matrix"), ("Together", "gaps_together"), ("By class", "cells_by_class")):
        app.segmented_control(key="gaps_view").set_value(view).run()
        assert not app.exception, app.exception[0].value
        assert key in {chart.key for chart in app.get("plotly_chart")}
    app.segmented_control(key="gaps_view").set_value("Row by row").run()
    for order in ("pattern", "label"):
        app.selectbox(key="gaps_order").set_value(order).run()
        assert not app.exception, app.exception[0].value


def test_where_the_gaps_lie_is_not_asked_of_every_image_again_when_cells_are_written(demo, open_page, monkeypatch):
    """It was: one decision, and a page of a million images took two seconds, seven with its rows by pattern."""
    app = open_page("missing_values")

    def refuse(connection):
        raise AssertionError("all images were read again")

    monkeypatch.setattr(profiles, "by_image", refuse)
    app.button(key="write_free").click().run()
    assert not app.exception
    app.selectbox(key="gaps_order").set_value("pattern").run()
    assert not app.exception


def test_a_picture_is_drawn_once_for_the_same_facts_and_anew_for_others():
    drawn = []

    def draw(shares, names):
        drawn.append(names)
        return object()

    first = readers.figure(draw, np.eye(2), ["mask", "5k"])
    assert readers.figure(draw, np.eye(2), ["mask", "5k"]) is first
    assert readers.figure(draw, np.ones((2, 2)), ["mask", "5k"]) is not first
    assert readers.figure(draw, np.eye(2), ["mask", "crowd"]) is not first
    assert len(drawn) == 3
