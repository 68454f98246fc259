"""States that are shown are true, whatever happened to the process."""

from __future__ import annotations

import os
import signal
import threading
import time

import psutil
import pytest

from core import jobs
from core.errors import GapwiseError
from core.jobs import beat as beats
from core.jobs import process, worker
from core.store import jobs as store
from core.workspace import Workspace
from tests.jobs.conftest import wait_until


def state(ws: Workspace, job_id: int) -> str:
    return jobs.get_job(ws, job_id).state


def started(ws: Workspace, count: str = "100000") -> int:
    job_id = jobs.start(ws, "count", [count])
    wait_until(lambda: state(ws, job_id) == "running" and jobs.get_job(ws, job_id).done > 0)
    return job_id


def test_a_job_that_ends_by_itself_is_finished_and_tells_what_came_out(ws, counting):
    job_id = jobs.start(ws, "count", ["3"])
    assert state(ws, job_id) in ("queued", "running", "finished")
    wait_until(lambda: state(ws, job_id) == "finished")
    job = jobs.get_job(ws, job_id)
    assert (job.message, job.done, job.total, job.figures, job.eta) == ("counted to 3", 3, 3, {"figure": 1.5}, None)
    assert job.created <= job.started <= job.ended


def test_the_last_figures_are_written_before_the_end_is_noted(ws, monkeypatch):
    written = []
    noted = worker._note_end
    monkeypatch.setattr(
        worker, "_note_end", lambda *args: (written.append(beats.read_beat(ws.job_dir(args[1].job_id))), noted(*args))
    )

    def work(reporter: object) -> str:
        reporter.progress(3, 3, "at 3", figure=1.5)
        return "counted to 3"

    worker.run_job(ws, jobs.register(ws, "count", ["3"]), work, device=False)
    assert (written[0].done, written[0].figures) == (3, {"figure": 1.5})


def test_a_running_job_tells_its_progress_and_the_time_left(ws, counting):
    job_id = started(ws)
    wait_until(lambda: jobs.get_job(ws, job_id).eta is not None)
    job = jobs.get_job(ws, job_id)
    assert job.total == 100000
    assert job.message.startswith("at ")
    assert job.eta > 100
    jobs.stop(ws, job_id)


def test_the_newest_job_comes_first(ws, counting):
    first, second = jobs.start(ws, "count", ["1"]), jobs.start(ws, "count", ["1"])
    assert [j.id for j in jobs.list_jobs(ws)] == [second, first]
    assert [j.id for j in jobs.list_jobs(ws, limit=1)] == [second]
    wait_until(lambda: all(j.state == "finished" for j in jobs.list_jobs(ws)))


def test_a_killed_worker_is_lost_and_resume_goes_on_from_its_checkpoint(ws, counting):
    job_id = started(ws, "200")
    os.kill(jobs.get_job(ws, job_id).pid, signal.SIGKILL)
    wait_until(lambda: state(ws, job_id) == "lost", seconds=15)
    done = jobs.get_job(ws, job_id).done
    assert "Resume" in jobs.get_job(ws, job_id).message
    jobs.resume(ws, job_id)
    wait_until(lambda: state(ws, job_id) == "finished")
    assert done < 200
    assert jobs.get_job(ws, job_id).message == "counted to 200"


def test_a_worker_killed_while_it_was_asked_to_stop_is_lost_not_stopping_for_ever(ws, counting):
    job_id = started(ws)
    pid = jobs.get_job(ws, job_id).pid
    os.kill(pid, signal.SIGSTOP)
    jobs.stop(ws, job_id)
    assert state(ws, job_id) == "stopping"
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: state(ws, job_id) == "lost")


def test_a_silent_worker_is_lost_and_resume_ends_it_first(ws, counting, monkeypatch):
    monkeypatch.setattr(beats, "FRESH_SECONDS", 2.0)
    job_id = started(ws)
    pid = jobs.get_job(ws, job_id).pid
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: state(ws, job_id) == "lost")
    jobs.resume(ws, job_id)
    wait_until(lambda: state(ws, job_id) == "running")
    assert not process.alive(pid, None)
    jobs.stop(ws, job_id)
    wait_until(lambda: state(ws, job_id) == "stopped")


def test_a_job_whose_process_never_came_up_is_lost_after_fifteen_seconds(ws, monkeypatch):
    job_id = jobs.register(ws, "count", ["1"])
    assert state(ws, job_id) == "queued"
    later = time.time() + 16
    monkeypatch.setattr(beats.time, "time", lambda: later)
    assert state(ws, job_id) == "lost"


def test_another_process_with_the_same_pid_is_not_mistaken_for_the_worker(ws):
    job_id = jobs.register(ws, "count", ["1"])
    own = os.getpid()
    with ws.write() as connection:
        store.change_job(connection, job_id, state="running", pid=own, pid_started=process.started_at(own) - 100)
    assert state(ws, job_id) == "lost"


def test_a_zombie_is_dead():
    child = os.fork()
    if child == 0:
        os._exit(0)
    wait_until(lambda: psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
    assert not process.alive(child, process.started_at(child))
    os.waitpid(child, 0)


def test_an_unknown_job_is_told_plainly(ws):
    with pytest.raises(GapwiseError, match="no job 7"):
        jobs.get_job(ws, 7)


def test_the_log_tail_is_empty_before_anything_was_written(ws):
    assert jobs.log_tail(ws, jobs.register(ws, "count", ["1"])) == ""


def test_a_stopped_process_is_lost_within_fifteen_seconds_and_runs_again_when_it_goes_on(ws, counting):
    """SIGSTOP is what a debugger or a full terminal does; nothing was stored about it, so nothing is to be mended."""
    job_id = started(ws, "1200")
    pid = jobs.get_job(ws, job_id).pid
    began = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: state(ws, job_id) == "lost", seconds=15)
    assert time.monotonic() - began > 12  # a busy machine's hiccup of some seconds is no loss
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: state(ws, job_id) == "running", seconds=5)
    jobs.stop(ws, job_id)
    wait_until(lambda: state(ws, job_id) == "stopped")


def seen(**facts: object) -> jobs.Job:
    empty = {"command": [], "pid": None, "run_id": None, "message": "", "created": 0.0, "started": None, "ended": None}
    return jobs.Job(**{"id": 1, "kind": "train", "state": "failed", **empty, **facts})


@pytest.mark.parametrize(
    ("facts", "actions"),
    [
        ({"state": "queued"}, ("stop",)),
        ({"state": "running"}, ("stop",)),
        ({"state": "stopping"}, ()),
        ({"state": "finished", "run_id": 1}, ("retry", "clone", "delete")),
        ({"state": "stopped", "run_id": 1}, ("resume", "retry", "clone", "delete")),
        ({"state": "lost"}, ("resume", "retry", "clone", "delete")),
        ({"passing": True}, ("resume", "retry", "clone", "delete")),  # a full disk
        ({}, ("clone", "retry", "delete")),  # refused weights: there is nothing to go on with
        ({"run_id": 1}, ("clone", "retry", "resume", "delete")),  # a loss that is no number
        ({"kind": "predict", "run_id": 1}, ("retry", "resume", "delete")),
        ({"kind": "something new", "state": "finished"}, ("retry", "delete")),
        ({"kind": "cascade", "state": "waiting"}, ("delete",)),  # how it goes on is offered where its stop is shown
        ({"kind": "cascade", "run_id": 1}, ("resume", "retry", "delete")),  # a label with one class only
    ],
)
def test_what_helps_most_comes_first(facts, actions):
    assert seen(**facts).actions == actions


class Watch:
    """What a page that polls without a pause would have shown: each state once, in order."""

    def __init__(self, ws: Workspace, job_id: int) -> None:
        self.ws, self.job_id, self.states = ws, job_id, [state(ws, job_id)]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.002):
            now = state(self.ws, self.job_id)
            if now != self.states[-1]:
                self.states.append(now)


def test_no_moment_between_a_start_and_an_end_looks_like_anything_else(ws, counting):
    """Each change of hands is a moment in which a job could look dead: from starter to worker, from worker to end."""
    with Watch(ws, jobs.start(ws, "count", ["40"])) as watch:
        wait_until(lambda: watch.states[-1] == "finished")
        time.sleep(0.3)
    assert watch.states == ["queued", "running", "finished"]


def test_no_moment_between_a_stop_and_its_end_looks_like_anything_else(ws, counting):
    with Watch(ws, started(ws)) as watch:
        jobs.stop(ws, watch.job_id)
        wait_until(lambda: watch.states[-1] == "stopped")
        time.sleep(0.3)
    assert watch.states == ["running", "stopping", "stopped"]


def test_a_job_killed_while_it_waits_for_its_turn_keeps_nobody_waiting(ws, counting):
    first, waiting = started(ws), jobs.start(ws, "count", ["5"])
    wait_until(lambda: "turn" in jobs.get_job(ws, waiting).message)
    last = jobs.start(ws, "count", ["5"])
    wait_until(lambda: "turn" in jobs.get_job(ws, last).message)
    os.kill(jobs.get_job(ws, waiting).pid, signal.SIGKILL)
    os.kill(jobs.get_job(ws, first).pid, signal.SIGKILL)
    wait_until(lambda: state(ws, last) == "finished")
    assert [state(ws, i) for i in (first, waiting)] == ["lost", "lost"]
