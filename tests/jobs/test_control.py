"""Start, stop and resume."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import pytest

from core import jobs
from core.errors import GapwiseError
from core.jobs import beat as beats
from core.jobs import control, process
from core.store import jobs as store
from core.store import runs
from tests import tiny
from tests.jobs.conftest import COUNTER, wait_until
from tests.jobs.test_job import started, state


def test_stop_ends_a_job_within_a_step_and_resume_goes_on(ws, counting):
    job_id = started(ws, "200")
    jobs.stop(ws, job_id)
    assert state(ws, job_id) in ("stopping", "stopped")
    wait_until(lambda: state(ws, job_id) == "stopped", seconds=5)
    reached = int(jobs.get_job(ws, job_id).message.split()[-1])
    assert 0 < reached < 200
    jobs.resume(ws, job_id)
    wait_until(lambda: state(ws, job_id) == "finished")
    assert jobs.get_job(ws, job_id).message == "counted to 200"


def test_a_stop_before_the_worker_is_ready_is_not_lost(ws, counting):
    job_id = jobs.start(ws, "count", ["100000"])
    jobs.stop(ws, job_id)
    wait_until(lambda: state(ws, job_id) == "stopped")
    assert jobs.get_job(ws, job_id).message == "Stopped before it began."


def test_one_job_has_the_device_and_the_others_queue_in_order(ws, counting):
    first = started(ws)
    second, third = jobs.start(ws, "count", ["30"]), jobs.start(ws, "count", ["100000"])
    wait_until(lambda: "turn" in jobs.get_job(ws, second).message and "turn" in jobs.get_job(ws, third).message)
    assert [j.state for j in jobs.list_jobs(ws)] == ["queued", "queued", "running"]
    jobs.stop(ws, third)
    wait_until(lambda: state(ws, third) == "stopped")
    jobs.stop(ws, first)
    wait_until(lambda: state(ws, second) == "finished")


def test_a_bug_fails_the_job_with_one_line_and_the_traceback_in_the_log(ws, counting):
    job_id = jobs.start(ws, "count", ["bug"])
    wait_until(lambda: state(ws, job_id) == "failed")
    message = jobs.get_job(ws, job_id).message
    assert message == "the sky fell (The log has the details.)"
    assert "Traceback" in jobs.log_tail(ws, job_id, lines=100)


def test_an_error_for_people_becomes_the_jobs_message(ws, counting):
    job_id = jobs.start(ws, "count", ["sorry"])
    wait_until(lambda: state(ws, job_id) == "failed")
    assert jobs.get_job(ws, job_id).message == "That can't be done. Do this instead."


def test_what_is_over_can_not_be_stopped_and_what_finished_not_resumed(ws, counting):
    job_id = jobs.start(ws, "count", ["1"])
    wait_until(lambda: state(ws, job_id) == "finished")
    with pytest.raises(GapwiseError, match="is finished"):
        jobs.stop(ws, job_id)
    with pytest.raises(GapwiseError, match="is finished"):
        jobs.resume(ws, job_id)


def test_a_running_job_can_not_be_resumed_a_second_time(ws, counting):
    job_id = started(ws)
    with pytest.raises(GapwiseError, match="is running"):
        jobs.resume(ws, job_id)
    jobs.stop(ws, job_id)
    wait_until(lambda: state(ws, job_id) == "stopped")


def test_a_process_that_can_not_be_started_is_a_failed_job(ws, monkeypatch):
    def refuse(arguments, log):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(process, "spawn", refuse)
    with pytest.raises(GapwiseError, match="Cannot allocate memory"):
        jobs.start(ws, "count", ["1"])
    assert jobs.list_jobs(ws)[0].state == "failed"


def elsewhere(monkeypatch) -> None:
    """From here on this process takes itself for another machine than the worker's."""
    monkeypatch.setattr(beats.socket, "gethostname", lambda: "elsewhere")


def test_a_job_on_another_machine_is_stopped_without_a_signal(ws, counting, monkeypatch):
    job_id = started(ws)
    elsewhere(monkeypatch)
    monkeypatch.setattr(os, "kill", lambda *a: pytest.fail("a signal goes to some process of this machine"))
    jobs.stop(ws, job_id)
    wait_until(lambda: state(ws, job_id) == "stopped", seconds=5)


def test_a_stop_is_heard_through_the_state_where_the_sign_can_not_be_written(ws, counting, monkeypatch):
    job_id = started(ws)
    elsewhere(monkeypatch)

    def full(folder):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(control, "ask_stop", full)
    jobs.stop(ws, job_id)
    wait_until(lambda: state(ws, job_id) == "stopped", seconds=5)


def test_the_sign_to_stop_is_seen_by_processes_of_the_job_and_gone_after_a_resume(ws, counting):
    job_id = started(ws, "150")
    folder = ws.job_dir(job_id)
    assert not beats.stop_asked(folder)
    jobs.stop(ws, job_id)
    assert (folder / "stop").is_file()
    wait_until(lambda: state(ws, job_id) == "stopped", seconds=5)
    jobs.resume(ws, job_id)
    assert not beats.stop_asked(folder)
    wait_until(lambda: state(ws, job_id) == "finished")


def test_retry_is_a_new_job_with_the_same_command_and_leaves_the_old_one_as_it_was(ws, counting):
    first = jobs.start(ws, "count", ["3"])
    wait_until(lambda: state(ws, first) == "finished")
    second = jobs.retry(ws, first)
    assert second != first
    wait_until(lambda: state(ws, second) == "finished")
    old, new = jobs.get_job(ws, first), jobs.get_job(ws, second)
    assert (new.kind, new.command, new.message) == (old.kind, old.command, old.message)
    assert old.state == "finished"


def test_what_runs_is_not_retried(ws, counting):
    job_id = started(ws)
    with pytest.raises(GapwiseError, match="is running. Stop it first"):
        jobs.retry(ws, job_id)
    jobs.stop(ws, job_id)
    wait_until(lambda: state(ws, job_id) == "stopped")


def test_a_retry_ends_a_worker_that_hangs_since_it_would_keep_the_device_for_ever(ws, counting, monkeypatch):
    monkeypatch.setattr(beats, "FRESH_SECONDS", 2.0)
    job_id = started(ws)
    pid = jobs.get_job(ws, job_id).pid
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: state(ws, job_id) == "lost")
    assert "it hangs or was paused" in jobs.get_job(ws, job_id).message
    again = jobs.retry(ws, job_id)
    wait_until(lambda: state(ws, again) == "running")
    assert not process.alive(pid, None)
    assert state(ws, job_id) == "lost"
    jobs.stop(ws, again)
    wait_until(lambda: state(ws, again) == "stopped")


def test_a_retried_training_makes_a_run_of_its_own_and_a_retried_prediction_keeps_the_run_it_works_on(
    tmp_path, monkeypatch
):
    ws = tiny.workspace(tmp_path / "tiny", [0, 1])
    monkeypatch.setattr(process, "spawn", lambda arguments, log: 2**22 + 1)
    train = jobs.register(ws, "train", ["train"])
    with ws.write() as connection:
        run_id = runs.add_run(connection, 1, "tiny", {}, train)
        store.change_job(connection, train, state="finished", run_id=run_id)
    predict = jobs.register(ws, "predict", ["predict", "--run", "1"], run_id)
    with ws.write() as connection:
        store.change_job(connection, predict, state="stopped")
    assert jobs.get_job(ws, jobs.retry(ws, train)).run_id is None
    assert jobs.get_job(ws, jobs.retry(ws, predict)).run_id == run_id


def test_a_worker_that_comes_up_when_its_job_is_over_does_nothing(ws, counting):
    job_id = jobs.register(ws, "count", ["3"])
    with ws.write() as connection:
        store.change_job(connection, job_id, state="stopped")
    worker = subprocess.run(
        [sys.executable, str(COUNTER), "3", "--workspace", str(ws.root), "--job", str(job_id)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert worker.returncode == 1
    assert f"Job {job_id} is over" in worker.stderr
    assert state(ws, job_id) == "stopped"
    assert not (ws.job_dir(job_id) / "count").exists()


def test_a_worker_that_was_cut_off_gives_way_to_the_attempt_that_was_started_meanwhile(ws, counting, monkeypatch):
    """Two machines share a workspace, one loses the network: both would write into the same run."""
    monkeypatch.setattr(beats, "FRESH_SECONDS", 2.0)
    job_id = started(ws, "250")
    pid = jobs.get_job(ws, job_id).pid
    os.kill(pid, signal.SIGSTOP)
    elsewhere(monkeypatch)
    wait_until(lambda: state(ws, job_id) == "lost")
    assert "Nothing was heard from" in jobs.get_job(ws, job_id).message
    jobs.resume(ws, job_id)
    wait_until(lambda: "turn" in jobs.get_job(ws, job_id).message)  # the first one has the device
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: not process.alive(pid, None), seconds=5)
    wait_until(lambda: state(ws, job_id) == "finished")
    assert jobs.get_job(ws, job_id).message == "counted to 250"
    assert "was started again or deleted: this attempt ends" in jobs.log_tail(ws, job_id)


def test_the_device_goes_to_who_waits_longest_for_it_not_to_who_waits_for_another_one(ws, counting, monkeypatch):
    first = started(ws)
    other = jobs.register(ws, "count", ["5"])
    beats.write_beat(ws.job_dir(other), beats.Beat(ready=True, queue="device-1.lock"))
    last = jobs.start(ws, "count", ["5"])
    wait_until(lambda: "turn" in jobs.get_job(ws, last).message)
    jobs.stop(ws, first)
    wait_until(lambda: state(ws, last) == "finished")
    assert state(ws, other) == "queued"
