"""What is asked of trained scaling, and one small comparison that is really trained."""

from __future__ import annotations

import pytest

from core import jobs
from core.errors import GapwiseError
from core.explain.scaled import compared
from core.jobs import process
from core.jobs.reporter import Silent
from core.models.scaling import Coefficients
from core.store import runs
from core.training.scaled import results
from core.training.scaled.command import COMPARE, Asked, check, start
from core.training.sweep.plan import read_plan, write_plan
from core.training.sweep.run import run_sweep


def test_five_networks_are_planned_from_the_recipes_own_with_random_weights(ws, recipe_file):
    plan = check(ws, Asked(COMPARE, "bright", recipe_file, ("epochs=2", "weights=hub"), (0, 4)))
    assert [p.name for p in plan.points] == ["baseline", "depth", "width", "resolution", "compound"]
    assert plan.points[0].values == {"width": 0.25, "depth": 0.35, "size": 16}
    assert plan.points[0].about["factors"] == {"depth": 1.0, "width": 1.0, "resolution": 1.0}
    assert (plan.total, plan.seeds, plan.recipe["epochs"], plan.recipe["weights"]) == (10, [0, 4], 2, "random")
    assert plan.sources == ["given", "human", "derived"]
    assert "pseudo" in check(ws, Asked(COMPARE, "bright", recipe_file, pseudo=True)).sources


def test_the_command_says_what_was_asked_from_any_folder(ws, recipe_file, monkeypatch):
    spawned = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: spawned.append(list(arguments)) or 2**22 + 1)
    asked = Asked(COMPARE, "bright", recipe_file, ("epochs=2",), (0, 1), 1.5, Coefficients(1.3, 1.1, 1.1))
    job_id = start(ws, asked)
    assert spawned[0][: len(asked.command())] == asked.command() == [
        "scaling-compare", "--label", "bright", f"--recipe={recipe_file}", "--set=epochs=2", "--seeds=0,1",
        "--phi=1.5", "--alpha=1.3", "--gamma=1.1",
    ]  # fmt: skip
    assert read_plan(ws.job_dir(job_id)).total == 10
    assert jobs.get_job(ws, job_id).kind == COMPARE


@pytest.mark.parametrize(
    ("label", "recipe", "sets", "said"),
    [
        ("brihgt", "quick-cpu", (), "no label 'brihgt'"),
        ("bright", "quick", (), "quick-cpu"),
        ("bright", "quick-cpu", ("size=[64, 96]",), "one resolution"),
        ("bright", "quick-cpu", ("model=resnet18",), "can't be scaled"),
        ("bright", "progressive", (), "progressive learning"),
        ("bright", "quick-cpu", ("epochs=2", "epochs=3"), "given twice"),
    ],
)
def test_what_does_not_fit_is_told(ws, label, recipe, sets, said):
    with pytest.raises(GapwiseError, match=said):
        check(ws, Asked(COMPARE, label, recipe, sets))


def test_a_comparison_trains_all_five_and_activation_maps_find_them(ws, recipe_file):
    asked = Asked(COMPARE, "bright", recipe_file, (), (3,))
    job_id = jobs.register(ws, COMPARE, asked.command())
    write_plan(ws.job_dir(job_id), check(ws, asked))
    told = []
    message = run_sweep(ws, job_id, Silent(), after=lambda plan, trial: told.append(trial.point))
    plan = read_plan(ws.job_dir(job_id))
    found = results.of_plan(ws, plan)
    assert told == [o.name for o in found] == ["baseline", "depth", "width", "resolution", "compound"]
    assert message.startswith("5 of 5 trials are done. Best: trial")
    assert all(len(o.runs) == 1 and o.runs[0].seed == 3 and len(o.runs[0].curve) == 1 for o in found)
    with ws.read() as connection:
        rows = list(runs.list_runs(connection))
        config = runs.run(connection, found[1].runs[0].run).config
    assert config["settings"]["depth"] == plan.points[1].values["depth"]
    assert {o.name: o.runs[0].run for o in found} == {
        kind: run for run, kind in compared([(r.id, r.config.get("sweep")) for r in rows]).items()
    }
