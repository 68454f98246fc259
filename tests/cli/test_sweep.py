"""`sweep`, as far as it needs no training, and one small one."""

from __future__ import annotations

import json
from functools import partial

import pytest

from core import jobs
from core.__main__ import main
from core.jobs import process
from core.training.sweep.plan import read_plan, write_plan
from tests import tiny
from tests.training.sweep.test_effects import scored
from tests.training.sweep.test_plan import plan


@pytest.fixture
def ws(tmp_path, monkeypatch):
    monkeypatch.setenv("GAPWISE_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tiny.workspace(tmp_path / "ws", [0, 1] * 12 + [-1] * 6)


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.recipe(epochs=1).to_toml())
    return str(path)


@pytest.fixture
def run(run):
    return partial(run, "sweep")


@pytest.fixture
def spawned(monkeypatch) -> list[list[str]]:
    found: list[list[str]] = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: found.append(list(arguments)) or 2**22 + 1)
    return found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "brihgt", "--recipe", "quick-cpu", "--set", "dropout=0,0.1"], "bright"),
        (["--label", "bright", "--recipe", "quick", "--set", "dropout=0,0.1"], "quick-cpu"),
        (["--label", "bright", "--recipe", "quick-cpu", "--set", "dropot=0,0.1"], "dropout"),
        (["--label", "bright", "--recipe", "quick-cpu", "--set", "dropout=0,3"], "dropout can't be 3"),
        (["--label", "bright", "--recipe", "quick-cpu", "--set", "lr=1e-4..1e-2"], "optuna"),
        (["--label", "bright", "--recipe", "quick-cpu"], "nothing to compare"),
        (["--label", "bright", "--recipe", "quick-cpu", "--seeds", ",".join(map(str, range(501)))], "has 501 trials"),
        (["--label", "bright", "--set", "dropout=0,0.1"], "needs a recipe"),
        (["--label", "bright", "--plan", "nowhere.toml"], "can't be read"),
        (["--show", "7"], "no job 7"),
    ],
)
def test_what_does_not_fit_is_told_and_starts_nothing(run, ws, arguments, message):
    status, out, err = run(*arguments)
    assert (status, out) == (1, "")
    assert message in err
    assert "Traceback" not in err
    assert jobs.list_jobs(ws) == []


def test_wrong_usage_exits_with_two(ws):
    for arguments in ([], ["--label", "bright", "--search", "random"], ["--label", "bright", "--trials", "many"]):
        with pytest.raises(SystemExit) as caught:
            main(["sweep", *arguments, "--workspace", str(ws.root)])
        assert caught.value.code == 2


def test_detached_says_how_many_trials_there_will_be_and_keeps_the_plan(run, ws, spawned, recipe_file):
    what = ["--label", "bright", "--recipe", recipe_file, "--set=dropout=0,0.2,0.4", "--seeds=0,1", "--epochs=2"]
    status, out, err = run(*what, "--objective", "accuracy", "--no-predict", "--detach", "--json")
    assert status == 0, err
    assert json.loads(out) == {"id": 1, "trials": 6}
    assert err == "6 trials: 3 x dropout, 2 x seed\n"
    stored = read_plan(ws.job_dir(1))
    assert (stored.total, stored.objective, stored.predict, stored.changes) == (6, "accuracy", False, {"epochs": 2})
    assert jobs.list_jobs(ws)[0].kind == "sweep"
    assert spawned[0][:4] == ["sweep", "--label", "bright", f"--recipe={recipe_file}"]


def test_a_sweep_in_the_foreground_shows_accuracy_and_f1_against_each_setting(run, recipe_file):
    status, out, err = run(
        "--label", "bright", "--recipe", recipe_file, "--set", "dropout=0,0.4", "--set", "lr=1e-3,1e-2"
    )
    assert status == 0, err
    assert out.startswith("Sweep 1, finished: label bright, recipe tiny. 4 of 4 trials are done.")
    for text in ("By dropout, mean", "By lr, mean", "Share of the variance of F1", "eta squared"):
        assert text in out
    shown = json.loads(run("--show", "1", "--json")[1])
    assert (shown["state"], shown["sweep"]["total"], len(shown["sweep"]["trials"])) == ("finished", 4, 4)
    assert set(shown["by_value"]) == {"dropout", "lr"}


def test_show_gives_means_by_value_and_reasons_of_failures(run, ws):
    job_id = jobs.register(ws, "sweep", ["sweep"])
    made = scored(plan("dropout=0,0.2", "lr=1e-3,1e-2"), [0.5, 0.9, 0.5, None])
    made.trials[3].reason = "Too small a memory."
    write_plan(ws.job_dir(job_id), made)
    status, out, _ = run("--show", str(job_id))
    assert status == 0
    assert "Trial 4 failed: Too small a memory." in out
    assert "0  Accuracy 0.700 ± 0.283  F1 0.700 ± 0.283  (2 trials)" in out
    assert "0.2  Accuracy 0.500  F1 0.500  (1 trial)" in out
    told = json.loads(run("--show", str(job_id), "--json")[1])
    found = told["by_value"]["dropout"][1]
    assert (found["value"], found["trials"], found["accuracy"], found["f1_spread"]) == ("0.2", 1, 0.5, None)
    assert told["effects"]["f1"][0]["name"] == "lr"


def test_a_job_that_is_no_sweep_has_nothing_to_show(run, ws):
    job_id = jobs.register(ws, "train", ["train"])
    assert "is no sweep" in run("--show", str(job_id))[2]
