"""The page of hard examples: what the browser gets in each view, and what is said where there is nothing."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from sqlalchemy import select, update
from streamlit.testing.v1 import AppTest

from core.hard.matrix import ClassErrors, Matrix
from core.store import ranks, schema
from core.store.hard import LISTS
from core.store.labels import label_id, labels
from core.store.runs import list_runs
from core.workspace import Workspace
from pages.ui import state
from pages.ui.hard import component, confusion, matrix, sending
from pages.ui.hard.choice import Looked
from pages.ui.hard.sources import Listed, Named
from tests.hard_runs import add_run, known_images, two_clouds
from tests.pages.conftest import PROJECT


@pytest.fixture
def runs(demo: Workspace) -> list[int]:
    """Three runs on `mask`: all miss the first known image, one each the second and the third."""
    return [add_run(demo, wrong) for wrong in ({0, 1}, {0}, {0, 2})]


def opened(**address: str) -> AppTest:
    """Open the page by an address, as a reload or a link does."""
    app = AppTest.from_file(str(PROJECT / "pages" / "ui" / "shell.py"), default_timeout=60)
    app.query_params.update(address)
    app.switch_page("../hard_examples.py").run()
    assert not app.exception, app.exception[0].value
    return app


def sent(app: AppTest) -> dict[str, dict]:
    """Return what each component gets, by its kind; the pictures' one has none."""
    found = [json.loads(one.proto.json) for one in app.get("bidi_component")]
    return {one.get("kind", "gallery"): one for one in found}


def looked(ws: Workspace, run_id: int, view: str = "lists") -> Looked:
    with ws.read() as connection:
        of = label_id(connection, "mask")
        return Looked(ws, of, labels(connection)[of], run_id, list_runs(connection, of), view)


def said(app: AppTest) -> str:
    return " ".join(one.value for one in app.markdown)


def test_without_a_run_it_says_where_predictions_come_from(demo):
    assert "Fine-tune" in opened().info[0].value


def test_the_matrix_has_the_image_that_all_runs_miss_at_its_top(demo, runs):
    app = opened()
    found = sent(app)["matrix"]
    images = known_images(demo)
    assert found["images"][0] == images[0]
    assert set(found["images"][1:3]) == {images[1], images[2]}
    predicted = np.frombuffer(base64.b64decode(found["predicted"]), "<i2").reshape(6, 3)
    wrong = predicted != np.array(found["truth"])[:, None]
    assert wrong.sum(axis=1).tolist() == [3, 1, 1, 0, 0, 0]
    assert [one["id"] for one in found["runs"]] == runs
    assert [one["share"] for one in found["runs"]] == pytest.approx([2 / 6, 1 / 6, 2 / 6])
    assert "6 held-out images and 3 runs. 1 that no run gets right: the dark lines at the top." in said(app)
    # Below it the images that some run misses, each with how many.
    gallery = sent(app)["gallery"]["list"]
    assert gallery["total"] == 3
    assert gallery["rows"][0]["image"] == images[0]
    assert gallery["rows"][0]["reason"].startswith("3 of 3 runs wrong")


def test_runs_can_be_chosen_for_the_matrix(demo, runs):
    app = opened()
    app.multiselect(key=state.HARD_RUNS).set_value([runs[0], runs[2]]).run()
    assert [one["id"] for one in sent(app)["matrix"]["runs"]] == [runs[0], runs[2]]


def test_one_run_alone_says_what_a_second_one_would_show(demo):
    add_run(demo, {0, 3})
    app = opened()
    assert "is wrong on 2 of 6 held-out images. With a second run" in said(app)
    assert not app.multiselect


def test_a_run_without_held_out_images_is_no_error_in_any_view(demo):
    add_run(demo, set(), heldout=0)
    for view in ("Runs and images", "Confusion"):
        assert "no predictions on known images" in opened(hard_view=view).info[0].value
    assert "has no images in" in opened(hard_view="Lists").info[0].value
    assert sent(opened(hard_view="Lists", hard_list="Open cells, least sure first"))["gallery"]["list"]["total"] > 0
    assert "There is no map for run 1 yet" in opened(hard_view="Map of the set").info[0].value
    assert "no maps of known held-out images" in said(opened(hard_view="Where errors look"))


def test_a_set_with_one_class_has_a_matrix_and_a_confusion(demo):
    with demo.write() as connection:
        of = label_id(connection, "mask")
        here = (schema.cell.c.label_id == of, schema.cell.c.value.is_not(None))
        connection.execute(update(schema.cell).where(*here).values(value=1))
    add_run(demo, set())
    found = sent(opened(hard_view="Confusion"))["confusion"]
    assert found["counts"] == [0, 0, 0, 6]
    assert "100.0% of 6 held-out images are right." in said(opened(hard_view="Confusion"))
    assert "is wrong on 0 of 6 held-out images" in said(opened())


def test_a_cell_of_the_confusion_matrix_filters_the_images_below_it(demo, runs):
    with demo.read() as connection:
        of = label_id(connection, "mask")
        first = known_images(demo)[0]
        where = (schema.cell.c.image_id == first, schema.cell.c.label_id == of)
        truth = connection.execute(select(schema.cell.c.value).where(*where)).scalar()
        names = labels(connection)[of].names
    app = opened(hard_view="Confusion", hard_known=names[truth], hard_said=names[1 - truth])
    found = sent(app)
    assert found["confusion"]["chosen"] == [truth, 1 - truth]
    assert first in [row["image"] for row in found["gallery"]["list"]["rows"]]
    assert found["gallery"]["list"]["total"] == found["confusion"]["counts"][2 * truth + 1 - truth]
    # The diagonal shows right ones.
    app = opened(hard_view="Confusion", hard_known=names[truth], hard_said=names[truth])
    rows = sent(app)["gallery"]["list"]["rows"]
    assert rows
    assert all(row["value"] == row["truth"] == truth for row in rows)


def test_every_list_can_be_looked_at_and_the_address_names_it(demo, runs):
    app = opened(hard_view="Lists", hard_list=LISTS["margin"])
    assert app.selectbox(key=state.HARD_LIST).value == "margin"
    for name in LISTS:
        app.selectbox(key=state.HARD_LIST).set_value(name).run()
        assert not app.exception, (name, app.exception[0].value)
        assert "gallery" in sent(app) or app.info, name


def test_where_errors_look_has_the_corner_for_wrong_and_the_middle_for_right_answers(demo):
    add_run(demo, {0, 1, 2}, heldout=9)
    found = sent(opened(hard_view="Where errors look"))["look"]
    maps = {one["name"]: np.frombuffer(base64.b64decode(one["map"]), np.uint8).reshape(one["size"])
            for one in found["means"]}  # fmt: skip
    assert maps["Wrong"].argmax() == 0
    assert maps["Wrong"][3, 3] == 0
    assert maps["Right"][3, 3] == maps["Right"].max() > 0
    assert maps["Right"][0, 0] == 0


def test_the_map_of_the_set_is_drawn_where_there_is_one_and_made_where_there_is_none(demo, runs, spawned):
    app = opened(hard_view="Map of the set")
    app.button(key="hard_map_make").click().run()
    assert [command[:2] for command in spawned] == [["embed", str(runs[-1])]]
    two_clouds(demo, runs[0], left=[])
    app = opened(hard_view="Map of the set", hard_run=app.selectbox(key=state.HARD_RUN).options[-1])
    found = sent(app)["map"]
    assert found["run"] == runs[0]
    assert "30 images, each where run 1 puts it" in said(app)


def test_the_map_changes_its_version_with_a_decision(demo, runs):
    two_clouds(demo, runs[-1], left=[])
    before = sent(opened(hard_view="Map of the set"))["map"]["version"]
    assert sent(opened(hard_view="Map of the set"))["map"]["version"] == before
    with demo.write() as connection:
        connection.execute(update(schema.cell).where(schema.cell.c.image_id == 1).values(value=0))
    assert sent(opened(hard_view="Map of the set"))["map"]["version"] != before


def test_sending_puts_images_into_the_queue_with_their_reasons(demo, runs):
    images = known_images(demo)
    here, done = looked(demo, runs[2]), []
    for source, chosen in (
        (Listed("wrong"), None),
        (Named(np.array(images[3:5]), "By hand", {images[3]: "odd"}), None),
    ):
        with demo.write() as connection:
            reasons = source.reasons(here, chosen)
            done.append(sending.core_send(connection, here.label_id, here.run_id, list(reasons), reasons))
    with demo.read() as connection:
        query = select(schema.rank.c.image_id, schema.rank.c.reason).where(schema.rank.c.kind == ranks.SENT)
        found = dict(connection.execute(query).all())
    assert set(found) == {images[0], images[2], images[3], images[4]}
    assert found[images[0]].startswith("Wrong on known images, surest first: says ")
    assert (found[images[3]], found[images[4]]) == ("By hand: odd", "By hand")
    assert done[0].told == "2 images sent to review."


def test_only_what_is_in_the_list_can_be_sent_from_it(demo, runs):
    images = known_images(demo)
    here = looked(demo, runs[2])
    assert set(Listed("wrong").reasons(here, [images[0], images[3], 999])) == {images[0]}
    assert set(Named(np.array(images[:2]), "x").reasons(here, [images[1], 999])) == {images[1]}


def test_going_back_from_a_picture_finds_view_list_and_filters_as_they_were(demo, runs):
    names = ("no mask", "mask")
    app = opened(hard_view="Lists", hard_list=LISTS["right"], hard_known=names[0])
    before = sent(app)["gallery"]["stamp"]
    kept = {key: app.session_state[key] for key in (state.HARD_VIEW, state.HARD_LIST, state.HARD_TRUTH)}
    stamps = []
    for address in ({}, {"hard_view": "Lists"}):  # what an address says goes before it
        again = AppTest.from_file(str(PROJECT / "pages" / "ui" / "shell.py"), default_timeout=60)
        again.session_state[state.HARD_LEFT] = (str(demo.root), kept)
        again.query_params.update(address)
        again.switch_page("../hard_examples.py").run()
        assert again.session_state[state.HARD_LEFT] is None
        stamps.append(sent(again)["gallery"]["stamp"])
    assert stamps[0] == before != stamps[1]


@pytest.mark.parametrize("number", [10**20, 2**53, 0, -1, "3", None])
def test_a_picture_that_can_not_be_is_not_opened(demo, runs, monkeypatch, number):
    kept: dict = {}
    monkeypatch.setattr(state.st, "session_state", kept)
    component.open_later(looked(demo, runs[0]), number)
    assert state.HARD_OPEN not in kept
    assert state.MAPS_IMAGE not in kept


def test_an_opened_picture_keeps_its_list_and_the_way_back(demo, runs, monkeypatch):
    kept: dict = {state.HARD_VIEW: "lists", state.HARD_TRUTH: 1, state.HARD_SAID: None}
    monkeypatch.setattr(state.st, "session_state", kept)
    component.open_later(looked(demo, runs[0]), 3, which="margin")
    assert kept[state.MAPS_IMAGE] == (str(demo.root), 3, 1, "", "Hard examples")
    assert (kept[state.MAPS_LIST], kept[state.HARD_OPEN]) == ("margin", True)
    assert kept[state.HARD_LEFT] == (str(demo.root), {state.HARD_VIEW: "lists", state.HARD_TRUTH: 1})


def test_a_report_is_made_and_offered(demo, runs):
    app = opened(hard_view="Lists")
    app.button(key="hard_report_make").click().run()
    assert not app.exception
    asked, content = app.session_state[state.HARD_REPORT]
    assert asked[1:] == (runs[-1], "wrong", 60)
    assert b"<html" in content
    assert b"Hard examples of mask" in content


def table(wrong: list[list[int]]) -> Matrix:
    """A matrix of images x runs, 1 wrong, 0 right, -1 not predicted; all images of class 0."""
    states = np.array(wrong)
    predicted = np.where(states < 0, -1, states).astype(np.int16)
    n = len(states)
    return Matrix(tuple(range(1, states.shape[1] + 1)), np.arange(n), tuple(map(str, range(n))),
                  np.zeros(n, np.int16), predicted, states == 1, (ClassErrors(0, "no", n, 0.5, 1),))  # fmt: skip


def test_words_of_a_matrix_count_lines():
    told = matrix.told(table([[1, 1], [1, 0], [0, 0]]))
    assert "3 held-out images and 2 runs. 1 that no run gets right" in told
    assert "1 that every run gets right. On 1 they disagree" in told
    assert "67% of all mistakes" in told  # two of three
    told = matrix.told(table([[1, 0], [0, 0]]))
    assert "Every image is right in some run" in told
    # What a run did not predict counts neither way.
    assert "1 that no run gets right" in matrix.told(table([[1, -1], [0, 0]]))


def test_recall_and_precision_of_a_table_by_hand():
    recall, precision = confusion.rates(np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]]))
    np.testing.assert_allclose(recall, [0.8, 0.9, np.nan])
    np.testing.assert_allclose(precision, [8 / 9, 9 / 11, np.nan])
    told = confusion.told(np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]]), ("cat", "dog", "cow"))
    assert told == (
        "85.0% of 20 held-out images are right. Most often: cat taken for dog 2 times; dog taken for cat 1 times."
        " Of cow nothing was held out."
    )
