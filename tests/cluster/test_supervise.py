"""A job over training processes that are played here: what people see, and what is left afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from core import jobs
from core.cluster.engine import Ended
from core.cluster.folder import Attempt, RankFolder, Told
from core.cluster.supervise import Supervision
from core.errors import GapwiseError
from core.jobs.reporter import Silent
from core.jobs.worker import run_job
from core.store import runs
from core.store.labels import label_id
from core.training.rundir import RunDir
from core.workspace import Workspace
from tests import tiny

BEST = {"epoch": 2, "accuracy": 0.9, "f1": 0.8}


class Played:
    """Processes that do what a script says, one entry for each look that the job takes."""

    count = 2

    def __init__(self, folder: RankFolder, script: Sequence[Callable[[Played], None]]) -> None:
        self.folder, self.script, self.attempt = folder, list(script), ""
        self.wait: str | None = None
        self.result: Ended | None = None
        self.unreachable = False
        self.ends = 0

    def describe(self) -> str:
        return "2 training processes"

    def start(self, arguments: Sequence[str], attempt: Attempt) -> None:
        self.attempt, self.arguments = attempt.id, list(arguments)

    def waiting(self) -> str | None:
        return self.wait

    def ended(self) -> Ended | None:
        if self.script:
            self.script.pop(0)(self)
        return self.result

    def end(self) -> None:
        self.ends += 1
        if self.unreachable:
            raise GapwiseError("The cluster does not answer.")

    def tell(self, **what: object) -> None:
        self.folder.tell(Told(attempt=self.attempt, world=2, **what))


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("GAPWISE_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setattr("core.cluster.supervise.LOOK_SECONDS", 0.0)
    return tiny.workspace(tmp_path / "ws", [0, 1])


@pytest.fixture
def supervise(own: Workspace) -> Callable[..., tuple[Played, jobs.Job, Told | None]]:
    """Return a function that runs a job over played processes to its end."""

    def act(*script: Callable[[Played], None]) -> tuple[Played, jobs.Job, Told | None]:
        job_id = jobs.register(own, "train", ["train"])
        with own.write() as connection:
            run_id = runs.add_run(connection, label_id(connection, "bright"), "tiny", {}, job_id)
        RunDir(own.run_dir(run_id)).create(tiny.recipe(epochs=4), {}, [], [])
        folder, found = RankFolder(own.job_dir(job_id)), []
        played = Played(folder, script)

        def work(reporter) -> str:
            found.append(Supervision(own, job_id, run_id, played, folder, reporter).run())
            return "done"

        run_job(own, job_id, work, device=False)
        return played, jobs.get_job(own, job_id), found[0] if found else None

    return act


def test_the_job_shows_what_the_first_process_tells_and_keeps_its_best_metrics(own, supervise):
    seen = []

    def look(p: Played) -> None:
        seen.append(jobs.get_job(own, 1))
        p.tell(done=4, total=4, best={**BEST, "epoch": 4}, end="over", epoch=4)
        p.result = Ended(True)

    played, job, told = supervise(lambda p: p.tell(done=2, total=4, message="Epoch 3 of 4", best=BEST), look)
    with own.read() as connection:
        assert runs.run(connection, 1).metrics == {**BEST, "epoch": 4}
    assert seen[0].state == "running"
    assert (job.state, job.done, job.total, job.figures["processes"]) == ("finished", 4, 4, 2)
    assert told.end == "over"
    assert played.ends == 1
    assert RankFolder(own.job_dir(1)).attempt().over
    assert played.arguments[-2:] == ["--world", "2"]


def test_a_job_whose_processes_have_no_room_yet_is_queued(own, supervise):
    states = []

    def waits(p: Played) -> None:
        p.wait = "Waiting for the cluster: 2 training processes need 2 GPUs, free are 0 GPUs"

    def begins(p: Played) -> None:
        states.append(jobs.get_job(own, 1).state)
        p.tell(done=1, total=4)

    def ends(p: Played) -> None:
        states.append(jobs.get_job(own, 1).state)
        p.tell(done=4, total=4, end="over")
        p.result = Ended(True)

    assert supervise(waits, begins, ends)[1].state == "finished"
    assert states == ["queued", "running"]


def test_a_stop_before_they_began_ends_them(own, supervise):
    played, job, told = supervise(lambda p: None, lambda p: jobs.stop(own, 1), *[lambda p: None] * 100_000)
    assert (job.state, told) == ("stopped", None)
    assert played.ends == 1


def test_a_stop_sign_that_the_processes_saw_first_is_a_stop(own, supervise):
    """The sign is a file; the job looks for it a few times a second, its processes may be faster."""

    def stops(p: Played) -> None:
        jobs.stop(own, 1)
        p.tell(done=2, total=4, end="stopped", epoch=2)
        p.result = Ended(True)

    _, job, told = supervise(stops)
    assert (job.state, told.end) == ("stopped", "stopped")


def test_processes_that_do_not_answer_a_stop_are_ended(own, supervise, monkeypatch):
    monkeypatch.setattr("core.cluster.supervise.STOP_SECONDS", 0.1)

    def hangs(p: Played) -> None:
        p.tell(done=2, total=4)
        jobs.stop(own, 1)

    played, job, told = supervise(hangs, *[lambda p: None] * 1_000_000)
    assert (job.state, told.end) == ("stopped", "")
    assert RankFolder(own.job_dir(1)).stop_asked
    assert played.ends == 1


@pytest.mark.parametrize(
    ("noted", "said", "first"),
    [
        (("The loss is no number any more.", True), "The loss is no number any more.", "clone"),
        (("index 5 is out of range", False), "A training process failed: index 5 is out of range", "clone"),
        (("[gloo/pair.cc] Connection closed by peer", False), "One of the 2 training processes ended", "resume"),
        (None, "One of the 2 training processes ended without a word (exit status 1)", "resume"),
    ],
)
def test_a_failure_says_why_and_what_is_worth_trying(supervise, noted, said, first):
    def fails(p: Played) -> None:
        if noted:
            p.folder.note_failure(1, *noted)
        p.result = Ended(False, "exit status 1")

    _, job, _ = supervise(fails)
    assert job.state == "failed"
    assert job.message.startswith(said)
    assert job.actions[0] == first


def test_on_a_full_disk_where_no_process_could_leave_word_that_is_said(supervise, monkeypatch):
    def fails(p: Played) -> None:
        full = SimpleNamespace(free=4096)
        monkeypatch.setattr("core.cluster.supervise.shutil.disk_usage", lambda path: full)
        p.result = Ended(False, "exit status 1")

    _, job, _ = supervise(fails)
    assert job.message.startswith("The disk is full.")
    assert job.actions[0] == "resume"


def test_processes_that_thought_themselves_alone_are_no_success(supervise):
    def leaves(p: Played) -> None:
        p.tell(done=2, total=4, end="orphaned")
        p.result = Ended(True)

    _, job, _ = supervise(leaves)
    assert job.state == "failed"
    assert "heard nothing of this job for 120 seconds" in job.message
    assert job.actions[0] == "resume"


def test_a_cluster_that_went_away_is_told_although_nothing_there_can_be_ended(own, supervise):
    def goes(p: Played) -> None:
        p.unreachable = True
        p.result = Ended(False, "The Ray cluster has not answered for 60 seconds.", clear=True, passing=True)

    _, job, _ = supervise(goes)
    assert job.message == "The Ray cluster has not answered for 60 seconds."
    assert job.actions[0] == "resume"
    assert not RankFolder(own.job_dir(1)).attempt().over, "resume looks again"


def test_ending_without_a_word_is_no_success_either(supervise):
    """All processes left with status 0, but the first one never said that it was over."""

    def leaves(p: Played) -> None:
        p.tell(done=2, total=4)
        p.result = Ended(True)

    assert supervise(leaves)[1].state == "failed"


def test_silent_work_needs_no_job(own, tmp_path):
    """The reporter may be any: a script can supervise as well."""
    with own.write() as connection:
        run_id = runs.add_run(connection, label_id(connection, "bright"), "tiny", {}, None)
    RunDir(own.run_dir(run_id)).create(tiny.recipe(epochs=4), {}, [], [])
    (tmp_path / "folder").mkdir()
    folder = RankFolder(tmp_path / "folder")

    def over(p: Played) -> None:
        p.tell(done=4, total=4, end="over", epoch=4)
        p.result = Ended(True)

    played = Played(folder, [over])
    assert Supervision(own, 1, run_id, played, folder, Silent()).run().epoch == 4
