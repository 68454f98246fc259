"""Jobs that wait for a person: without a process, and let go on once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from core import jobs
from core.errors import GapwiseError
from core.jobs import process
from core.jobs.stops import FILE, Waiting, release, released
from core.jobs.worker import run_job


def work(ws, job_id: int) -> int:
    """Stop twice for a person; return the exit status."""
    folder = ws.job_dir(job_id)

    def told(_reporter) -> str:
        at = released(folder)
        return Waiting(f"stop {at + 1}") if at < 2 else "done"

    return run_job(ws, job_id, told)


def state(ws, job_id: int) -> tuple[str, str]:
    job = jobs.get_job(ws, job_id)
    return job.state, job.message


@pytest.fixture
def waiting(ws) -> int:
    job_id = jobs.register(ws, "count", ["2"])
    assert work(ws, job_id) == 0
    return job_id


def test_a_waiting_job_has_no_process_and_goes_on_when_it_is_let(ws, waiting):
    job = jobs.get_job(ws, waiting)
    assert (job.state, job.message, job.active, job.resumable) == ("waiting", "stop 1", False, False)
    jobs.go_on(ws, waiting, 1, here=True)
    assert jobs.get_job(ws, waiting).state == "queued"
    work(ws, waiting)
    assert state(ws, waiting) == ("waiting", "stop 2")
    jobs.go_on(ws, waiting, 2, here=True)
    work(ws, waiting)
    assert state(ws, waiting) == ("finished", "done")


def test_it_is_started_in_a_process_of_its_own(ws, waiting, monkeypatch):
    spawned = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: spawned.append(list(arguments)) or 2**22 + 1)
    jobs.go_on(ws, waiting, 1)
    assert spawned == [["2", "--workspace", str(ws.root), "--job", str(waiting)]]
    with pytest.raises(GapwiseError, match="it waits for nobody"):
        jobs.go_on(ws, waiting, 1)


def test_of_two_who_press_at_the_same_moment_one_starts_it(ws, waiting, monkeypatch):
    control = sys.modules["core.jobs.control"]

    def other_first(folder, number):
        """Both have looked; the other one's press is done in between."""
        monkeypatch.setattr(control, "release", release)
        jobs.go_on(ws, waiting, 1, here=True)
        release(folder, number)

    monkeypatch.setattr(control, "release", other_first)
    with pytest.raises(GapwiseError, match="has just been resumed by somebody else"):
        jobs.go_on(ws, waiting, 1, here=True)
    assert jobs.get_job(ws, waiting).state == "queued"


def test_the_sign_only_grows(tmp_path: Path):
    assert released(tmp_path) == 0
    release(tmp_path, 2)
    release(tmp_path, 1)
    assert released(tmp_path) == 2
    (tmp_path / FILE).write_text("")
    assert released(tmp_path) == 0


def test_it_can_be_ended_but_not_resumed_or_stopped(ws, waiting):
    with pytest.raises(GapwiseError, match="waits for a person"):
        jobs.resume(ws, waiting)
    with pytest.raises(GapwiseError, match="only a queued or running job"):
        jobs.stop(ws, waiting)
    jobs.end_waiting(ws, waiting, "ended there")
    assert state(ws, waiting) == ("finished", "ended there")
    with pytest.raises(GapwiseError, match="it waits for nobody"):
        jobs.end_waiting(ws, waiting, "again")
