"""Start, stop and resume."""

from __future__ import annotations

import pytest

from core import jobs
from core.errors import GapwiseError
from core.jobs import process
from tests.jobs.conftest import wait_until
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
