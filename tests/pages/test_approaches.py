"""The comparison of three ways on the Missing values page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core import jobs
from core.approaches import estimate
from core.approaches.filling import APPROACHES
from core.approaches.plan import files, make_plan, read_plan, write_plan
from core.jobs import process
from core.jobs.beat import Beat, write_beat
from core.store import jobs as store
from core.training.library import load_recipe
from core.workspace import Workspace
from pages.ui import gap_boxes, state
from tests.training.sweep.test_estimate import run


@pytest.fixture
def big(demo: Workspace, monkeypatch) -> Workspace:
    """The demo is too small to compare on: fewer complete rows are asked for."""
    monkeypatch.setattr("core.approaches.layout.LEAST", 10)
    return demo


def opened(open_page):
    app = open_page("missing_values")
    app.session_state[state.GAPS_BOX] = gap_boxes.APPROACHES
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def button(app):
    return app.button(key="compare_start")


def shown(app) -> str:
    return "\n".join(e.value for kind in ("markdown", "caption", "error", "warning") for e in getattr(app, kind))


def finished(ws: Workspace) -> int:
    """A job whose results are made up."""
    plan, snapshot = make_plan(ws, "quick-cpu", load_recipe("quick-cpu"), seeds=(0, 1))
    job_id = jobs.register(ws, "compare", ["compare", "--recipe=quick-cpu"])
    for name, content in files(plan, snapshot).items():
        (ws.job_dir(job_id) / name).write_bytes(content)
    score = {"accuracy": [0.9, 0.8, 0.95], "f1": [0.85, 0.7, 0.9]}
    one = {
        "seeds": [0, 1],
        "labels": {name: score for name in plan.order},
        "hidden": {"all labels": {"cells": 10, "filled": [1, 0.8, 1], "wrong": [0.1, 0, 0.3], "guesses": 8,
                                  "wrong_taken": [0.125, 0.1, 0.4], "wrong_guesses": [0.125, 0.02, 0.4]}},
        "gaps": {"cells": 30, "filled": 30.0, "wrong": [3.0, 1.0, 9.0],
                 "by_origin": {"known": 0, "derived": 6.0, "pseudo": 20.0, "derived from pseudo": 4.0}},
        "contradictions": 0.0,
        "seconds": 61.0,
    }  # fmt: skip
    plan.summary = {
        "approaches": {key: one for key in APPROACHES},
        "differences": {"drop": {name: {m: [0.05, -0.01, 0.1] for m in score} for name in plan.order}},
        "line": "All done.",
    }
    plan.outcomes[1].state, plan.outcomes[1].reason = "failed", "Too dark."
    write_plan(ws.job_dir(job_id), plan)
    with ws.write() as connection:
        store.change_job(connection, job_id, state="finished", message="All done.", started=1.0, ended=2.0)
    return job_id


def test_closed_it_costs_nothing(demo, open_page, monkeypatch):
    monkeypatch.setattr("pages.ui.approaches.comparisons", lambda _: pytest.fail("it was read"))
    open_page("missing_values")


def test_a_press_starts_the_job_that_was_asked_for(big, open_page, spawned):
    app = opened(open_page)
    app.number_input(key="compare_epochs_quick-cpu").set_value(3)
    app.number_input(key="compare_seeds").set_value(2)
    app.number_input(key="compare_precision").set_value(0.9)
    app.multiselect(key="compare_order").set_value(["distancing", "mask"])
    button(app).click().run()
    assert not app.exception
    assert spawned[0][:1] == ["compare"]
    plan = read_plan(big.job_dir(jobs.list_jobs(big)[0].id))
    assert (plan.order, plan.seeds, plan.precision, plan.recipe["epochs"]) == (["distancing", "mask"], [0, 1], 0.9, 3)


def test_while_one_goes_on_no_other_is_started(big, open_page, monkeypatch):
    job_id = finished(big)
    with big.write() as connection:
        store.change_job(connection, job_id, state="running", ended=None)
    write_beat(big.job_dir(job_id), Beat(ready=True, message="Seed 0, drop, mask", done=1, total=18))
    monkeypatch.setattr(process, "alive", lambda *_: True)
    app = opened(open_page)
    assert button(app).disabled
    assert "A comparison is going on." in shown(app)
    stopped = []
    monkeypatch.setattr(jobs, "stop", lambda _, one: stopped.append(one))
    app.button(key=f"compare_stop_{job_id}").click().run()
    assert not app.exception
    assert stopped == [job_id]


def test_what_came_out_is_shown_with_intervals(big, open_page):
    finished(big)
    app = opened(open_page)
    table = next(d.value for d in app.dataframe if "measure" in d.value)
    assert list(table.columns) == ["measure", *APPROACHES.values()]
    assert "90.0% (80.0% to 95.0%)" in table.to_string()
    assert "3 (1 to 9)" in table.to_string()
    assert "+5.0 (-1.0 to +10.0)" in shown(app)
    assert "Too dark." in shown(app)
    assert "The promise was broken" in shown(app)


def test_seeds_that_figures_rest_on_are_told_where_some_are_missing(big, open_page):
    job_id = finished(big)
    app = opened(open_page)
    assert not any("rest on" in i.value for i in app.info)
    plan = read_plan(big.job_dir(job_id))
    for key, found in plan.summary["approaches"].items():
        found["seeds"], found["left_out"] = [0], [1] if key == "drop" else []
    write_plan(big.job_dir(job_id), plan)
    app = opened(open_page)
    assert any("All figures rest on seed 0, of 2 asked for" in i.value for i in app.info)
    assert any("Drop rows with a gap, seed 1." in i.value for i in app.info)


def test_how_long_it_may_take_is_said_before_it_is_started(demo, open_page, monkeypatch):
    monkeypatch.setattr(estimate, "summaries", lambda _: [])
    assert "How long that takes is not known" in shown(opened(open_page))
    known = load_recipe("quick-cpu")
    settings = {name: getattr(known, name) for name in ("model", "width", "depth")} | {"size": known.size}
    settings["size"] = " x ".join(map(str, known.size)) if isinstance(known.size, tuple) else known.size
    past = replace(run(9), settings=settings)
    monkeypatch.setattr(estimate, "summaries", lambda _: [past])
    app = opened(open_page)
    first = next(c.value for c in app.caption if "reckoned from run 9" in c.value)
    app.number_input(key="compare_seeds").set_value(5).run()
    assert next(c.value for c in app.caption if "reckoned from run 9" in c.value) != first


def test_too_small_a_table_is_told(demo, open_page, spawned):
    app = opened(open_page)
    button(app).click().run()
    assert "rows have a value for each" in shown(app)
    assert spawned == []
