"""Sweeps: the form on Fine-tune, the results on Runs."""

from __future__ import annotations

import json
import re

import pytest

from core import jobs
from core.jobs import process
from core.jobs.beat import Beat, write_beat
from core.store import jobs as store
from core.training.library import load_recipe
from core.training.sweep.plan import Plan, make_plan, read_plan, write_plan
from core.training.sweep.space import parse_setting
from tests.pages.test_runs import add


@pytest.fixture
def spawned(monkeypatch) -> list[list[str]]:
    found: list[list[str]] = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: found.append(list(arguments)) or 2**22 + 1)
    return found


@pytest.fixture
def form(demo, open_page, spawned):
    """The Fine-tune page with the sweep's part open."""
    app = open_page("fine_tune")
    app.session_state["sweep_box"] = True
    return rerun(app)


@pytest.fixture
def results(demo, open_page):
    """Open the Runs page on its sweeps."""

    def opened():
        app = open_page("runs")
        app.session_state["runs_view"] = "Sweeps"
        return rerun(app)

    return opened


def rerun(app):
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def texts(app) -> str:
    return "\n".join(e.value for kind in ("markdown", "caption", "error", "info") for e in getattr(app, kind))


def start(app):
    return next(b for b in app.button if b.label == "Start the sweep")


def enter(app, name: str, values: str):
    app.text_input(key=f"sweep:{name}").set_value(values)
    return rerun(app)


def planned(*sets: str, **values: object) -> Plan:
    recipe = load_recipe("quick-cpu")
    settings = [parse_setting(text, recipe) for text in sets]
    return make_plan("mask", "quick-cpu", recipe, settings, sources=("given",), **values)


def finished(plan: Plan, scores: list[float | None]) -> Plan:
    """Give trials their scores, in order; None: it failed."""
    for trial, score in zip(plan.trials, scores, strict=False):
        trial.state = "failed" if score is None else "finished"
        trial.figures = {} if score is None else {"f1": score, "accuracy": score, "loss": 0.5, "epoch": 2,
                                                  "seconds": 65.0}  # fmt: skip
        trial.reason = "The memory is too small." if score is None else ""
    done = [t for t in plan.trials if t.state == "finished"]
    plan.best = max(done, key=lambda t: t.figures["f1"]).number if done else None
    return plan


def stored(ws, plan: Plan, state: str = "finished", message: str = "4 of 4 trials are done.") -> int:
    job_id = jobs.register(ws, "sweep", ["sweep", "--label", "mask", "--set=dropout=0,0.2"])
    write_plan(ws.job_dir(job_id), plan)
    with ws.write() as connection:
        store.change_job(connection, job_id, state=state, message=message, pid=1)
    return job_id


def test_the_form_says_how_many_trials_there_will_be_and_that_they_can_be_compared(form):
    assert start(form).disabled  # each setting has the recipe's one value
    assert "nothing to compare" in texts(form)
    enter(form, "dropout", "0, 0.2, 0.5")
    enter(form, "weight_decay", "0.01, 0.1")
    assert "**6 trials**: 3 x Dropout, 2 x Weight decay. All with seed 0." in texts(form)
    assert "same held-out ones" in texts(form)
    assert "no run here had this network" in texts(form)
    assert not start(form).disabled


def test_the_time_is_reckoned_from_an_earlier_run_of_that_network(demo, open_page, spawned):
    recipe = load_recipe("quick-cpu").model_dump(mode="json")
    # 6 s for 3 epochs of 12 images at 128 px.
    add(demo, **{n: recipe[n] for n in ("model", "width", "depth", "size")})
    app = open_page("fine_tune")
    app.session_state["sweep_box"] = True
    enter(rerun(app), "dropout", "0, 0.2")
    images = round(0.8 * int(re.search(r"(\d+) known cells", texts(app)).group(1)))
    seconds = round(2 * recipe["epochs"] * images * 6 / (3 * 12))
    assert f"About {seconds // 60} min {seconds % 60} s on this machine, reckoned from run 1." in texts(app)


def test_a_sweep_starts_from_what_the_form_above_has(demo, form, spawned):
    form.session_state["train_drafts"]["quick-cpu"] = draft(form, epochs=3, dropout=0.4)
    enter(form, "dropout", "0, 0.2")
    start(form).click()
    rerun(form)
    assert spawned[0][:4] == ["sweep", "--label", "mask", "--recipe=quick-cpu"]
    plan = read_plan(demo.job_dir(1))
    assert plan.recipe["epochs"] == 3
    assert [t.values for t in plan.trials] == [{"dropout": 0.0}, {"dropout": 0.2}]
    assert [(j.kind, j.id) for j in jobs.list_jobs(demo)] == [("sweep", 1)]


def test_a_double_click_starts_one_sweep(demo, form, spawned):
    enter(form, "dropout", "0, 0.2")
    for _ in range(2):
        start(form).click()
        rerun(form)
    assert len(spawned) == 1


def draft(app, **values: object):
    from pages.ui.training_draft import Draft

    return Draft(values=values)


def test_what_does_not_fit_is_told_while_it_is_typed(form, spawned):
    for values, message in (("0, 2", "dropout can't be 2"), ("0,,1", "empty value"), ("0..0.5", "range"),
                            (",".join(f"0.{n:03}" for n in range(501)), "has 501 trials")):  # fmt: skip
        enter(form, "dropout", values)
        assert message in texts(form)
        assert start(form).disabled
    assert spawned == []


def test_any_setting_can_be_chosen_and_keeps_what_was_typed_when_it_comes_back(form):
    assert {"seed", "scale", "model", "progressive.size"} <= {o.split("(")[-1][:-1] for o in options(form)}
    enter(form, "dropout", "0, 0.3")
    form.multiselect(key="sweep_settings").set_value(["scale"])
    rerun(form)
    assert form.text_input(key="sweep:scale").value == "[0.85, 1.0]"
    form.multiselect(key="sweep_settings").set_value(["dropout", "scale"])
    rerun(form)
    assert form.text_input(key="sweep:dropout").value == "0, 0.3"


def options(app) -> list[str]:
    return app.multiselect(key="sweep_settings").options


def test_a_range_is_searched_by_optuna_with_as_many_trials_as_asked_for(demo, form, spawned):
    form.multiselect(key="sweep_settings").set_value(["lr"])
    enter(rerun(form), "lr", "1e-4..1e-2")
    form.selectbox(key="sweep_search").set_value("optuna")
    rerun(form)
    form.number_input(key="sweep_trials").set_value(7)
    rerun(form)
    assert "**7 trials**: Learning rate 0.0001..0.01." in texts(form)
    start(form).click()
    rerun(form)
    assert {"--search=optuna", "--trials=7", "--set=lr=1e-4..1e-2"} <= set(spawned[0])


def test_results_show_every_trial_the_best_one_and_what_mattered(demo, results):
    add(demo)
    stored(demo, finished(planned("dropout=0,0.2", "weight_decay=0.01,0.1"), [0.5, 0.9, 0.5, 0.8]))
    app = results()
    frame = app.dataframe[-1].value
    assert list(frame["F1"]) == [0.5, 0.9, 0.5, 0.8]
    assert list(frame[""]) == ["", "★", "", ""]
    assert list(frame["time"]) == ["1 min 5 s"] * 4
    shown = texts(app)
    assert "**Best: trial 2** (dropout 0, weight_decay 0.1), accuracy 90.0%, F1 90.0%" in shown
    # Total 0.1275 around 0.675; weight decay 4 * 0.175^2 = 0.1225.
    assert "**weight_decay**: 96% of the variance (by chance 33%), which luck gives in 3" in shown  # 2 of 6 dealings
    assert "35.0 points of F1 lie between" in shown
    assert "**dropout**: 2% of the variance (by chance 33%)" in shown
    assert "eta squared" in shown
    assert "4 trials on the same images, measured on the same held-out ones; seed 0." in shown
    kinds = {trace["type"] for chart in app.get("plotly_chart") for trace in json.loads(chart.proto.spec)["data"]}
    assert {"scatter", "heatmap"} <= kinds


def test_the_best_settings_go_to_the_form(demo, results):
    add(demo)
    stored(demo, finished(planned("dropout=0,0.2", "seed=3,4", "epochs=7"), [0.5, 0.6, 0.9, 0.7]))
    app = results()
    next(b for b in app.button if b.label == "Use these settings").click()
    app.run()
    assert not app.exception
    if app.session_state["train_clone"] is not None:  # the form has not opened yet
        app.switch_page("../fine_tune.py").run()
    assert app.selectbox(key="train_label").value == "mask"
    values = app.session_state["train_drafts"]["quick-cpu"].values
    assert values == {"epochs": 7, "dropout": 0.2, "seed": 3}


def test_a_running_sweep_is_live_with_the_figures_of_the_trial_that_runs(demo, results):
    run_id = add(demo)
    plan = finished(planned("dropout=0,0.2,0.4"), [0.7])
    plan.trials[1].state, plan.trials[1].run = "running", run_id
    job_id = stored(demo, plan, state="running")
    beat = Beat(
        done=1.4, total=3, message="Trial 2 of 3, epoch 4 of 10", figures={"best_accuracy": 0.7, "best_f1": 0.65}
    )
    beat.since, beat.first = beat.time - 14, 0
    write_beat(demo.job_dir(job_id), beat)
    app = results()
    live = app.get("progress")[0].proto.text
    assert live == "Trial 2 of 3, epoch 4 of 10 · about 16 s left · best accuracy 70.0% · best F1 65.0%"
    frame = app.dataframe[-1].value
    assert list(frame["state"]) == ["finished", "running", "waiting"]
    assert list(frame["accuracy"].iloc[:2]) == [0.7, 0.5]


def test_a_lost_sweep_does_not_claim_that_a_trial_runs_and_failures_have_their_reason(demo, results):
    add(demo)
    plan = finished(planned("dropout=0,0.2,0.4,0.6"), [0.7, None])
    plan.trials[2].state = "running"
    stored(demo, plan, state="stopped", message="Stopped in trial 3 of 4.")
    frame = results().dataframe[-1].value
    assert list(frame["state"]) == ["finished", "failed", "stopped", "not begun"]
    assert frame["why it failed"].iloc[1] == "The memory is too small."


def test_before_the_first_trial_is_over_the_table_says_what_comes(demo, results):
    add(demo)
    stored(demo, planned("dropout=0,0.2", "scale=[0.8,1],[0.9,1]"), state="queued")
    app = results()
    assert list(app.dataframe[-1].value["scale"]) == ["[0.8, 1.0]", "[0.9, 1.0]"] * 2
    assert len(app.get("plotly_chart")) == 0


def test_without_a_sweep_the_way_to_one_is_told(demo, results):
    add(demo)
    assert "Fine-tune starts one" in texts(results())


def test_a_search_over_ranges_has_points_instead_of_a_table_of_values(demo, results):
    add(demo)
    plan = planned("lr=1e-4..1e-2", "dropout=0,0.2", search="optuna", trials=6)
    for n in range(6):
        plan.extend({"lr": 1e-3 * (n + 1), "dropout": 0.2 * (n % 2)})
    stored(demo, finished(plan, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]))
    app = results()
    kinds = [trace["type"] for chart in app.get("plotly_chart") for trace in json.loads(chart.proto.spec)["data"]]
    assert "heatmap" not in kinds
    assert "its best value, 0.004 to 0.006, and its worst" in texts(app)
