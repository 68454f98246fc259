"""Trainings in real processes: `--processes 2`, by `accelerate launch`, and `--cluster`, two workers of a Ray cluster.

One file, so that one worker of pytest runs all of it: the tests share a training of two processes, and it is dear.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import psutil
import pytest
import torch

from core import jobs
from core.cluster.folder import RankFolder
from core.cluster.ray_jobs import connect
from core.errors import GapwiseError
from core.jobs.job import Job
from core.jobs.reporter import Silent
from core.store import runs
from core.training.train import Order
from core.training.train import train as train_here
from core.workspace import Workspace
from tests.cluster.conftest import (
    CURVE,
    PATIENCE,
    check_halves,
    curve,
    free_port,
    member,
    recipe,
    told,
    train,
    wait,
    wait_for_end,
    wait_for_epoch,
)

FEW = 4  # epochs in which rounding has not grown yet


@pytest.fixture(scope="module")
def alone(ws: Workspace) -> Iterator[list[list[float]]]:
    """The curve of one process."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    message = train_here(ws, Order("bright", "plain", recipe(), predict=False), Silent())
    yield curve(ws, int(message.split(":")[0].removeprefix("Run ")))
    torch.set_num_threads(before)


def test_both_processes_hold_the_same_weights_and_each_saw_its_own_half(ws, together):
    check_halves(ws, together)


def test_two_processes_learn_what_one_learns_from_the_same_batches(ws, alone, together):
    """The batches are the same; what differs is the order of sums, so the first epochs agree closely."""
    both = curve(ws, together.run_id)
    assert len(both) == len(alone)
    for one, two in zip(alone[:FEW], both[:FEW], strict=True):
        assert two == pytest.approx(one, rel=1e-3, abs=1e-4), dict(zip(CURVE, two, strict=True))
    assert both[-1][CURVE.index("accuracy")] == alone[-1][CURVE.index("accuracy")]


def test_the_best_metrics_and_the_predictions_are_stored_as_those_of_one_process_are(ws, together):
    with ws.read() as connection:
        stored = runs.run(connection, together.run_id).metrics
    best = max(runs.metrics_frame(ws, together.run_id).to_dict("records"), key=lambda r: (r["f1_macro"], -r["loss"]))
    assert stored == best
    assert "4 open cells have a proposal" in together.message
    assert together.figures["processes"] == 2


def test_a_job_that_was_killed_twice_comes_to_the_same_curve(ws, together):
    """First its own process is killed: the training processes save and end by themselves. Then one of those is."""
    job_id = train(ws, "--processes", "2")
    wait_for_epoch(ws, job_id, 2)
    trainers = [member(ws, job_id, rank) for rank in (0, 1)]
    os.kill(jobs.get_job(ws, job_id).pid, signal.SIGKILL)
    _wait_until_gone(trainers)
    assert jobs.get_job(ws, job_id).state == "lost"
    assert told(ws, job_id).end == "orphaned"

    reached = told(ws, job_id).done
    jobs.resume(ws, job_id)
    running = wait(ws, job_id, lambda job: job.done > reached)
    assert (running.state, running.total) == ("running", recipe().epochs)
    assert "Epoch" in running.message
    wait_for_epoch(ws, job_id, reached + 2)
    member(ws, job_id, 1).kill()
    _check_killed(ws, wait_for_end(ws, job_id))

    jobs.resume(ws, job_id)
    finished = wait_for_end(ws, job_id)
    assert finished.state == "finished", finished.message
    assert curve(ws, finished.run_id) == curve(ws, together.run_id)


def test_a_job_on_the_cluster_is_watched_stopped_resumed_and_survives_a_killed_worker(ws, cluster, together):
    """One chain, since each start on a cluster takes its time. It ends with the curve of two processes here."""
    job_id = train(ws, f"--cluster={cluster}", "--workers", "2")
    running = wait(ws, job_id, lambda job: job.done > 2)
    assert (running.state, running.total, running.figures["processes"]) == ("running", recipe().epochs, 2)
    assert "Epoch" in running.message
    jobs.stop(ws, job_id)
    stopped = wait_for_end(ws, job_id)
    assert stopped.state == "stopped"
    assert stopped.message.startswith("Stopped in epoch")
    assert _all_ended(ws, job_id, cluster)

    jobs.resume(ws, job_id)
    wait_for_epoch(ws, job_id, stopped.done + 2)
    member(ws, job_id, 1).kill()
    failed = wait_for_end(ws, job_id)
    assert failed.state == "failed"
    assert "One of the 2 training processes on the cluster died" in failed.message
    assert "Resume it" in failed.message
    assert failed.actions[0] == "resume"
    assert _all_ended(ws, job_id, cluster)

    jobs.resume(ws, job_id)
    finished = wait_for_end(ws, job_id)
    assert finished.state == "finished", finished.message
    assert curve(ws, finished.run_id) == curve(ws, together.run_id)
    assert "4 open cells have a proposal" in finished.message
    check_halves(ws, finished)
    assert f"epoch {recipe().epochs}:" in jobs.log_tail(ws, job_id, 40), "what the processes wrote is in the job's log"


def test_a_job_for_which_the_cluster_is_too_small_is_queued_and_says_what_it_waits_for(ws, cluster):
    job_id = train(ws, f"--cluster={cluster}", "--workers", "3")
    waiting = wait(ws, job_id, lambda job: "grow" in job.message)
    assert waiting.state == "queued"
    assert "3 training processes need 3 CPU cores, it has 2 CPU cores in all" in waiting.message
    jobs.stop(ws, job_id)
    stopped = wait_for_end(ws, job_id)
    assert (stopped.state, stopped.message) == ("stopped", "Stopped before training began.")
    assert _all_ended(ws, job_id, cluster)


def test_a_cluster_that_does_not_answer_is_told_with_what_was_expected():
    with pytest.raises(GapwiseError, match="No Ray cluster answers at .* Expected the address of its dashboard"):
        connect(f"http://127.0.0.1:{free_port()}")


def _check_killed(ws: Workspace, job: Job) -> None:
    assert job.state == "failed"
    assert "One of the 2 training processes ended without a word" in job.message
    assert "Resume it" in job.message
    assert "SIGKILL" in jobs.log_tail(ws, job.id, 200)
    assert job.actions[0] == "resume"


def _wait_until_gone(processes: list[psutil.Process]) -> None:
    end = time.monotonic() + PATIENCE
    while any(p.is_running() for p in processes):
        assert time.monotonic() < end, "the training processes outlive their job"
        time.sleep(0.1)


def _all_ended(ws: Workspace, job_id: int, cluster: str) -> bool:
    """Whether the cluster is done with the job's last attempt, and its processes are gone."""
    submission = RankFolder(ws.job_dir(job_id)).attempt().submission
    return connect(cluster).get_job_status(submission).is_terminal()
