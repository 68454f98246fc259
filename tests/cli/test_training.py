"""`train`, `predict` and `jobs`, as far as they need no training."""

from __future__ import annotations

import json
import sys

import pytest

from core import jobs
from core.__main__ import main
from core.jobs import process
from core.store.jobs import change_job
from core.store.runs import add_run
from core.training.command import parse_train_command
from core.training.library import delete_recipe, save_recipe
from core.training.rundir import RunDir
from tests import tiny


@pytest.fixture
def ws(tmp_path, monkeypatch):
    monkeypatch.setenv("GAPWISE_LOCKS", str(tmp_path / "locks"))
    return tiny.workspace(tmp_path / "ws", [0, 1, -1])


@pytest.fixture
def spawned(monkeypatch) -> list[list[str]]:
    """Command lines of started workers, which do not start."""
    found: list[list[str]] = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: found.append(list(arguments)) or 2**22 + 1)
    return found


def test_an_unknown_label_or_recipe_names_those_there_are_and_starts_nothing(run, ws):
    status, out, err = run("train", "--label", "brihgt", "--recipe", "quick-cpu")
    assert (status, out) == (1, "")
    assert "bright" in err
    status, _, err = run("train", "--label", "bright", "--recipe", "quick")
    assert status == 1
    assert "quick-cpu" in err
    assert "Traceback" not in err
    assert jobs.list_jobs(ws) == []


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--model", "efficientnet_b00"), "efficientnet_b0"),
        (("--set", "optimizer=adamq"), "no optimizer"),
        (("--model", "resnet18", "--set", "width=0.5"), "can't be scaled"),
        (("--weights", "nowhere.pth"), "no file"),
    ],
)
@pytest.mark.parametrize("how", [(), ("--detach",)])
def test_a_name_that_is_not_there_is_told_before_anything_starts(run, ws, spawned, words, part, how):
    status, _, err = run("train", "--label", "bright", "--recipe", "quick-cpu", *words, *how)
    assert status == 1
    assert part in err
    assert (jobs.list_jobs(ws), spawned) == ([], [])


def test_a_setting_out_of_bounds_is_told_before_anything_starts(run, ws):
    status, _, err = run("train", "--label", "bright", "--recipe", "quick-cpu", "--epochs", "0")
    assert status == 1
    assert "epochs" in err
    assert jobs.list_jobs(ws) == []


@pytest.mark.parametrize(
    "arguments",
    [["train", "--label", "bright"], ["train", "--recipe", "quick-cpu"], ["jobs", "stop"], ["jobs", "list", "3"],
     ["jobs", "explode", "3"], ["predict", "--run", "x"], ["predict", "--run", "1", "--label", "bright"],
     ["train", "--label", "bright", "--recipe", "quick-cpu", "--size", "big"]],
)  # fmt: skip
def test_wrong_usage_exits_with_two(ws, arguments):
    with pytest.raises(SystemExit) as caught:
        main([*arguments, "--workspace", str(ws.root)])
    assert caught.value.code == 2


def test_detached_prints_the_jobs_id_and_hands_on_what_differs_from_the_recipe(run, ws, spawned):
    status, out, _ = run("train", "--label", "bright", "--recipe", "quick-cpu", "--detach", "--epochs", "2",
                         "--batch-size", "4", "--size", "64x96", "--weights", "random", "--seed", "7")  # fmt: skip
    assert (status, out) == (0, "1\n")
    assert spawned == [
        ["train", "--label", "bright", "--recipe", "quick-cpu", "--epochs=2", "--batch-size=4", "--size=64x96",
         "--seed=7", "--workspace", str(ws.root), "--job", "1"]
    ]  # fmt: skip
    _, out, _ = run("train", "--label", "bright", "--recipe", "quick-cpu", "--detach", "--json")
    assert json.loads(out) == {"id": 2}


def test_every_setting_of_a_recipe_can_be_set(run, ws, spawned):
    sets = [f"--set={name}={value}" for name, value in (
        ("optimizer", "sgd"), ("scale", "[0.5,1]"), ("compile", "true"), ("patience", "3"), ("hflip", "0"),
        ("stages", "[{epochs = 1, size = 32}, {epochs = 2, size = 48, dropout = 0.2}]"))]  # fmt: skip
    status, _, err = run("train", "--label", "bright", "--recipe", "quick-cpu", "--detach", *sets)
    assert (status, err) == (0, "")
    recipe = parse_train_command(spawned[0][:-4]).full_recipe()
    assert (recipe.optimizer, recipe.scale, recipe.compile, recipe.patience) == ("sgd", (0.5, 1.0), True, 3)
    assert (recipe.hflip, len(recipe.stages), recipe.epochs, recipe.size) == (0.0, 2, 3, 48)


@pytest.mark.parametrize(
    ("setting", "part"),
    [("dropuot=1", "Close ones: dropout"), ("dropout=5", "dropout: "), ("dropout", "equals sign"),
     ("dropout=much", "dropout: "), ("epochs=0", "epochs: "), ("stages=[{epochs = 1}]", "stage 1, size: is missing")],
)  # fmt: skip
@pytest.mark.parametrize("how", [[], ["--detach"]])
def test_a_wrong_setting_is_told_before_anything_starts(run, ws, spawned, setting, part, how):
    status, out, err = run("train", "--label", "bright", "--recipe", "quick-cpu", "--set", setting, *how)
    assert (status, out) == (1, "")
    assert part in err
    assert "Traceback" not in err
    assert (spawned, jobs.list_jobs(ws)) == ([], [])


def test_a_job_keeps_ones_own_recipe_when_that_is_deleted(ws, run, spawned, monkeypatch, tmp_path):
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path / "home"))
    save_recipe("mine", tiny.recipe(seed=3))
    assert run("train", "--label", "bright", "--recipe", "mine", "--epochs", "2", "--detach")[0] == 0
    delete_recipe("mine")
    orders = []
    monkeypatch.setattr("core.training.train._prepare", lambda ws, order, *more: orders.append(order))
    assert main(spawned[0]) == 0  # what the worker does
    assert orders[0].recipe == tiny.recipe(seed=3, epochs=2)
    assert orders[0].recipe_name == "mine"
    assert jobs.get_job(ws, 1).state == "finished"


def test_a_job_that_goes_on_needs_its_recipe_no_more(ws, monkeypatch):
    job_id = jobs.register(ws, "train", ["train", "--label", "bright", "--recipe", "vanished"])
    RunDir(ws.run_dir(1)).create(tiny.recipe(), {}, [], [])
    with ws.write() as connection:
        change_job(connection, job_id, run_id=add_run(connection, 1, "vanished", {}, job_id))
    asked = []
    monkeypatch.setattr("core.training.train.trainer", lambda ws, run_id, *more: asked.append(run_id))
    assert main([*jobs.get_job(ws, job_id).command, "--workspace", str(ws.root), "--job", str(job_id)]) == 0
    assert asked == [1]


def test_a_job_whose_command_can_not_be_read_any_more_fails_with_the_reason(ws, monkeypatch):
    job_id = jobs.register(ws, "train", ["train", "--label", "bright", "--recipe", "quick-cpu", "--set=old=1"])
    command = jobs.get_job(ws, job_id).command
    assert main([*command, "--workspace", str(ws.root), "--job", str(job_id)]) == 1
    job = jobs.get_job(ws, job_id)
    assert job.state == "failed"
    assert "no setting 'old'" in job.message


def test_a_recipe_file_is_found_from_where_the_command_was_typed(run, ws, spawned, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here" / "mine.toml").write_text(tiny.recipe(seed=4).to_toml())
    assert run("train", "--label", "bright", "--recipe", "mine.toml", "--detach")[0] == 0
    assert spawned[0][4] == str(tmp_path / "here" / "mine.toml")
    assert parse_train_command(spawned[0][:-4]).full_recipe() == tiny.recipe(seed=4)


def test_a_label_that_looks_like_an_option_gets_through(tmp_path, spawned):
    from core.labels.label import Label

    ws = tiny.workspace(tmp_path / "odd", [0, 1], Label("--job", ("0", "1")))
    assert main(["train", "--label=--job", "--recipe", "quick-cpu", "--detach", "--workspace", str(ws.root)]) == 0
    assert spawned[0][1] == "--label=--job"


def test_jobs_as_json_have_what_scripts_need(run, ws, spawned):
    assert json.loads(run("jobs", "--json")[1]) == []
    run("train", "--label", "bright", "--recipe", "quick-cpu", "--detach")
    listed = json.loads(run("jobs", "--json")[1])[0]
    assert listed["id"] == 1
    assert listed["pid"] == 2**22 + 1
    assert listed["state"] == "lost"  # there is no such process
    assert listed["command"][0] == "train"
    assert {"done", "total", "message", "figures"} <= set(listed["progress"])


def test_a_training_that_fails_exits_with_one_and_a_plain_message(run, ws):
    status, out, err = run("train", "--label", "bright", "--recipe", "quick-cpu")
    assert (status, out) == (1, "")
    assert "too few different images" in err
    assert "Traceback" not in err
    job = jobs.list_jobs(ws)[0]
    assert (job.state, job.kind) == ("failed", "train")
    assert "too few" in job.message
    assert "Traceback" in run("jobs", "log", "1")[1]


def test_an_unknown_job_or_run_is_told(run):
    for arguments in (["jobs", "stop", "5"], ["jobs", "resume", "5"], ["jobs", "log", "5"], ["predict", "--run", "5"]):
        status, _, err = run(*arguments)
        assert status == 1
        assert "5" in err
    assert "no trained run" in run("predict")[2]
    assert "no trained run of label 'bright'" in run("predict", "--label", "bright")[2]


def test_no_torch_is_imported_to_list_jobs():
    import subprocess

    code = "import sys, core.__main__ as m; m.parser(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_tracker_that_is_not_installed_is_told_before_a_job_is_made(run, ws, monkeypatch):
    monkeypatch.setattr("core.training.trackers.find_spec", lambda name: None)
    status, _, err = run("train", "--label", "bright", "--recipe", "quick-cpu", "--tracker", "mlflow")
    assert status == 1
    assert "MLflow is not installed" in err
    assert jobs.list_jobs(ws) == []


def test_trackers_are_part_of_the_jobs_command_once_each(run, spawned):
    words = ["--tracker", "tensorboard", "--tracker", "tensorboard", "--detach"]
    assert run("train", "--label", "bright", "--recipe", "quick-cpu", *words)[0] == 0
    assert [word for word in spawned[0] if word.startswith("--tracker")] == ["--tracker=tensorboard"]
