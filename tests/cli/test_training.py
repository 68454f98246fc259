"""`train`, `predict` and `jobs`, as far as they need no training."""

from __future__ import annotations

import json
import sys

import pytest

from core import jobs
from core.__main__ import main
from core.jobs import process
from tests import tiny


@pytest.fixture
def ws(tmp_path, monkeypatch):
    monkeypatch.setenv("GAPWISE_LOCKS", str(tmp_path / "locks"))
    return tiny.workspace(tmp_path / "ws", [0, 1, -1])


@pytest.fixture
def run(ws, capsys):
    def call(*arguments: str) -> tuple[int, str, str]:
        status = main([*arguments, "--workspace", str(ws.root)])
        return status, *capsys.readouterr()

    return call


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


def test_detached_prints_the_jobs_id_and_hands_every_setting_on(run, ws, spawned):
    status, out, _ = run("train", "--label", "bright", "--recipe", "quick-cpu", "--detach", "--epochs", "2",
                         "--batch-size", "4", "--size", "64x96", "--weights", "random", "--seed", "7")  # fmt: skip
    assert (status, out) == (0, "1\n")
    assert spawned == [
        ["train", "--label", "bright", "--recipe", "quick-cpu", "--epochs=2", "--batch-size=4", "--size=64x96",
         "--weights=random", "--seed=7", "--workspace", str(ws.root), "--job", "1"]
    ]  # fmt: skip
    _, out, _ = run("train", "--label", "bright", "--recipe", "quick-cpu", "--detach", "--json")
    assert json.loads(out) == {"id": 2}


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
