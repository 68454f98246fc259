"""Training as a job: the real command in a real process, killed and resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from core import jobs
from core.jobs.reporter import Silent
from core.store import runs
from core.training.train import Order, train
from core.workspace import PROJECT, Workspace
from tests import tiny
from tests.jobs.conftest import wait_until


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.recipe(epochs=60, seed=5, dropout=0.2).to_toml())
    return path


def cli(ws: Workspace, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "core", *arguments, "--workspace", str(ws.root)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)


def epochs(ws: Workspace) -> int:
    return len(runs.metrics_frame(ws, 1))


def test_a_killed_training_is_lost_and_resumed_to_the_metrics_of_an_unbroken_one(ws, recipe_file):
    started = cli(ws, "train", "--label", "bright", "--recipe", str(recipe_file), "--detach", "--json")
    job_id = json.loads(started.stdout)["id"]
    wait_until(lambda: epochs(ws) >= 3, seconds=60)
    os.kill(jobs.get_job(ws, job_id).pid, signal.SIGKILL)
    wait_until(lambda: jobs.get_job(ws, job_id).state == "lost", seconds=15)
    assert 3 <= epochs(ws) < 60
    assert cli(ws, "jobs", "resume", str(job_id)).returncode == 0
    wait_until(lambda: jobs.get_job(ws, job_id).state == "finished", seconds=90)
    listed = json.loads(cli(ws, "jobs", "--json").stdout)[0]
    assert (listed["id"], listed["state"], listed["run_id"]) == (job_id, "finished", 1)
    assert listed["command"][:3] == ["train", "--label", "bright"]
    train(ws, Order("bright", "tiny", tiny.recipe(epochs=60, seed=5, dropout=0.2)), Silent())
    columns = ["epoch", "step", "train_loss", "loss", "accuracy", "f1", "lr"]
    broken, whole = (runs.metrics_frame(ws, i)[columns] for i in (1, 2))
    assert list(broken["epoch"]) == list(range(1, 61))
    assert broken.equals(whole)


def test_jobs_stop_keeps_the_best_checkpoint_and_predict_uses_it(ws, recipe_file):
    recipe = str(recipe_file)
    job_id = int(cli(ws, "train", "--label", "bright", "--recipe", recipe, "--epochs", "5000", "--detach").stdout)
    wait_until(lambda: epochs(ws) >= 1, seconds=60)
    assert cli(ws, "jobs", "stop", str(job_id)).returncode == 0
    wait_until(lambda: jobs.get_job(ws, job_id).state == "stopped", seconds=10)
    assert (ws.run_dir(1) / runs.BEST).is_file()
    predicted = cli(ws, "predict", "--label", "bright")
    assert predicted.returncode == 0, predicted.stderr
    assert predicted.stdout == "Run 1: 6 open cells have a proposal.\n"


def test_ctrl_c_in_the_foreground_is_a_stop_and_the_job_is_listed(ws, recipe_file):
    command = [sys.executable, "-m", "core", "train", "--label", "bright", "--recipe", str(recipe_file)]
    command += ["--epochs", "5000", "--workspace", str(ws.root)]
    worker = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: epochs(ws) >= 1, seconds=60)
    assert jobs.list_jobs(ws)[0].pid == worker.pid
    worker.send_signal(signal.SIGINT)
    _, errors = worker.communicate(timeout=20)
    assert worker.returncode == 130
    assert "Stopped in epoch" in errors
    assert "Traceback" not in errors
    assert jobs.list_jobs(ws)[0].state == "stopped"
