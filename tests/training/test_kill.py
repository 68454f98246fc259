"""A worker that is killed at random moments, again and again: nothing is lost, and no untrue state is ever shown."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from sqlalchemy import select

from core import jobs
from core.jobs import process
from core.jobs.job import STATES
from core.jobs.reporter import Silent
from core.store import runs, schema
from core.training.command import train_command
from core.training.rundir import RunDir
from core.training.train import Order, train
from core.workspace import PROJECT, Workspace
from tests import tiny

KILLS = 6
SETTINGS = {"epochs": 40, "seed": 5, "dropout": 0.2, "drop_path": 0.1, "color_jitter": 0.2, "ema_decay": 0.9}
GONE_SECONDS = 15.0  # a killed worker is shown as lost within them
ACTIVE = {"queued", "running", "stopping"}


@dataclass
class Watch:
    """What a page that polls without a pause would have shown.

    Attributes:
        seen: (seconds, state), in order; the look began at the seconds.
        kills: Seconds of each kill, and of the moment from which the job was to run again.
    """

    ws: Workspace
    job_id: int
    seen: list[tuple[float, str]] = field(default_factory=list)
    kills: list[tuple[float, float]] = field(default_factory=list)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        over = threading.Event()

        def look() -> None:
            while not over.wait(0.05):
                began = time.monotonic()
                self.seen.append((began, jobs.get_job(self.ws, self.job_id).state))

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def between(self, start: float, end: float) -> set[str]:
        return {state for at, state in self.seen if start <= at < end}


@pytest.fixture
def quick_starts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workers come from a process that has imported torch; see `zygote.py`. What they do is the real command."""
    command = [sys.executable, str(Path(__file__).with_name("zygote.py"))]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as zygote:
        assert zygote.stdout.readline() == "ready\n"

        def spawn(arguments: list[str], log: Path) -> int:
            print(json.dumps([arguments, str(log)]), file=zygote.stdin, flush=True)
            return int(zygote.stdout.readline())

        monkeypatch.setattr(process, "spawn", spawn)
        yield
        zygote.stdin.close()


def kill_and_resume(ws: Workspace, watch: Watch) -> None:
    """Kill the worker, wait until it is seen to be lost, resume it."""
    job = jobs.get_job(ws, watch.job_id)
    assert job.state in ("queued", "running"), f"it was {job.state} before the kill"
    os.kill(job.pid, signal.SIGKILL)
    killed = time.monotonic()
    while jobs.get_job(ws, watch.job_id).state != "lost":
        assert time.monotonic() < killed + GONE_SECONDS, "a killed worker was not shown as lost in time"
        time.sleep(0.01)
    time.sleep(0.7)  # for the watch to see that it stays so
    watch.kills.append((killed, time.monotonic()))
    jobs.resume(ws, watch.job_id)


def moments(chance: random.Random) -> list[tuple[int, float]]:
    """Return when to kill: epochs that have to be done by then, and seconds to wait after that.

    Two moments are somewhere in the start, before the run is there or its first epoch; the others lie anywhere
    between the first epochs and the last, which is in a step, a measurement or the middle of a checkpoint.
    """
    done = sorted(chance.sample(range(1, SETTINGS["epochs"] * 3 // 4), KILLS - 2))
    starts = [(0, chance.uniform(0.0, 0.6)) for _ in range(2)]
    return [*starts, *((epochs, chance.uniform(0.0, 0.15)) for epochs in done)]


def wait_for(ws: Workspace, epochs: int, delay: float) -> None:
    end = time.monotonic() + 90
    while epochs and measured(ws) < epochs:
        assert time.monotonic() < end, f"epoch {epochs} was not reached"
        time.sleep(0.01)
    time.sleep(delay)


def measured(ws: Workspace) -> int:
    """Return how many epochs were measured, without a frame: cheap enough to be asked all the time."""
    file = ws.run_dir(1) / runs.METRICS
    return file.read_bytes().count(b"\n") if file.exists() else 0


def wait_for_end(ws: Workspace, job_id: int, seconds: float) -> jobs.Job:
    end = time.monotonic() + seconds
    while (job := jobs.get_job(ws, job_id)).active:
        assert time.monotonic() < end, f"it still was {job.state}: {job.message}"
        time.sleep(0.05)
    return job


def results(ws: Workspace, run_id: int) -> tuple[list, dict, dict[int, list[float]]]:
    """Return a run's curve, its best metrics and the probabilities that it predicts, by image."""
    columns = ["epoch", "step", "train_loss", "loss", "accuracy", "f1", "f1_macro", "lr"]
    curve = runs.metrics_frame(ws, run_id)[columns].to_numpy().tolist()
    p = schema.proposal.c
    with ws.read() as connection:
        best = runs.run(connection, run_id).metrics
        found = connection.execute(select(p.image_id, p.probs).where(p.run_id == run_id))
        probs = {image_id: each for image_id, each in found}
    return curve, {name: best[name] for name in columns}, probs


def test_kills_at_random_moments_change_neither_the_result_nor_the_truth_of_what_is_shown(ws, tmp_path, quick_starts):
    seed = int(os.environ.get("GAPWISE_TEST_SEED") or time.time_ns() % 100_000)
    chance = random.Random(seed)
    file = tmp_path / "tiny.toml"
    file.write_text(tiny.recipe(**SETTINGS).to_toml())
    watch = Watch(ws, jobs.start(ws, "train", train_command("bright", str(file), {})))
    print(f"GAPWISE_TEST_SEED={seed}")
    with watch():
        for epochs, delay in moments(chance):
            wait_for(ws, epochs, delay)
            kill_and_resume(ws, watch)
            print(f"killed {delay:.2f} s after epoch {epochs}; {measured(ws)} were measured")
        job = wait_for_end(ws, watch.job_id, 120)
        time.sleep(0.5)  # for the watch to see that it stays so
    assert job.state == "finished", job.message
    check_states(watch)

    train(ws, Order("bright", "tiny", tiny.recipe(**SETTINGS)), Silent())
    broken, whole = job.run_id, runs_there(ws)[-1]
    assert broken != whole
    assert results(ws, broken) == results(ws, whole)
    one, two = (load_file(RunDir(ws.run_dir(i)).best) for i in (broken, whole))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def check_states(watch: Watch) -> None:
    began, (end, last) = watch.seen[0][0], watch.seen[-1]
    assert {state for _, state in watch.seen} <= set(STATES)
    finished = next(at for at, state in watch.seen if state == "finished")
    assert watch.between(finished, end + 1) == {"finished"}
    assert last == "finished"
    for (killed, resumed), after in zip(watch.kills, [*watch.kills[1:], (finished, 0.0)], strict=True):
        assert not watch.between(killed + GONE_SECONDS, resumed) & ACTIVE
        # On the machine that it ran on nobody waits for heartbeats to stay away.
        assert watch.between(killed + 0.5, resumed) <= {"lost"}
        assert watch.between(resumed + 0.5, after[0]) <= {"queued", "running"}
    assert watch.between(began, watch.kills[0][0]) <= {"queued", "running"}
    assert len(watch.seen) > 100


def runs_there(ws: Workspace) -> list[int]:
    with ws.read() as connection:
        return sorted(row.id for row in runs.list_runs(connection))


def test_what_a_kill_leaves_half_written_is_no_trouble(ws):
    """Parts beside the files, and a folder that no pointer names."""
    order = Order("bright", "tiny", tiny.recipe(epochs=3))
    train(ws, order, Silent())
    train(ws, order, StopAtOnce())
    folder = ws.run_dir(2)
    (folder / ".best.safetensors.99999.part").write_bytes(b"half")
    half = folder / "checkpoints" / "1-0-0"
    half.mkdir(parents=True, exist_ok=True)
    (half / "model.safetensors").write_bytes(b"half")
    train(ws, order, Silent(), run_id=2)
    assert results(ws, 2) == results(ws, 1)


class StopAtOnce(Silent):
    """Lets the pictures be decoded, then stops before the first step."""

    def __init__(self) -> None:
        self.looks = 0

    def should_stop(self) -> bool:
        self.looks += 1
        return self.looks > 3
