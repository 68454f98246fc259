"""`scaling-compare` and `scaling-search`, as far as they need no training."""

from __future__ import annotations

import json

import pytest

from core import jobs
from core.__main__ import main
from core.jobs import process
from core.training.scaled.command import COMPARE, SEARCH, Asked, check
from core.training.sweep.plan import read_plan, write_plan
from tests import tiny
from tests.training.scaled.conftest import RECIPE


@pytest.fixture
def ws(tmp_path):
    return tiny.workspace(tmp_path / "ws", [0, 1] * 12 + [-1] * 6)


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE.to_toml())
    return str(path)


@pytest.fixture
def spawned(monkeypatch) -> list[list[str]]:
    found: list[list[str]] = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: found.append(list(arguments)) or 2**22 + 1)
    return found


def trained(plan, scores: list[float], seed: int) -> None:
    """Make up what the first networks of a plan gave with a seed."""
    for trial, score in zip([t for t in plan.trials if t.values["seed"] == seed], scores, strict=False):
        trial.state, trial.run = "finished", trial.number
        trial.figures = {"accuracy": score, "f1": score, "f1_macro": score, "loss": 1.0, "epoch": 1, "seconds": 60.0}


def test_a_dry_run_says_which_networks_would_be_trained(run, ws, recipe_file):
    status, out, err = run("scaling-compare", "--label", "bright", "--recipe", recipe_file, "--dry-run", "--json")
    assert status == 0, err
    plan = json.loads(out)
    assert [p["name"] for p in plan["points"]] == ["baseline", "depth", "width", "resolution", "compound"]
    costs = [p["about"]["multiply_adds"] for p in plan["points"]]
    assert max(costs[1:]) < 1.2 * min(costs[1:])
    assert costs[0] < min(costs[1:])
    assert "16 px" in err.splitlines()[0]
    assert jobs.list_jobs(ws) == []


def test_detached_says_how_many_trainings_there_will_be_and_keeps_the_plan(run, ws, recipe_file, spawned):
    what = ["--label", "bright", "--recipe", recipe_file, "--seeds", "0,1", "--epochs", "2", "--detach"]
    status, out, err = run("scaling-compare", *what, "--json")
    assert status == 0, err
    assert json.loads(out) == {"id": 1, "trials": 10}
    plan = read_plan(ws.job_dir(1))
    assert (plan.total, plan.recipe["epochs"], jobs.list_jobs(ws)[0].kind) == (10, 2, COMPARE)
    assert spawned[0][:3] == ["scaling-compare", "--label", "bright"]


def test_a_search_tries_the_papers_coefficients_and_others_of_about_its_cost(run, ws, recipe_file, spawned):
    what = ["--label", "bright", "--recipe", recipe_file, "--seeds", "5", "--most", "4", "--size", "48", "--detach"]
    assert run("scaling-search", *what)[0] == 0
    plan = read_plan(ws.job_dir(1))
    names = [p.name for p in plan.points]
    assert names[0] == "baseline"
    assert "1.2 / 1.1 / 1.15" in names
    assert 3 <= len(names) <= 5  # coefficients that round to one network are one
    for point in plan.points[1:]:
        for c in point.about["coefficients"]:
            assert c["alpha"] * c["beta"] ** 2 * c["gamma"] ** 2 == pytest.approx(2, rel=0.0501)
    assert spawned[0][0] == SEARCH
    assert {"--step=0.05", "--tolerance=0.05", "--most=4", "--seeds=5"} <= set(spawned[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "brihgt", "--recipe", "quick-cpu"], "no label 'brihgt'"),
        (["--label", "bright", "--recipe", "quick-cpu", "--phi", "20"], "φ is 20"),
        (["--label", "bright", "--recipe", "quick-cpu", "--alpha", "9"], "α is 9"),
        (
            ["--label", "bright", "--recipe", "quick-cpu", "--size", "7"],
            "size: must be a whole number of pixels from 8 to 2048, or [height, width]; got 7\n",
        ),
        (["--label", "bright", "--recipe", "quick-cpu", "--seeds", "0,0"], "seed 0 is given twice"),
        (["--label", "bright", "--recipe", "quick-cpu", "--set", "model=vit_tiny_patch16_224"], "can't be scaled"),
        (["--show", "7"], "no job 7"),
    ],
)
def test_what_does_not_fit_is_told_and_starts_nothing(run, ws, arguments, message):
    status, out, err = run("scaling-compare", *arguments)
    assert (status, out) == (1, "")
    assert message in err
    assert "Traceback" not in err
    assert jobs.list_jobs(ws) == []


@pytest.mark.parametrize("arguments", [["--label", "bright"], ["--label", "a", "--recipe", "b", "--seeds", "one"]])
def test_wrong_usage_exits_with_two(ws, arguments):
    with pytest.raises(SystemExit) as caught:
        main(["scaling-compare", *arguments, "--workspace", str(ws.root)])
    assert caught.value.code == 2


def test_show_gives_means_intervals_and_what_may_be_luck(run, ws, recipe_file):
    asked = Asked(COMPARE, "bright", recipe_file, (), (0, 1))
    job_id = jobs.register(ws, COMPARE, asked.command())
    plan = check(ws, asked)
    trained(plan, [0.5, 0.6, 0.7, 0.8, 0.9], 0)
    trained(plan, [0.5, 0.6, 0.7, 0.8, 0.8], 1)
    write_plan(ws.job_dir(job_id), plan)
    status, out, _ = run("scaling-compare", "--show", str(job_id))
    assert status == 0
    assert out.startswith("Compound has the best mean, 85.0% (21.5 to 148.5).")
    assert "Compound can't be told from deeper, wider and larger pictures." in out
    told = json.loads(run("scaling-compare", "--show", str(job_id), "--json")[1])
    compound = told["networks"][4]
    assert compound["accuracy"]["mean"] == pytest.approx(0.85)
    assert compound["over_baseline"]["mean"] == pytest.approx(0.35)
    assert [r["seed"] for r in compound["runs"]] == [0, 1]


def test_a_job_that_compares_no_networks_has_nothing_to_show(run, ws):
    job_id = jobs.register(ws, "train", ["train"])
    assert "compares no scaled networks" in run("scaling-compare", "--show", str(job_id))[2]


@pytest.mark.parametrize(("kind", "other"), [(COMPARE, SEARCH), (SEARCH, COMPARE)])
def test_the_other_verbs_job_is_refused_with_that_verbs_name(run, ws, kind, other):
    job_id = jobs.register(ws, kind, [kind])
    status, out, err = run(other, "--show", str(job_id))
    assert (status, out) == (1, "")
    assert f"Job {job_id} is a {kind}, no {other}: `{kind} --show {job_id}` shows it." in err
