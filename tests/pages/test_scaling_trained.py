"""Trained scaling and the search on the Scaling page: what is offered, what starts, what is shown."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from core import jobs
from core.store import jobs as store
from core.training.scaled import results
from core.training.scaled.command import COMPARE, SEARCH, Asked, check
from core.training.sweep.plan import read_plan, write_plan
from core.workspace import Workspace
from pages.ui import scaling_jobs, state
from tests.cli.test_scaling_trained import trained

SMALL = ("size=36", "width=0.35", "depth=0.35")


def part(module: str, workspace: Workspace) -> AppTest:
    """Draw one part of the page alone; the page has it closed until it is asked for."""
    script = f"from pages.ui import state, {module}\n{module}.draw(state.workspace())"
    app = AppTest.from_string(script, default_timeout=60)
    app.session_state[state.WORKSPACE] = str(workspace.root)
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def shown(app: AppTest) -> str:
    return "\n".join(e.value for kind in ("markdown", "caption", "error", "warning") for e in getattr(app, kind))


def done(ws: Workspace, asked: Asked, scores: list[list[float]]) -> int:
    """A job whose scores, by seed, are made up."""
    plan = check(ws, asked)
    job_id = jobs.register(ws, asked.kind, asked.command())
    for seed, values in zip(plan.seeds, scores, strict=True):
        trained(plan, values, seed)
    write_plan(ws.job_dir(job_id), plan)
    with ws.write() as connection:
        store.change_job(connection, job_id, state="finished", message="All done.", started=1.0, ended=2.0)
    return job_id


def test_five_networks_their_costs_and_the_time_are_said_before_the_start(demo):
    app = part("scaling_trained", demo)
    table = app.dataframe[0].value
    assert table["network"].tolist() == ["Baseline", "Deeper", "Wider", "Larger pictures", "Compound"]
    costs = table["multiply_adds"].tolist()
    assert max(costs[1:]) / min(costs[1:]) < 1.06
    assert f"they cost {sum(costs[1:]) / 4 / costs[0]:.2f} times as much" in shown(app)
    assert "15 trainings" in shown(app)
    assert "not known: no run here" in shown(app)


def test_one_press_starts_one_job_with_what_the_form_says(demo, spawned):
    app = part("scaling_trained", demo)
    app.selectbox(key="scaling_compare_label").set_value("distancing")
    app.number_input(key="scaling_compare_epochs_quick-cpu").set_value(2)
    app.number_input(key="scaling_compare_seeds").set_value(2).run()
    app.button(key="scaled_start").click().run()
    assert not app.exception
    assert [words[0] for words in spawned] == [COMPARE]
    plan = read_plan(demo.job_dir(jobs.list_jobs(demo)[0].id))
    assert (plan.label, plan.recipe["epochs"], plan.seeds, len(plan.points)) == ("distancing", 2, [0, 1], 5)


def test_networks_that_can_not_be_brought_to_one_cost_are_told_of_and_not_started(demo):
    app = part("scaling_trained", demo)
    app.number_input(key="scaling_compare_size_quick-cpu").set_value(20).run()
    assert not app.exception
    assert "comes no nearer" in shown(app)
    assert "scaled_start" not in {b.key for b in app.button}


def test_what_came_out_is_shown_with_intervals_and_leads_to_the_maps(demo, monkeypatch):
    done(
        demo,
        Asked(COMPARE, "mask", "quick-cpu", SMALL, (0, 1, 2)),
        [[0.5, 0.6, 0.6, 0.7, 0.6], [0.5, 0.6, 0.6, 0.71, 0.6], [0.5, 0.6, 0.6, 0.69, 0.6]],
    )
    app = part("scaling_trained", demo)
    assert "Larger pictures has the best mean, 70.0% (67.5 to 72.5)." in shown(app)
    assert "Compound is behind larger pictures." in shown(app)
    table = app.dataframe[1].value
    assert table["over"].tolist()[0] == "−10.0 (−10.0 to −10.0)"
    assert app.button(key="scaled_maps").disabled  # nothing was held out: the scores are made up


def test_a_network_goes_to_the_form_with_the_recipe_that_it_was_trained_with(demo):
    job_id = done(demo, Asked(COMPARE, "mask", "quick-cpu", (*SMALL, "epochs=3"), (0,)), [[0.5, 0.6, 0.6, 0.7, 0.6]])
    app = part("scaling_trained", demo)
    assert app.selectbox(key=f"scaled_network_{job_id}").value == "resolution"  # the best one
    scaling_jobs._use(read_plan(demo.job_dir(job_id)), {"width": 0.47, "depth": 0.35, "size": 36})
    # Outside of a page's run Streamlit's session state is a plain table.
    cloned = state.get(state.TRAIN_CLONE)
    assert (cloned["label"], cloned["recipe"]) == ("mask", "quick-cpu")
    assert {k: cloned["values"][k] for k in ("width", "size", "epochs", "weights")} == {
        "width": 0.47, "size": 36, "epochs": 3, "weights": "random",
    }  # fmt: skip


def test_what_was_measured_with_gapwise_is_shown_as_reduced(demo, tmp_path, monkeypatch):
    about = {"px": 36, "parameters": 10, "multiply_adds": 1000, "factors": {}, "settings": {"depth": 1, "width": 1}}
    run = {
        "seed": 0,
        "accuracy": 0.8,
        "seconds": 60,
        "curve": [{"epoch": 1, "loss": 1, "train_loss": 1, "accuracy": 1}],
    }
    file = tmp_path / "measured.json"
    file.write_text(json.dumps({
        "data": "Some set", "images": {"train": 6000, "validation": 2000, "test": 10000}, "recipe": "quick-cpu",
        "device": "CPU", "command": "python benchmarks/scaling_trained.py",
        "networks": [{"name": n, **about, "runs": [run]} for n in ("baseline", "width", "compound")],
    }))  # fmt: skip
    monkeypatch.setattr(results, "MEASURED", file)
    app = part("scaling_trained", demo)
    assert "Some set" not in shown(app)  # closed, it is not read
    app.session_state["scaled_measured"] = True
    app.run()
    assert "Some set, **reduced**: 6,000 training images" in shown(app)
    assert "10,000 official test images" in shown(app)


def test_the_surface_shows_every_network_of_the_grid_with_its_counted_cost(demo):
    app = part("scaling_surface", demo)
    assert "111 networks; counted, they cost 1.93 to 3.33 times EfficientNet-B0." in shown(app)
    app.number_input(key="surface_tolerance").set_value(0.0).run()
    assert "they cost" in shown(app) or "No α, β, γ" in shown(app)
    assert not app.exception


def test_a_search_is_started_with_the_networks_that_were_asked_for(demo, spawned):
    app = part("scaling_surface", demo)
    app.number_input(key="surface_most").set_value(3)
    app.number_input(key="scaling_search_seeds").set_value(1).run()
    app.button(key="surface_start").click().run()
    assert not app.exception
    assert [words[0] for words in spawned] == [SEARCH]
    plan = read_plan(demo.job_dir(jobs.list_jobs(demo)[0].id))
    assert len(plan.points) == 4  # the baseline as well


@pytest.mark.parametrize(("best", "said"), [(1, "Best here: **"), (None, "paper's own coefficients came out best")])
def test_the_winner_of_a_search_stands_beside_the_papers(demo, best, said):
    asked = Asked(SEARCH, "mask", "quick-cpu", SMALL, (0, 1), most=3)
    names = [p.name for p in check(demo, asked).points]
    paper = names.index("1.2 / 1.1 / 1.15")
    best = paper if best is None else next(i for i in (1, 2, 3) if i != paper)
    done(demo, asked, [[0.9 if i == best else 0.5 for i in range(len(names))]] * 2)
    app = part("scaling_surface", demo)
    assert said in shown(app)
    if best != paper:
        # Both seeds differ by as much: on a made-up set that proves nothing.
        assert "+40.0 (+40.0 to +40.0) points over the paper's 1.2 / 1.1 / 1.15, which may be luck" in shown(app)
