"""The missing-value page on the demo."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import streamlit as st

from core import jobs
from core.store import gaps
from core.store import rules as store_rules
from core.store.conditions import Lacking
from core.store.images import image_by_name
from core.store.jobs import job_row
from core.store.labels import rules
from core.store.missing import report
from core.store.rules import change_rules
from core.workspace import Workspace
from pages.ui import gap_boxes, measuring, state
from pages.ui.gap_listing import as_text
from tests.pages.board import chips, figures, part, parts, pick, pictures, put, send, turn_page


def test_it_shows_the_counts_and_writes_the_free_cells(demo, open_page):
    with demo.read() as connection:
        before = report(connection)
    app = open_page("missing_values")
    shown = figures(app)
    assert shown["Images"] == str(before.rows)
    assert shown["Free"] == str(before.cells["free"])
    assert before.cells["free"] > 0
    app.button(key="write_free").click().run()
    assert not app.exception
    with demo.read() as connection:
        after = report(connection)
    assert after.cells["derived"] == before.cells["free"]
    assert after.cells["free"] == 0
    assert figures(app)["Free"] == "0"


def test_the_listing_has_every_single_label_and_every_combination(demo, open_page):
    listing = opened(open_page, gap_boxes.COUNTS).dataframe[0].value
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
    app = opened(open_page, gap_boxes.RULES)
    area = next(a for a in app.text_area if a.label == "Rules")
    area.set_value("5k = mask and distance").run()
    assert not app.exception
    assert any("distance" in e.value for e in app.error)
    assert any("^" in c.value for c in app.code)


def test_a_rule_that_can_not_be_read_leaves_what_was_typed_and_a_button_that_says_why(demo, open_page):
    """The button was gone with the first typing error, and it looked as if all that was typed were lost."""
    app = opened(open_page, gap_boxes.RULES)
    next(a for a in app.text_area if a.label == "Rules").set_value("5k = mask and distancing\nmask implies (").run()
    assert app.button(key="save_rules").disabled
    assert any("can't be used. What you typed stays" in c.value for c in app.caption)
    area = next(a for a in app.text_area if a.label == "Rules")
    assert area.value == "5k = mask and distancing\nmask implies ("
    area.set_value("5k = mask and distancing\nmask implies distancing").run()
    assert not app.button(key="save_rules").disabled
    app.button(key="save_rules").click().run()
    assert not app.exception
    with demo.read() as connection:
        assert rules(connection) == ["5k = mask and distancing", "mask implies distancing"]


def test_a_rule_that_the_others_imply_is_said_and_saved_all_the_same(demo, open_page):
    app = opened(open_page, gap_boxes.RULES)
    next(a for a in app.text_area if a.label == "Rules").set_value("5k = mask and distancing\n5k implies mask").run()
    assert any("`` 5k implies mask `` follows from `` 5k = mask and distancing ``" in c.value for c in app.caption)
    app.button(key="save_rules").click().run()
    with demo.read() as connection:
        assert rules(connection) == ["5k = mask and distancing", "5k implies mask"]


def test_removing_a_rule_withdraws_what_followed_from_it(demo, open_page):
    app = opened(open_page, gap_boxes.RULES)
    app.button(key="write_free").click().run()
    area = next(a for a in app.text_area if a.label == "Rules")
    area.set_value("").run()
    app.button(key="save_rules").click().run()
    assert not app.exception
    with demo.read() as connection:
        assert report(connection).cells["derived"] == 0


def test_a_rules_truth_table_is_drawn_on_demand(demo, open_page):
    app = opened(open_page, gap_boxes.RULES)
    app.selectbox(key="truth_table").set_value(0).run()
    assert not app.exception
    table = next(d.value for d in app.dataframe if " " in d.value.columns)
    assert (len(table), int(table[" "].sum())) == (8, 4)


def test_a_rule_that_nothing_contradicts_is_offered_and_taken(demo, open_page, monkeypatch):
    monkeypatch.setattr(store_rules, "suggestions", partial(store_rules.suggestions, least=3))  # the demo here is small
    app = opened(open_page, gap_boxes.RULES)
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
        put(app, state.GAPS_VIEW, view)
        assert key in pictures(app)
    put(app, state.GAPS_VIEW, "Row by row")
    for order in ("pattern", "label"):
        put(app, state.GAPS_ORDER, order)


def test_pictures_that_are_not_measured_are_said_and_measured_by_a_job(demo, open_page, spawned):
    with demo.write() as connection:
        connection.exec_driver_sql("DELETE FROM image_fact WHERE image_id > 20")
    app = open_page("missing_values")
    put(app, state.GAPS_VIEW, "By chance?")
    assert any("10 of 30 pictures are not measured yet" in m.value for m in app.markdown)
    app.button(key="measure").click().run()
    assert not app.exception, app.exception[0].value
    assert [command[0] for command in spawned] == ["measure"]
    assert [(job.kind, job.command) for job in jobs.list_jobs(demo)] == [("measure", ["measure"])]


def test_while_pictures_are_measured_the_page_shows_how_far_it_is(demo, open_page, monkeypatch):
    job_id = jobs.register(demo, "measure", ["measure"])
    monkeypatch.setattr(measuring, "job_line", lambda workspace, job: st.text(f"job {job.id} goes on"))
    app = open_page("missing_values")
    put(app, state.GAPS_VIEW, "By chance?")
    assert [t.value for t in app.text if "goes on" in t.value] == [f"job {job_id} goes on"]
    assert not [b for b in app.button if b.key == "measure"]
    app.button(key="measure_stop").click().run()
    assert not app.exception, app.exception[0].value
    with demo.read() as connection:
        assert job_row(connection, job_id).state == "stopping"


def test_a_demo_is_measured_and_gaps_are_held_against_it(demo, open_page):
    app = open_page("missing_values")
    put(app, state.GAPS_VIEW, "By chance?")
    assert not [b for b in app.button if b.key == "measure"]
    options = app.selectbox(key=f"gaps_finding:{demo.root}").options
    assert {"mask, by brightness", "mask, by sharpness"} <= set(options)


def test_pictures_that_can_not_be_read_are_said_with_the_reason(demo, open_page):
    with demo.write() as connection:
        connection.exec_driver_sql(
            "UPDATE image_fact SET brightness = NULL, problem = 'a.jpg is *gone*' WHERE image_id = 3"
        )
    app = open_page("missing_values")
    put(app, state.GAPS_VIEW, "By chance?")
    assert any("1 of 30 pictures can't be read" in m.value and r"\*gone\*" in m.value for m in app.markdown)
    assert app.button(key="measure").label == "Try again"


def test_a_file_that_goes_away_and_comes_back_is_seen_at_the_next_look(demo, open_page):
    app = open_page("missing_values")
    cards = part(app, "images")["cards"]
    assert all(card["src"] for card in cards)
    with demo.read() as connection:
        lost = image_by_name(connection, cards[1]["name"])
    moved = Path(lost.path).with_suffix(".away")
    Path(lost.path).rename(moved)
    demo.preview_path(lost.id).unlink()
    app.run()
    assert [bool(card["src"]) for card in part(app, "images")["cards"]] == [True, False, True, True, True, True]
    moved.rename(lost.path)
    app.run()
    assert all(card["src"] for card in part(app, "images")["cards"])


def test_one_box_is_open_at_a_time_and_one_that_has_nothing_to_say_is_not_offered(demo, open_page):
    app = open_page("missing_values")
    box = next(value for kind, value in parts(app) if kind == "controls" and value[0]["kind"] == "boxes")[0]
    assert [name for name, _ in box["options"]] == [
        gap_boxes.PROOFS, gap_boxes.RULES, gap_boxes.COUNTS, gap_boxes.APPROACHES,
    ]  # fmt: skip
    assert box["value"] == ""
    put(app, state.GAPS_BOX, gap_boxes.RULES)
    assert [area.label for area in app.text_area] == ["Rules"]
    put(app, state.GAPS_BOX, gap_boxes.COUNTS)
    assert not app.text_area
    assert app.dataframe
    with demo.write() as connection:
        change_rules(connection, ["mask = not distancing"])
        broken = report(connection).conflict_rows
    app.run()
    box = next(value for kind, value in parts(app) if kind == "controls" and value[0]["kind"] == "boxes")[0]
    assert box["options"][0] == [gap_boxes.CONFLICTS, f"{broken} images break a rule"]


def opened(open_page, box: str):
    """The page with one of its boxes open."""
    app = open_page("missing_values")
    app.session_state[state.GAPS_BOX] = box
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def images(app) -> int:
    return int(figures(app)["Images"].replace(",", ""))


def strip(app) -> list[str]:
    return [card["name"] for card in part(app, "images")["cards"]]


def test_a_choice_filters_the_figures_and_the_images_and_can_be_taken_back(demo, open_page):
    with demo.read() as connection:
        before = report(connection)
    app = open_page("missing_values")
    pick(app, "mask: open")
    assert chips(app) == ["mask: open"]
    assert images(app) == before.by_label["mask"]["open"]
    assert {card["cells"][0]["text"] for card in part(app, "images")["cards"]} == {"mask: open"}
    pick(app, "missing: mask, 5k")
    assert chips(app) == ["mask: open", "missing: mask, 5k"]
    both = images(app)
    assert both == next(p.rows for p in before.patterns if p.missing == ("mask", "5k"))
    pick(app, "distancing: given")
    send(app, Lacking(("mask", "5k")))
    assert chips(app) == ["mask: open", "distancing: given"]
    send(app, None)
    assert (chips(app), images(app)) == ([], before.rows)


def test_a_choice_that_no_image_fulfils_is_said_and_can_be_taken_back(demo, open_page):
    app = open_page("missing_values")
    pick(app, "missing: mask, 5k")
    pick(app, "mask: given")
    assert images(app) == 0
    assert part(app, "images")["told"] == "No image is like that."
    for view in ("Together", "By class", "By chance?", "Row by row"):
        put(app, state.GAPS_VIEW, view)
    send(app, None)
    assert images(app) == 30


def test_the_images_are_paged_and_a_new_choice_begins_with_the_first(demo, open_page):
    app = open_page("missing_values")
    first = strip(app)
    assert not part(app, "images")["previous"]
    turn_page(app, 1)
    assert part(app, "images")["told"] == "7 to 12 of 30 images."
    assert not set(strip(app)) & set(first)
    turn_page(app, -1)
    assert strip(app) == first
    turn_page(app, 1)
    pick(app, "mask: given")
    assert part(app, "images")["told"].startswith("1 to 6 of")


def test_images_whose_files_are_gone_are_shown_with_their_cells_and_it_is_said(demo, open_page):
    with demo.write() as connection:
        connection.exec_driver_sql("UPDATE image SET path = path || '.gone'")
    for path in (demo.root / "previews").rglob("*.jpg"):
        path.unlink()
    app = open_page("missing_values")
    assert [card["src"] for card in part(app, "images")["cards"]] == [None] * 6
    assert "was the folder moved?" in part(app, "images")["told"]


def test_a_page_without_a_table_leads_to_the_one_that_brings_it_in(demo, open_page):
    Workspace.create(demo.root.parent / "empty")
    app = open_page("missing_values")
    app.selectbox(key="workspace").set_value(str(demo.root.parent / "empty")).run()
    assert not app.exception
    assert not app.error
    assert "Dataset page" in app.info[0].value


def test_images_that_break_a_rule_are_told_apart_and_can_be_chosen(demo, open_page):
    with demo.write() as connection:
        change_rules(connection, ["mask = not distancing"])
        broken = report(connection).conflict_rows
    assert broken > 6
    app = opened(open_page, gap_boxes.CONFLICTS)
    listed = next(d.value for d in app.dataframe if "a smallest set of cells" in d.value.columns)
    assert len(listed) == broken
    app.button(key="only_conflicts").click().run()
    assert chips(app) == ["breaks a rule"]
    assert images(app) == broken


def test_of_very_many_conflicts_some_are_shown_and_it_is_said_of_how_many(demo, open_page, monkeypatch):
    with demo.write() as connection:
        change_rules(connection, ["mask = not distancing"])
        broken = report(connection).conflict_rows
    monkeypatch.setattr(gaps, "conflicts", partial(gaps.conflicts, limit=4))
    app = opened(open_page, gap_boxes.CONFLICTS)
    assert any(f"The first 4 of {broken} images" in caption.value for caption in app.caption)


@pytest.mark.parametrize(
    ("form", "first"),
    [("One line", "mask 3 · a | b 1"), ("TSV", "missing\trows\nmask\t3\na | b\t1"),
     ("Markdown", "| missing | rows |\n| --- | ---: |\n| mask | 3 |\n| a \\| b | 1 |")],
)  # fmt: skip
def test_the_counts_can_be_copied(form, first):
    assert as_text([("mask", 3), ("a | b", 1)], form) == first
