"""`cascade` from the shell: told before it starts, stopped, gone on with; and killed for real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest
from sqlalchemy import update

from core import jobs
from core.__main__ import main
from core.cascade.plan import read_plan
from core.jobs import process
from core.store import acceptances, profiles, schema
from core.store.labels import label_id
from core.store.runs import list_runs
from core.workspace import PROJECT
from tests import tiny
from tests.cascade.conftest import gappy
from tests.jobs.conftest import wait_until


@pytest.fixture
def ws(tmp_path, monkeypatch):
    monkeypatch.setenv("GAPWISE_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return gappy(tmp_path / "ws")


@pytest.fixture
def recipe(tmp_path) -> list[str]:
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.recipe(epochs=1).to_toml())
    return ["--recipe", str(path)]


@pytest.fixture
def run(run):
    return partial(run, "cascade")


def test_a_dry_run_tells_stages_order_and_time_and_starts_nothing(run, ws, recipe):
    status, out, _ = run(*recipe, "--dry-run", "--for", "kind: precision=0.8")
    assert status == 0
    assert "1. bright (20 gaps): 20 open cells, recipe tiny, accepts 99% right" in out
    assert "2. kind (30 gaps): 30 open cells, recipe tiny, accepts 80% right" in out
    assert "both: no stage, follows by rules from bright and kind" in out
    assert "not known" in out
    told = json.loads(run(*recipe, "--dry-run", "--json", "--order", "kind", "bright")[1])
    assert [stage["label"] for stage in told["stages"]] == ["kind", "bright"]
    assert len(told["estimates"]) == 2
    assert jobs.list_jobs(ws) == []


def test_it_stops_goes_on_and_ends_from_the_shell(run, ws, recipe):
    status, out, err = run(*recipe, "--accept", "nothing", "--reviewer", "ann")
    assert status == 0, err
    assert "Cascade 1, waiting. Waiting for review after stage 1 of 2, bright." in out
    assert "Review, then: python -m core cascade go-on 1" in out
    assert run("show", "1")[1] == out
    status, out, err = run("go-on", "1", "--json")
    assert status == 0, err
    told = json.loads(out)
    assert (told["state"], [stage["state"] for stage in told["cascade"]["stages"]]) == ("finished", ["finished"] * 2)
    assert run("go-on", "1")[0] == 1
    run(*recipe, "--accept", "nothing")
    status, out, _ = run("end", "2")
    assert status == 0
    assert "Ended by a person after 1 of 2 stages" in out


def test_detached_the_plan_lies_there(run, ws, recipe, monkeypatch):
    spawned = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: spawned.append(arguments) or 2**22 + 1)
    assert json.loads(run(*recipe, "--detach", "--json")[1]) == {"id": 1}
    assert spawned[0][0] == "cascade"
    assert [stage.label for stage in read_plan(ws.job_dir(1)).stages] == ["bright", "kind"]


def test_a_label_that_can_not_be_learnt_so_far_is_told_where_it_was_named(run, ws, recipe):
    with ws.write() as connection:
        c, kind = schema.cell.c, label_id(connection, "kind")
        one = update(schema.cell).where(c.label_id == kind, c.value != 0)
        connection.execute(one.values(value=None, source=None, given=None))
        profiles.rebuild(connection)
    status, out, _ = run(*recipe, "--dry-run", "--label", "kind")
    assert status == 0
    assert out.startswith("1 stage. ")
    assert " gaps; only 'plain' is known of it so far): " in out


def test_what_does_not_fit_is_told_and_starts_nothing(run, ws, recipe):
    for arguments, words in (
        (["--order", "nose"], "no label 'nose'"),
        (["--order", "own"], "needs labels"),
        (["--order", "quality"], "no run that was measured"),
        (["--for", "nose: stop=never"], "is for no label"),
        (["--precision", "1"], "above 0 and below 1"),
        (["--label", "bright", "--order", "kind"], "other labels"),
    ):
        status, out, err = run(*recipe, *arguments)
        assert (status, out) == (1, "")
        assert words in err
    for action in ("go-on", "end", "show"):
        assert "no job 7" in run(action, "7")[2]
    jobs.register(ws, "train", ["train"])
    assert "is no cascade" in run("go-on", "1")[2]
    assert len(jobs.list_jobs(ws)) == 1


def test_wrong_usage_exits_with_two(ws):
    for arguments in (
        [], ["go-on"], ["start", "3", "--recipe", "quick-cpu"], ["--recipe", "quick-cpu", "--stop", "x"],
        ["go-on", "3", "--dry-run"], ["end", "3", "--dry-run"], ["go-on", "3", "--precision", "0.9"],
        ["go-on", "3", "--set", "epochs=3"],
    ):  # fmt: skip
        with pytest.raises(SystemExit) as caught:
            main(["cascade", *arguments, "--workspace", str(ws.root)])
        assert caught.value.code == 2


def test_killed_again_and_again_it_trains_and_accepts_each_label_once(ws, tmp_path):
    """SIGKILL at moments that nobody chose; each resume goes on, and what came out is as without kills."""
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.recipe(epochs=5, lr=1e-2).to_toml())
    words = ["cascade", "--recipe", str(path), "--precision", "0.6", "--stop", "never", "--workspace", str(ws.root)]
    # `zygote` has torch in memory: a worker is there in milliseconds, so that kills fall into its work.
    zygote = PROJECT / "tests" / "training" / "zygote.py"
    with subprocess.Popen([sys.executable, str(zygote)], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as forker:  # fmt: skip
        assert forker.stdout.readline() == "ready\n"

        def spawn(arguments, log):
            forker.stdin.write(json.dumps([list(arguments), str(log)]) + "\n")
            forker.stdin.flush()
            return int(forker.stdout.readline())

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(process, "spawn", spawn)
            assert main([*words, "--detach"]) == 0
            for number in range(5):
                time.sleep(0.5 + 0.5 * number)
                job = jobs.get_job(ws, 1)
                if not job.active:
                    break
                os.kill(job.pid, signal.SIGKILL)
                wait_until(lambda: jobs.get_job(ws, 1).state in ("lost", "finished"))
                if jobs.get_job(ws, 1).state == "finished":
                    break
                jobs.resume(ws, 1)
            wait_until(lambda: jobs.get_job(ws, 1).state == "finished", 90)
        forker.stdin.close()
    with ws.read() as connection:
        assert sorted(run.label for run in list_runs(connection)) == ["bright", "kind"]
        accepted = [row.label_id for row in acceptances.listed(connection)]
    assert len(accepted) == len(set(accepted)) >= 1
    assert [stage.state for stage in read_plan(ws.job_dir(1)).stages] == ["finished"] * 2
