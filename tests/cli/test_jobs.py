"""`jobs`: what the shell can do with what runs in other processes."""

from __future__ import annotations

import json
from functools import partial

import pytest

from core import jobs
from core.__main__ import main
from core.jobs import process
from core.store import jobs as store
from core.store import runs
from tests import tiny


@pytest.fixture
def ws(tmp_path, monkeypatch):
    """A finished training with its run, started jobs that never come up."""
    monkeypatch.setenv("GAPWISE_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setattr(process, "spawn", lambda arguments, log: 2**22 + 1)
    ws = tiny.workspace(tmp_path / "ws", [0, 1, -1])
    job_id = jobs.register(ws, "train", ["train", "--label", "bright", "--recipe", "quick-cpu"])
    with ws.write() as connection:
        run_id = runs.add_run(connection, 1, "quick-cpu", {}, job_id)
        store.change_job(connection, job_id, state="finished", run_id=run_id, message="Run 1: accuracy 0.9.")
    ws.run_dir(run_id).mkdir()
    return ws


@pytest.fixture
def run(run):
    return partial(run, "jobs")


def test_a_list_names_state_command_and_what_came_out(run):
    status, out, _ = run()
    assert status == 0
    assert "finished" in out
    assert "train --label bright --recipe quick-cpu" in out
    assert "Run 1: accuracy 0.9." in out


def test_retry_prints_the_new_job(run, ws):
    status, out, _ = run("retry", "1", "--json")
    told = json.loads(out)
    assert (status, told["id"], told["run_id"]) == (0, 2, None)
    assert told["command"] == jobs.get_job(ws, 1).command


def test_a_label_with_a_blank_is_listed_so_that_its_command_can_be_pasted(run, ws):
    jobs.register(ws, "train", ["train", "--label", "very bright", "--recipe", "quick-cpu"])
    assert "train --label 'very bright' --recipe quick-cpu" in run()[1]


def test_a_clone_has_the_jobs_settings_and_place_but_for_what_is_set(run, ws):
    command = ["train", "--label", "bright", "--recipe", "quick-cpu", "--epochs=3", "--pseudo", "--processes", "2"]
    first = jobs.register(ws, "train", command)
    with ws.write() as connection:
        store.change_job(connection, first, state="finished")
    status, out, _ = run("clone", str(first), "--set", "epochs=4", "--set", "dropout=0.3", "--json")
    told = json.loads(out)
    assert (status, told["run_id"]) == (0, None)
    assert told["command"] == [*command[:5], "--epochs=4", "--set=dropout=0.3", "--pseudo", "--processes", "2"]


@pytest.mark.parametrize(
    ("setting", "part"), [("optimizer=adamq", "no optimizer"), ("model=resnet17", "resnet18"), ("epochs=0", "epochs")]
)
def test_a_clone_that_does_not_fit_makes_no_job(run, ws, setting, part):
    status, _, err = run("clone", "1", "--set", setting)
    assert status == 1
    assert part in err
    assert len(jobs.list_jobs(ws)) == 1


def test_a_setting_that_is_given_twice_is_refused(run, ws):
    status, _, err = run("clone", "1", "--set", "lr=0.1", "--set", "lr=0.2")
    assert (status, len(jobs.list_jobs(ws))) == (1, 1)
    assert "lr is given twice" in err


@pytest.mark.parametrize("arguments", [("clone", "1"), ("clone", "--set", "a=1"), ("retry", "1", "--set", "a=1")])
def test_clone_and_set_go_together(run, arguments):
    with pytest.raises(SystemExit, match="2"):
        run(*arguments)


def test_delete_says_what_went_and_what_stays(run, ws):
    assert run("delete", "1")[1] == "job 1 is deleted; run 1 stays, but can't be resumed any more\n"
    assert ws.run_dir(1).is_dir()
    assert run("list")[1] == "no jobs yet\n"


def test_delete_takes_the_run_along_when_told_to(run, ws):
    assert run("delete", "1", "--with-run")[1] == "job 1 is deleted, with run 1 and 0 proposals\n"
    assert not ws.run_dir(1).exists()


def test_what_can_not_be_done_exits_with_one_and_says_why(run):
    for arguments, told in ((["stop", "1"], "is finished"), (["resume", "1"], "is finished"),
                            (["retry", "9"], "no job 9"), (["delete", "9"], "no job 9")):  # fmt: skip
        status, out, err = run(*arguments)
        assert (status, out) == (1, "")
        assert told in err


@pytest.mark.parametrize(
    "arguments", [["retry"], ["delete"], ["list", "1"], ["stop", "1", "--with-run"], ["--with-run"], ["explode", "1"]]
)
def test_wrong_usage_exits_with_two(ws, arguments):
    with pytest.raises(SystemExit) as caught:
        main(["jobs", *arguments, "--workspace", str(ws.root)])
    assert caught.value.code == 2
