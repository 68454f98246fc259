"""`runs` and `onnx`, as far as they need no training."""

from __future__ import annotations

import json

import pytest

from core import jobs
from core.exporting import onnx
from core.jobs import process
from core.store import runs
from tests import tiny


@pytest.fixture
def ws(tmp_path):
    return tiny.workspace(tmp_path / "ws", [0, 1, -1])


@pytest.fixture
def one(ws) -> int:
    config = {"settings": {"epochs": 3, "lr": 0.01}, "data": "0123456789abcdef", "train": {"0": 1, "1": 1}}
    with ws.write() as connection:
        run_id = runs.add_run(connection, 1, "tiny", config)
        runs.set_metrics(connection, run_id, {"epoch": 2, "accuracy": 0.75, "f1": 0.5})
    ws.run_dir(run_id).mkdir(parents=True)
    (ws.run_dir(run_id) / runs.DATA).write_text("part,image_id,value,digest,path\ntrain,1,0,d,p\n")
    return run_id


def test_before_the_first_run_the_list_is_empty(run):
    assert run("runs") == (0, "no runs yet\n", "")
    assert json.loads(run("runs", "--json")[1]) == []


def test_runs_are_listed_with_state_results_and_data(run, one):
    status, out, _ = run("runs")
    assert status == 0
    for part in ("stopped", "accuracy  75.0%", "F1  50.0%", "data 01234567", "bright, tiny"):
        assert part in out
    [found] = json.loads(run("runs", "--json")[1])
    assert (found["id"], found["label"], found["accuracy"], found["settings"]["lr"]) == (one, "bright", 0.75, 0.01)


def test_one_run_is_shown_with_its_settings_and_what_is_new_since(run, one):
    status, out, _ = run("runs", "show", "1")
    assert status == 0
    assert "lr = 0.01" in out
    assert "since then: 1 new labels, 0 accepted in bulk, 0 changed" in out
    assert json.loads(run("runs", "show", "1", "--json")[1])["new_labels"] == {
        "trusted": 1, "pseudo": 0, "changed": 0,
    }  # fmt: skip


def test_a_run_without_a_job_is_deleted(run, ws, one):
    assert run("runs", "delete", str(one)) == (0, "run 1 is deleted, with 0 predictions\n", "")
    assert run("runs")[1] == "no runs yet\n"
    assert not ws.run_dir(one).exists()


def test_an_unknown_run_is_told(run):
    for arguments in (["runs", "show", "7"], ["onnx", "--run", "7"]):
        status, out, err = run(*arguments)
        assert (status, out) == (1, "")
        assert "no run 7" in err
        assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments", [["runs", "show"], ["runs", "list", "3"], ["runs", "drop", "3"], ["onnx"], ["onnx", "--run", "x"]]
)
def test_wrong_usage_exits_with_2(run, arguments):
    with pytest.raises(SystemExit) as error:
        run(*arguments)
    assert error.value.code == 2


def test_an_export_can_be_started_in_another_process(run, ws, one, monkeypatch, tmp_path):
    spawned = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: spawned.append(list(arguments)) or 2**22 + 1)
    status, out, _ = run("onnx", "--run", "1", "--out", str(tmp_path / "--odd.onnx"), "--detach")
    assert (status, out) == (0, "1\n")
    assert spawned[0][:4] == ["onnx", "--run", "1", f"--out={tmp_path}/--odd.onnx"]
    assert jobs.get_job(ws, 1).run_id == one


def test_a_file_that_can_not_be_written_is_told_before_a_job_is_made(run, ws, one, tmp_path):
    status, _, err = run("onnx", "--run", str(one), "--out", str(tmp_path / "nowhere" / "model.onnx"))
    assert (status, jobs.list_jobs(ws)) == (1, [])
    assert "can't be written" in err


def test_a_missing_package_is_told_and_noted_as_the_jobs_end(run, ws, one, monkeypatch):
    monkeypatch.setattr(onnx, "PACKAGES", ("onnx", "no_such_package"))
    status, out, err = run("onnx", "--run", "1")
    assert (status, out) == (1, "")
    assert "needs no_such_package, which is not installed" in err
    assert "requirements-extras.txt" in err
    assert jobs.get_job(ws, 1).state == "failed"
