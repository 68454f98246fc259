"""Trainings in real processes: `accelerate launch` with two, and a Ray cluster of two CPU workers on this machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from core import jobs
from core.cluster.folder import RankFolder, Told
from core.jobs.job import Job
from core.store.runs import metrics_frame
from core.training.recipe import Recipe
from core.workspace import Workspace
from tests import tiny

VALUES = [0, 1] * 24 + [-1] * 4
EPOCHS = 40  # long enough to be stopped twice in the middle
PATIENCE = 300.0  # seconds for what takes 15 on an idle machine
# What a run's curve is; the rest are times.
CURVE = ["epoch", "step", "train_loss", "loss", "accuracy", "f1", "f1_macro", "lr"]


def recipe(**values: object) -> Recipe:
    """A small network without batch statistics: those would be of half a batch in each of two processes."""
    # 38 of the pictures are trained on: three batches of ten and one of eight, all of which two processes can halve.
    own = {"model": "test_convnext", "width": 1.0, "depth": 1.0, "optimizer": "sgd", "lr": 0.01, "batch_size": 10}
    return tiny.recipe(**{**own, "epochs": EPOCHS, **values})


@pytest.fixture(scope="session")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """48 known cells of two classes; all trainings here share it. Everything they start has ended afterwards."""
    folder = tmp_path_factory.mktemp("cluster")
    ws = tiny.workspace(folder / "ws", VALUES)
    (ws.root / "plain.toml").write_text(recipe().to_toml())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAPWISE_LOCKS", str(folder / "locks"))
        patch.setenv("GAPWISE_WITNESS", "1")
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.delenv("GAPWISE_RAY", raising=False)
        yield ws
    for job in jobs.active_jobs(ws):
        with suppress(ProcessLookupError):
            os.kill(job.pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def together(ws: Workspace) -> Job:
    """The finished job of two processes on this machine."""
    job = wait_for_end(ws, train(ws, "--processes", "2"))
    assert job.state == "finished", job.message + jobs.log_tail(ws, job.id, 60)
    return job


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """Start Ray with two CPUs and return its address; shut it down whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="gwray", dir="/tmp"))  # short: sockets lie in it, and their paths are limited
    # Ray's workers are polite (nice 15): beside another test's processes they would hardly get on.
    own = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0", "OMP_NUM_THREADS": "1"}
    env = {**os.environ, **own}
    env.pop("RAY_ADDRESS", None)
    port = free_port()
    command = [
        "start", "--head", "--block", "--num-cpus=2", "--num-gpus=0", "--port=0", "--min-worker-port=0",
        "--max-worker-port=0", "--dashboard-agent-listen-port=0", f"--dashboard-port={port}",
        "--dashboard-host=127.0.0.1", "--object-store-memory=80000000", f"--temp-dir={folder}", "--disable-usage-stats",
    ]  # fmt: skip
    ray = str(Path(sys.executable).with_name("ray"))
    with open(folder / "start.txt", "wb") as output:
        head = subprocess.Popen([ray, *command], env=env, stdout=output, stderr=output, start_new_session=True)
    try:
        _wait_for_port(port, head, folder / "start.txt")
        yield f"http://127.0.0.1:{port}"
    finally:
        # Not `ray stop`, which ends all clusters of the machine.
        family = [*psutil.Process(head.pid).children(recursive=True), psutil.Process(head.pid)]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        head.wait()
        psutil.wait_procs(family, timeout=10)
        shutil.rmtree(folder, ignore_errors=True)


def train(ws: Workspace, *where: str) -> int:
    """Start a training as the page does; return the job's id."""
    return jobs.start(ws, "train", ["train", "--label", "bright", "--recipe", str(ws.root / "plain.toml"), *where])


def wait(ws: Workspace, job_id: int, until: Callable[[Job], bool]) -> Job:
    """Wait for a job to be as told, and return it; fail with its log when it ends otherwise or never gets there."""
    end = time.monotonic() + PATIENCE
    while not until(job := jobs.get_job(ws, job_id)):
        told = f"{job.state}: {job.message}\n{jobs.log_tail(ws, job_id, 60)}"
        assert job.active, told
        assert time.monotonic() < end, told
        time.sleep(0.05)
    return job


def wait_for_end(ws: Workspace, job_id: int) -> Job:
    return wait(ws, job_id, lambda job: not job.active)


def wait_for_epoch(ws: Workspace, job_id: int, epoch: float) -> None:
    """Wait for the training processes themselves: what the job mirrors comes a second later."""
    wait(ws, job_id, lambda _: (told(ws, job_id) or Told()).done > epoch)


def told(ws: Workspace, job_id: int) -> Told | None:
    """Return what the first training process of the present attempt said last."""
    folder = RankFolder(ws.job_dir(job_id))
    attempt = folder.attempt()
    return attempt and folder.told(attempt.id)


def curve(ws: Workspace, run_id: int) -> list[list[float]]:
    """Return what a run measured, epoch by epoch, in CURVE's order."""
    return metrics_frame(ws, run_id)[CURVE].to_numpy().tolist()


def testimony(ws: Workspace, job_id: int, rank: int) -> tuple[list[int], list[str]]:
    """Return the images that a process saw in its last attempt and its weights after each step."""
    lines = [json.loads(x) for x in (ws.job_dir(job_id) / f"witness-{rank}.jsonl").read_text().splitlines()]
    return [x["seen"] for x in lines if "seen" in x], [x["weights"] for x in lines if "weights" in x]


def member(ws: Workspace, job_id: int, rank: int) -> psutil.Process:
    """Return a training process."""
    return psutil.Process(RankFolder(ws.job_dir(job_id)).members()[rank]["pid"])


def check_halves(ws: Workspace, job: Job) -> None:
    """Both processes held the same weights after every step, and each saw its own half of the pictures each epoch."""
    train_ids = _train_ids(ws, job.run_id)
    (seen_0, weights_0), (seen_1, weights_1) = testimony(ws, job.id, 0), testimony(ws, job.id, 1)
    assert weights_0 == weights_1
    assert len(set(weights_0)) > 1, "no step changed the weights"
    epochs = (len(seen_0) + len(seen_1)) // len(train_ids)
    assert epochs >= 1
    share_0, share_1 = len(seen_0) // epochs, len(seen_1) // epochs
    assert share_0 == share_1
    for n in range(epochs):
        one, other = seen_0[n * share_0 : (n + 1) * share_0], seen_1[n * share_1 : (n + 1) * share_1]
        assert not set(one) & set(other)
        assert sorted(one + other) == train_ids


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _train_ids(ws: Workspace, run_id: int) -> list[int]:
    rows = (ws.run_dir(run_id) / "data.csv").read_text().splitlines()[1:]
    return sorted(int(row.split(",")[1]) for row in rows if row.startswith("train,"))


def _wait_for_port(port: int, head: subprocess.Popen, output: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        assert head.poll() is None, output.read_text()
        assert time.monotonic() < end, output.read_text()
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
