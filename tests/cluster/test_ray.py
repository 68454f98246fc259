"""`--cluster`: a real Ray cluster with two CPU workers on this machine."""

from __future__ import annotations

import pytest

from core import jobs
from core.cluster.folder import RankFolder
from core.cluster.ray_jobs import connect
from core.errors import GapwiseError
from core.workspace import Workspace
from tests.cluster.conftest import (
    check_halves,
    curve,
    free_port,
    member,
    recipe,
    train,
    wait,
    wait_for_end,
    wait_for_epoch,
)


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


def _all_ended(ws: Workspace, job_id: int, cluster: str) -> bool:
    """Whether the cluster is done with the job's last attempt, and its processes are gone."""
    submission = RankFolder(ws.job_dir(job_id)).attempt().submission
    return connect(cluster).get_job_status(submission).is_terminal()
