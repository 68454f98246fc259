"""Cascades on Fine-tune and Runs: what is seen before, during, and at a stop."""

from __future__ import annotations

import re
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from core import jobs
from core.cascade.command import Asked
from core.cascade.plan import FINISHED, REVIEW, TRAINING, Stage, read_plan, write_plan
from core.jobs import process
from core.jobs.beat import Beat, write_beat
from core.jobs.stops import released
from core.store import decisions
from core.store import jobs as store
from core.store.cells import open_cells
from core.store.labels import label_id
from core.training.library import load_recipe
from core.workspace import Workspace
from pages.ui import cascade_panel, state
from tests.pages.test_app import SHELL
from tests.pages.test_runs import add


@pytest.fixture
def opened(demo, open_page, spawned):
    """Open Fine-tune on its cascades."""

    def now():
        app = open_page("fine_tune")
        app.session_state[state.TRAIN_VIEW] = cascade_panel.VIEWS[1]
        return rerun(app)

    return now


def rerun(app):
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def texts(app) -> str:
    kinds = ("markdown", "caption", "error", "info", "warning")
    return "\n".join(e.value for kind in kinds for e in getattr(app, kind))


def open_now(ws: Workspace) -> int:
    with ws.read() as connection:
        return len(open_cells(connection, label_id(connection, "mask")))


def frame(app):
    return next(d.value for d in app.dataframe if "left open" in d.value)


def look(cells: int = 4, rests: str = "60 of 60 known cells as sure are right; at least 93.1%") -> dict:
    rows = [{"class": "no mask", "where": "", "waiting": 9, "accepted": cells, "rests on": rests}]
    return {"cells": cells, "derived": 2, "expected": 0.0, "classes": rows, "notes": ["What is missing differs."],
            "acceptance": 1}  # fmt: skip


def cascade(ws: Workspace, job_state: str = "waiting", **values: object) -> int:
    """A cascade that has come to the stop after its first stage; its facts are made up."""
    asked = Asked("quick-cpu", {"epochs": 2}, reviewer="ann")
    job_id, plan = jobs.register(ws, "cascade", asked.command()), asked.plan(ws)
    first = plan.stages[0]
    first.state, first.run, first.before, first.left, first.looks = REVIEW, 3, 9, first.open, [look()]
    first.figures = {"accuracy": 0.9, "f1": 0.8, "images": 5, "seconds": 3.0}
    for name, value in values.items():
        setattr(first, name, value)
    write_plan(ws.job_dir(job_id), plan)
    with ws.write() as connection:
        message = "Waiting for review after stage 1 of 2, mask."
        store.change_job(connection, job_id, state=job_state, message=message, pid=1, started=1.0, ended=2.0)
    return job_id


def test_stages_order_and_time_are_seen_before_anything_starts(demo, opened):
    app = opened()
    assert f"**mask** ({open_now(demo)} gaps), then **distancing**" in texts(app)
    assert "A label with more known cells makes the better model" in texts(app)
    assert "**5k**, follows by rules from mask and distancing" in texts(app)
    assert "How long that takes is not known" in texts(app)
    app.number_input(key="cascade_epochs_quick-cpu").set_value(3)
    app.number_input(key="cascade_precision").set_value(95.0)
    rerun(app)
    app.button(key="cascade_start").click()
    rerun(app)
    job = jobs.list_jobs(demo)[0]
    plan = read_plan(demo.job_dir(job.id))
    assert job.kind == "cascade"
    assert [(s.label, s.precision, s.full_recipe().epochs) for s in plan.stages] == [
        ("mask", 0.95, 3), ("distancing", 0.95, 3),
    ]  # fmt: skip


def test_each_stage_has_its_time_where_a_run_tells_it(demo, opened):
    recipe = load_recipe("quick-cpu").model_dump(mode="json")
    add(demo, **{name: recipe[name] for name in ("model", "width", "depth", "size")})
    shown = texts(opened())
    each = r"\*\*mask\*\* .*\d s, \*\*distancing\*\* .*\d s\."
    assert re.search(rf"{each} The trainings may take .* reckoned from run 1", shown)


def test_a_double_click_starts_one(demo, opened, spawned):
    app = opened()
    for _ in range(2):
        if any(b.key == "cascade_start" for b in app.button):
            app.button(key="cascade_start").click()
        rerun(app)
    assert len(spawned) == 1


def test_an_order_that_cannot_be_is_told(opened):
    app = opened()
    app.selectbox(key="cascade_order").set_value("quality")
    rerun(app)
    assert "has no run that was measured" in texts(app)
    assert app.button(key="cascade_start").disabled
    app.selectbox(key="cascade_order").set_value("own")
    rerun(app)
    assert "Choose at least one label" in texts(app)
    app.multiselect(key="cascade_labels").set_value(["distancing", "mask"])
    rerun(app)
    assert "**distancing**, then **mask**. As you put them." in texts(app)
    assert not app.button(key="cascade_start").disabled


def test_what_is_changed_for_one_stage_holds_for_it_alone():
    from pages.ui.cascade_form import _differs

    asked = Asked("quick-cpu", precision=0.95)
    same = {"accept": "By promise", "promise": 95.0, "stop": True, "recipe": "quick-cpu"}
    assert _differs(same, asked) == {}
    assert _differs({**same, "promise": 90.0, "stop": False}, asked) == {"precision": "0.9", "stop": "never"}
    assert _differs({**same, "accept": "Nothing", "recipe": "fashion"}, asked) == {
        "accept": "nothing", "recipe": "fashion",
    }  # fmt: skip


def test_at_a_stop_it_says_what_was_filled_by_what_promise_and_what_is_left(demo, opened):
    job_id = cascade(demo)
    app = opened()
    shown = texts(app)
    assert "**Stage 1 of 2, mask: your turn**" in shown
    assert "4 of 9 open cells were accepted with the promise that 99% are right" in shown
    assert f"{open_now(demo)} cells are left to review." in shown
    assert "What is missing differs" not in shown  # what it rests on is opened on demand
    assert not any(b.key == "cascade_start" for b in app.button)
    table = frame(app)
    assert list(table["state"]) == ["waits for review", "not begun"]
    assert table["accepted"][0] == 4
    app.button(key=f"cascade_on_{job_id}_1").click()
    rerun(app)
    assert released(demo.job_dir(job_id)) == 1
    assert jobs.get_job(demo, job_id).state in ("queued", "lost")


def test_a_labels_name_is_shown_as_it_is_where_its_evidence_is_opened(demo, opened):
    cascade(demo, label="*a*")
    assert r"\*a\*: what it rests on" in [box.label for box in opened().expander]


def test_the_way_to_the_queue_is_open_in_a_workspace_that_the_address_names(demo, spawned):
    """Streamlit refused to leave the page: the address's parameter is bound to the picker."""
    shutil.copytree(demo.root, demo.root.parent / "other set")
    other = Workspace.open(demo.root.parent / "other set")
    job_id = cascade(other)
    app = AppTest.from_file(SHELL, default_timeout=60)
    app.query_params["workspace"] = "other set"
    app.run()
    app.session_state[state.TRAIN_VIEW] = cascade_panel.VIEWS[1]
    app.switch_page("../fine_tune.py").run()
    rerun(app)
    app.sidebar.text_input(key=state.REVIEWER).set_value("ann")
    rerun(app)
    app.button(key=f"cascade_review_{job_id}").click()
    rerun(app)
    assert app.title[0].value == "Review"
    assert app.session_state[state.REVIEWER] == "ann"
    assert app.session_state[state.WORKSPACE] == str(other.root)


def test_no_threshold_is_told_where_nothing_was_accepted(demo, opened):
    cascade(demo, looks=[look(0, "No threshold keeps 99% with 41 known cells: review 60 more")])
    told = "Nothing was accepted: no mask: No threshold keeps 99% with 41 known cells: review 60 more."
    assert told in texts(opened())


def test_what_people_settle_meanwhile_is_counted(demo, opened):
    before = open_now(demo)
    cascade(demo)
    with demo.write() as connection:
        mask = label_id(connection, "mask")
        row = open_cells(connection, mask)[0]
        decisions.decide(connection, client_id="x", reviewer="bob", action="choose", image_id=row.image_id,
                         label_id=mask, value=1)  # fmt: skip
    told = f"{before - 1} cells are left to review. 1 of {before} was settled since the stop."
    assert told in texts(opened())


def test_what_was_taken_back_waits_once_more_and_is_not_counted_as_settled():
    stage = Stage(1, "mask", "your order", "tiny", {}, left=10)
    assert cascade_panel._since(stage, 50, back=40) == "50 cells are left to review."
    told = "5 cells are left to review. 45 of 50 were settled since the stop."  # 45 of 10 it said
    assert cascade_panel._since(stage, 5, back=40) == told


def test_a_press_that_comes_too_late_ends_nothing(demo, opened, spawned):
    job_id = cascade(demo)
    app = opened()
    plan = read_plan(demo.job_dir(job_id))
    plan.stages[0].state, plan.stages[1].state = FINISHED, REVIEW
    write_plan(demo.job_dir(job_id), plan)
    app.button(key=f"cascade_on_{job_id}_1").click()
    rerun(app)
    assert spawned == []
    assert jobs.get_job(demo, job_id).state == "waiting"


def test_it_can_be_ended_there(demo, opened):
    job_id = cascade(demo)
    app = opened()
    app.button(key=f"cascade_end_{job_id}_1").click()
    rerun(app)
    assert jobs.get_job(demo, job_id).state == "finished"
    assert "Ended by a person after 1 of 2 stages" in texts(app)
    assert any(b.key == "cascade_start" for b in app.button)


def test_while_it_goes_on_it_can_be_stopped_and_a_lost_one_resumed(demo, opened, monkeypatch):
    job_id = cascade(demo, "running", state=TRAINING, looks=[], left=None)
    write_beat(demo.job_dir(job_id), Beat(ready=True, message="Stage 1 of 2, mask: epoch 1 of 2", done=0.2, total=2))
    with monkeypatch.context() as patch:
        patch.setattr(process, "alive", lambda *_: True)
        app = opened()
        assert list(frame(app)["state"]) == ["training", "to come"]
        assert not app.button(key=f"cascade_stop_{job_id}").disabled
    monkeypatch.setattr(process, "alive", lambda *_: False)
    app = opened()
    assert list(frame(app)["state"]) == ["lost", "not begun"]
    app.button(key=f"cascade_resume_{job_id}").click()
    rerun(app)
    assert jobs.get_job(demo, job_id).state in ("queued", "lost")


def test_review_opens_on_the_label_that_a_stop_is_about(proposed, open_page, spawned):
    job_id = cascade(proposed)
    app = open_page("fine_tune")
    app.session_state[state.TRAIN_VIEW] = cascade_panel.VIEWS[1]
    rerun(app)
    assert app.button(key=f"cascade_review_{job_id}").label == "Review mask"
    app.session_state[state.REVIEW_LABEL] = 1
    app.switch_page("../review.py").run()
    assert not app.exception
    assert app.selectbox(key=state.REVIEW_LABEL).value == 1


def test_a_label_of_another_workspace_is_not_asked_for_on_review(proposed, open_page):
    app = open_page("fine_tune")
    app.session_state[state.REVIEW_LABEL] = 99
    app.switch_page("../review.py").run()
    assert not app.exception
    assert app.selectbox(key=state.REVIEW_LABEL).value == 1


def test_runs_and_the_other_view_know_of_it(proposed, open_page):
    job_id = cascade(proposed)
    app = open_page("fine_tune")
    assert f"Cascade {job_id} waits for your review" in texts(app)
    assert "waiting" in texts(app)
    app = open_page("runs")
    app.session_state["runs_view"] = "Cascades"
    rerun(app)
    assert "**Stage 1 of 2, mask: your turn**" in texts(app)


def test_runs_say_where_a_first_one_is_started(proposed, open_page):
    app = open_page("runs")
    app.session_state["runs_view"] = "Cascades"
    rerun(app)
    assert "No cascade yet" in texts(app)
