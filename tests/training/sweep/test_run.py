"""Sweeps that really train: what they leave, how they end, and that a stop or a kill costs nothing."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys

import pytest

from core import jobs
from core.errors import GapwiseError
from core.jobs.reporter import Silent
from core.store import runs
from core.store.proposals import heldout_frame
from core.training.checkpoint import Checkpoints
from core.training.loop import Trainer
from core.training.sweep import run as running
from core.training.sweep.plan import make_plan, read_plan, write_plan
from core.training.sweep.run import run_sweep
from core.training.sweep.space import parse_setting
from core.training.train import TRUSTED, Order, train
from core.workspace import PROJECT, Workspace
from tests import tiny
from tests.jobs.conftest import wait_until
from tests.training.test_train import StopAfter, curve

RECIPE = tiny.recipe(epochs=2)


class Heard(Silent):
    """Keeps all that is told."""

    def __init__(self) -> None:
        self.told: list[tuple] = []

    def progress(self, done, total, message="", **figures) -> None:
        self.told.append((done, total, message, figures))


def planned(ws: Workspace, *sets: str, **values: object) -> int:
    job_id = jobs.register(ws, "sweep", ["sweep"])
    settings = [parse_setting(text, RECIPE) for text in sets]
    write_plan(ws.job_dir(job_id), make_plan("bright", "tiny", RECIPE, settings, sources=TRUSTED, **values))
    return job_id


def states(ws: Workspace, job_id: int) -> list[str]:
    return [t.state for t in read_plan(ws.job_dir(job_id)).trials]


def test_every_trial_is_a_run_of_its_own_with_the_curve_it_would_have_alone(ws):
    job_id = planned(ws, "dropout=0,0.4", "size=24,32")
    message = run_sweep(ws, job_id, Silent())
    plan = read_plan(ws.job_dir(job_id))
    train(ws, Order("bright", "tiny", tiny.recipe(epochs=2, dropout=0.4, size=24)), Silent())
    assert [t.run for t in plan.trials] == [1, 2, 3, 4]
    assert curve(ws, 3) == curve(ws, 5)
    with ws.read() as connection:
        stored = [runs.run(connection, i) for i in (1, 2, 3, 4)]
        measured = [list(heldout_frame(connection, i)["image_id"]) for i in (plan.predicted,)]
    assert stored[2].config["sweep"] == {"id": job_id, "trial": 3, "values": {"dropout": 0.4, "size": 24}}
    assert stored[2].config["settings"]["dropout"] == 0.4
    assert len({row.config["data"] for row in stored}) == 1  # the same images, the same held-out ones
    assert plan.trials[0].figures["accuracy"] == stored[0].metrics["accuracy"]
    assert plan.trials[0].figures["seconds"] == pytest.approx(runs.metrics_frame(ws, 1)["seconds"].sum(), abs=0.01)
    best = plan.trial(plan.best)
    assert best.figures["f1"] == max(t.figures["f1"] for t in plan.trials)
    assert (plan.predicted, len(measured[0])) == (best.run, 5)
    assert message.startswith(f"4 of 4 trials are done. Best: trial {best.number} (dropout")
    assert message.endswith("6 open cells have a proposal.")


def test_of_equally_good_trials_the_one_with_fewer_multiply_adds_is_the_best_else_the_earlier(ws, monkeypatch):
    monkeypatch.setattr(runs, "run", equally_good(runs.run))
    job_id = planned(ws, "size=32,24", "dropout=0,0.1", "epochs=1", predict=False)
    run_sweep(ws, job_id, Silent())
    assert read_plan(ws.job_dir(job_id)).best == 3


def equally_good(read):
    class Row:
        def __init__(self, row) -> None:
            self.metrics = {**row.metrics, "f1": 0.5}

    return lambda connection, run_id: Row(read(connection, run_id))


def test_progress_goes_over_all_trials_and_tells_the_best_figures_so_far(ws):
    heard = Heard()
    job_id = planned(ws, "dropout=0,0.4", "lr=1e-3,1e-2")
    run_sweep(ws, job_id, heard)
    done = [d for d, *_ in heard.told]
    assert done == sorted(done)
    assert {total for _, total, *_ in heard.told} == {4}
    messages = [m for _, _, m, _ in heard.told]
    assert "Trial 3 of 4, epoch 2 of 2" in messages
    assert "Trial 1 of 4, building the network" in messages
    assert all("best_trial" not in f for _, _, m, f in heard.told if m.startswith("Trial 1"))
    last = [f for _, _, m, f in heard.told if m.startswith("Trial 4 of 4, epoch")][-1]
    first_three = read_plan(ws.job_dir(job_id)).trials[:3]
    assert last["best_f1"] == max(t.figures["f1"] for t in first_three)
    assert {"train_loss", "images_per_second"} <= set(last)


def test_a_failing_trial_is_noted_with_its_reason_and_the_sweep_goes_on(ws, monkeypatch):
    step = Trainer._finite_loss

    def broken(self):
        if self.recipe.lr == 10:
            self.position.loss_sum = math.nan
        return step(self)

    monkeypatch.setattr(Trainer, "_finite_loss", broken)
    job_id = planned(ws, "lr=1e-3,10,1e-2", predict=False)
    message = run_sweep(ws, job_id, Silent())
    plan = read_plan(ws.job_dir(job_id))
    assert [t.state for t in plan.trials] == ["finished", "failed", "finished"]
    assert "no number any more" in plan.trials[1].reason
    assert plan.trials[1].figures == {}
    assert message.startswith("2 of 3 trials are done, 1 failed. Best: trial")
    assert plan.predicted is None


def test_a_bug_in_a_trial_fails_it_alone(ws, monkeypatch):
    def explode(ws_, order, *rest):
        if order.recipe.dropout:
            raise ZeroDivisionError("the sky fell")
        return train(ws_, order, *rest)

    monkeypatch.setattr(running, "train", explode)
    job_id = planned(ws, "dropout=0.1,0", predict=False)
    run_sweep(ws, job_id, Silent())
    plan = read_plan(ws.job_dir(job_id))
    assert states(ws, job_id) == ["failed", "finished"]
    assert plan.trials[0].reason == "the sky fell (The log has the details.)"


def test_number_formats_can_differ_from_trial_to_trial(ws):
    """Accelerate keeps the format of the first Accelerator of a process and refuses another."""
    job_id = planned(ws, "precision=bf16,no,fp16", "epochs=1", predict=False)
    run_sweep(ws, job_id, Silent())
    plan = read_plan(ws.job_dir(job_id))
    assert states(ws, job_id) == ["finished", "finished", "failed"]
    assert "fp16 needs a CUDA device" in plan.trials[2].reason
    train(ws, Order("bright", "tiny", tiny.recipe(epochs=1, precision="bf16")), Silent())
    assert curve(ws, plan.trials[0].run) == curve(ws, 3)


def test_where_all_trials_fail_the_sweep_fails_and_a_resume_tries_again(ws, monkeypatch):
    def refuse(*_):
        raise GapwiseError("The hub is out of reach.")

    monkeypatch.setattr(running, "prepare", refuse)
    job_id = planned(ws, "dropout=0,0.4")
    with pytest.raises(GapwiseError, match="All 2 trials failed. The first one: The hub is out of reach."):
        run_sweep(ws, job_id, Silent())
    monkeypatch.undo()
    run_sweep(ws, job_id, Silent())
    assert states(ws, job_id) == ["finished", "finished"]


def test_a_full_disk_ends_the_sweep_and_not_one_trial_after_the_other(ws, monkeypatch):
    save = Checkpoints.save

    def full(self) -> None:
        if self.position.epoch == 1:
            raise OSError(28, "No space left on device")
        save(self)

    monkeypatch.setattr(Checkpoints, "save", full)
    job_id = planned(ws, "dropout=0,0.4", predict=False)
    with pytest.raises(GapwiseError, match="disk is full"):
        run_sweep(ws, job_id, Silent())
    assert states(ws, job_id) == ["running", "waiting"]
    monkeypatch.undo()
    run_sweep(ws, job_id, Silent())
    assert states(ws, job_id) == ["finished", "finished"]
    assert len(curve(ws, 1)) == 2


def test_a_stopped_sweep_goes_on_to_what_an_unbroken_one_gives(ws):
    whole = planned(ws, "dropout=0,0.4", predict=False)
    run_sweep(ws, whole, Silent())
    for looks in (1, 7, 14):
        broken = planned(ws, "dropout=0,0.4", predict=False)
        message = run_sweep(ws, broken, StopAfter(looks))
        assert message.startswith("Stopped ")
        assert "finished" not in states(ws, broken)[-1]
        before = [t.run for t in read_plan(ws.job_dir(broken)).trials if t.state == "finished"]
        run_sweep(ws, broken, Silent())
        one, two = (read_plan(ws.job_dir(i)) for i in (whole, broken))
        assert [t.run for t in two.trials][: len(before)] == before
        assert [curve(ws, t.run) for t in one.trials] == [curve(ws, t.run) for t in two.trials]
        assert one.best == two.best
    with ws.read() as connection:
        assert len(runs.list_runs(connection)) == 8  # nothing was trained twice


def test_a_run_that_a_killed_worker_did_not_live_to_note_is_found_again(ws, monkeypatch):
    def die(folder, plan) -> None:
        if any(t.run for t in plan.trials):
            raise KeyboardInterrupt
        write_plan(folder, plan)

    job_id = planned(ws, "dropout=0,0.4", predict=False)
    monkeypatch.setattr(running, "write_plan", die)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(ws, job_id, Silent())
    assert read_plan(ws.job_dir(job_id)).trials[0].run is None
    monkeypatch.undo()
    run_sweep(ws, job_id, Silent())
    assert [t.run for t in read_plan(ws.job_dir(job_id)).trials] == [1, 2]


def test_a_trial_whose_run_was_deleted_while_the_sweep_stood_still_begins_anew(ws):
    job_id = planned(ws, "dropout=0,0.4", predict=False)
    run_sweep(ws, job_id, StopAfter(7))
    assert states(ws, job_id) == ["stopped", "waiting"]
    shutil.rmtree(ws.run_dir(1))
    run_sweep(ws, job_id, Silent())
    assert states(ws, job_id) == ["finished", "finished"]
    assert [t.run for t in read_plan(ws.job_dir(job_id)).trials] == [2, 3]


@pytest.mark.parametrize(
    ("setting", "message"),
    [("model=tf_efficientnetv2_b0,efficientnet_bo", "no model 'efficientnet_bo'"), ("optimizer=adamw,adamx", "adamx")],
)
def test_a_wrong_name_among_the_values_is_told_before_the_first_trial(ws, setting, message):
    job_id = planned(ws, setting)
    with pytest.raises(GapwiseError, match=message):
        run_sweep(ws, job_id, Silent())
    assert states(ws, job_id) == ["waiting", "waiting"]


def test_optunas_trials_come_one_by_one_and_a_broken_search_goes_on_with_the_same_ones(ws):
    asked = {"search": "optuna", "trials": 4, "predict": False}
    whole, broken = (planned(ws, "lr=1e-4..1e-1", "optimizer=sgd,adamw", "epochs=1", **asked) for _ in range(2))
    run_sweep(ws, whole, Silent())
    run_sweep(ws, broken, StopAfter(8))
    assert 1 <= len(read_plan(ws.job_dir(broken)).trials) < 4
    run_sweep(ws, broken, Silent())
    one, two = (read_plan(ws.job_dir(i)) for i in (whole, broken))
    assert [t.values for t in one.trials] == [t.values for t in two.trials]
    assert len({json.dumps(t.values) for t in one.trials}) == 4


def cli(ws: Workspace, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "core", *arguments, "--workspace", str(ws.root)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)


def test_a_killed_sweep_is_lost_and_resumed_without_doing_anything_twice(ws, tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.recipe(epochs=12).to_toml())
    sweep = ["sweep", "--label", "bright", "--recipe", str(path), "--set", "lr=1e-3,5e-3,1e-2"]
    started = cli(ws, *sweep, "--detach", "--json")
    assert started.returncode == 0, started.stderr
    asked = json.loads(started.stdout)
    assert asked["trials"] == 3
    job_id = asked["id"]
    path.unlink()  # what a sweep began with, it ends with
    wait_until(lambda: len(runs.metrics_frame(ws, 2)) >= 2, seconds=120)
    os.kill(jobs.get_job(ws, job_id).pid, signal.SIGKILL)
    wait_until(lambda: jobs.get_job(ws, job_id).state == "lost", seconds=15)
    before = curve(ws, 1)
    assert states(ws, job_id)[:2] == ["finished", "running"]
    assert cli(ws, "jobs", "resume", str(job_id)).returncode == 0
    wait_until(lambda: jobs.get_job(ws, job_id).state == "finished", seconds=120)
    plan = read_plan(ws.job_dir(job_id))
    assert [t.run for t in plan.trials] == [1, 2, 3]
    assert curve(ws, 1) == before
    train(ws, Order("bright", "tiny", tiny.recipe(epochs=12, lr=5e-3)), Silent())
    assert curve(ws, 2) == curve(ws, 4)
    shown = cli(ws, "sweep", "--show", str(job_id))
    assert shown.stdout.startswith(f"Sweep {job_id}, finished: label bright, recipe tiny. 3 of 3 trials are done.")


def test_a_stop_from_the_shell_ends_the_sweep_within_a_step(ws, tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.recipe(epochs=3000).to_toml())
    asked = cli(ws, "sweep", "--label", "bright", "--recipe", str(path), "--set", "dropout=0,0.3", "--detach")
    job_id = int(asked.stdout)
    wait_until(lambda: len(runs.metrics_frame(ws, 1)) >= 1, seconds=120)
    assert cli(ws, "jobs", "stop", str(job_id)).returncode == 0
    wait_until(lambda: jobs.get_job(ws, job_id).state == "stopped", seconds=30)
    assert jobs.get_job(ws, job_id).message.startswith("Stopped in trial 1 of 2. 0 of 2 trials are done.")
    assert states(ws, job_id) == ["stopped", "waiting"]
    assert (ws.run_dir(1) / runs.BEST).is_file()
