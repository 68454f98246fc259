"""Deleting jobs: what goes, what stays, and what is refused."""

from __future__ import annotations

import os
import signal

import pytest
from sqlalchemy import func, select

from core import jobs
from core.errors import GapwiseError
from core.jobs import beat as beats
from core.jobs import process
from core.jobs.deletion import delete_run
from core.store import decisions, runs, schema
from core.store import jobs as store
from core.store.proposals import put_proposals
from core.workspace import Workspace
from tests import tiny
from tests.jobs.conftest import wait_until
from tests.jobs.test_job import started, state


@pytest.fixture
def made(tmp_path) -> Workspace:
    """A finished training with a run that proposes class 1 for the open images 3 and 4."""
    ws = tiny.workspace(tmp_path / "tiny", [0, 1, -1, -1])
    train(ws)
    return ws


def train(ws: Workspace, *images: int) -> tuple[int, int]:
    job_id = jobs.register(ws, "train", ["train", "--label", "bright", "--recipe", "tiny"])
    with ws.write() as connection:
        run_id = runs.add_run(connection, 1, "tiny", {}, job_id)
        store.change_job(connection, job_id, state="finished", run_id=run_id)
        about = {"run_id": run_id, "label_id": 1, "probs": [0.2, 0.8], "value": 1, "confidence": 0.8, "heldout": 0}
        put_proposals(connection, [{**about, "image_id": i} for i in images or (3, 4)])
    ws.run_dir(run_id).mkdir()
    (ws.run_dir(run_id) / runs.BEST).write_bytes(b"x" * 1000)
    return job_id, run_id


def proposals(ws: Workspace) -> dict[int, int]:
    """Return image id to proposal id."""
    with ws.read() as connection:
        found = connection.execute(select(schema.proposal.c.image_id, schema.proposal.c.id))
        return {image_id: proposal_id for image_id, proposal_id in found}


def count(ws: Workspace, table) -> int:
    with ws.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def decide(ws: Workspace, image_id: int = 3) -> None:
    shown = proposals(ws)[image_id]
    with ws.write() as connection:
        about = {"image_id": image_id, "label_id": 1, "proposal_id": shown}
        decisions.decide(connection, client_id="c", reviewer="r", action="accept", **about)


def test_a_job_goes_with_its_folder_and_leaves_its_run(made):
    had = jobs.delete(made, 1)
    assert (had.runs, had.proposals, had.run_bytes) == ((1,), 2, 1000)
    assert jobs.list_jobs(made) == []
    assert not made.job_dir(1).exists()
    assert (made.run_dir(1) / runs.BEST).is_file()
    assert count(made, schema.run) == 1
    assert count(made, schema.proposal) == 2


def test_a_run_goes_with_its_job_when_that_is_asked_for(made):
    train(made)
    jobs.delete(made, 1, with_run=True)
    assert [j.id for j in jobs.list_jobs(made)] == [2]
    assert not made.run_dir(1).exists()
    assert made.run_dir(2).is_dir()
    with made.read() as connection:
        assert connection.execute(select(schema.proposal.c.run_id)).scalars().all() == [2, 2]


@pytest.mark.parametrize(("undone", "needed"), [(False, "1 × in decisions, 1 × in"), (True, "2 × in decisions, 0 ×")])
def test_a_run_on_which_a_decision_stands_is_kept_whole_and_so_is_its_job(made, undone, needed):
    decide(made)
    if undone:
        with made.write() as connection:
            decisions.undo(connection, client_id="u", reviewer="r")
    with pytest.raises(GapwiseError, match=f"run 1 are needed .{needed}.*without its runs"):
        jobs.delete(made, 1, with_run=True)
    assert state(made, 1) == "finished"
    assert (made.run_dir(1) / runs.BEST).is_file()
    assert len(proposals(made)) == 2
    jobs.delete(made, 1)
    assert len(proposals(made)) == 2


def test_a_decision_between_the_question_and_the_answer_keeps_all(made, monkeypatch):
    from core.jobs import deletion

    found = jobs.belongings(made, 1)
    decide(made)
    monkeypatch.setattr(deletion, "belongings", lambda *a: found)
    with pytest.raises(GapwiseError, match="Somebody has just decided"):
        jobs.delete(made, 1, with_run=True)
    assert state(made, 1) == "finished"
    assert len(proposals(made)) == 2


def test_a_run_that_another_job_works_on_stays(made, monkeypatch):
    monkeypatch.setattr(process, "alive", lambda *a: True)
    jobs.register(made, "predict", ["predict", "--run", "1"], 1)
    with pytest.raises(GapwiseError, match="Job 2 works on run 1"):
        jobs.delete(made, 1, with_run=True)
    assert (made.run_dir(1) / runs.BEST).is_file()


def test_a_prediction_does_not_take_the_run_along_that_it_worked_on(made):
    job_id = jobs.register(made, "predict", ["predict", "--run", "1"], 1)
    with made.write() as connection:
        store.change_job(connection, job_id, state="finished")
    assert jobs.delete(made, job_id, with_run=True).runs == ()
    assert (made.run_dir(1) / runs.BEST).is_file()
    assert len(proposals(made)) == 2


def test_no_number_is_given_twice(made):
    """A sweep's plan, a card in a browser or a click on an old page would then mean something else."""
    before = proposals(made)
    jobs.delete(made, 1, with_run=True)
    assert train(made) == (2, 2)
    after = proposals(made)
    assert set(before) == set(after) == {3, 4}
    assert not set(before.values()) & set(after.values())
    jobs.delete(made, 2, with_run=True)
    jobs.register(made, "count", [])
    assert [j.id for j in jobs.list_jobs(made)] == [3]


def test_a_late_click_on_a_proposal_of_a_deleted_run_stores_nothing(made):
    old = proposals(made)[3]
    jobs.delete(made, 1, with_run=True)
    train(made)
    late = {"client_id": "late", "reviewer": "r", "action": "accept", "image_id": 3, "label_id": 1}
    with pytest.raises(GapwiseError, match="no proposal"), made.write() as connection:
        decisions.decide(connection, **late, proposal_id=old)
    assert count(made, schema.decision) == 0


def test_new_predictions_of_a_run_keep_their_proposals_numbers_after_a_deletion(made):
    jobs.delete(made, 1, with_run=True)
    _, run_id = train(made)
    before = proposals(made)
    about = {"run_id": run_id, "label_id": 1, "probs": [0.9, 0.1], "value": 0, "confidence": 0.9, "heldout": 0}
    with made.write() as connection:
        put_proposals(connection, [{**about, "image_id": i} for i in (3, 4)])
    assert proposals(made) == before


def test_what_runs_is_not_deleted(ws, counting):
    job_id = started(ws)
    with pytest.raises(GapwiseError, match="is running. Stop it first"):
        jobs.delete(ws, job_id)
    jobs.stop(ws, job_id)
    wait_until(lambda: state(ws, job_id) == "stopped")
    jobs.delete(ws, job_id)
    assert jobs.list_jobs(ws) == []


def test_the_worker_of_a_lost_job_is_ended_before_it_is_deleted(ws, counting, monkeypatch):
    monkeypatch.setattr(beats, "FRESH_SECONDS", 2.0)
    job_id = started(ws)
    pid = jobs.get_job(ws, job_id).pid
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: state(ws, job_id) == "lost")
    jobs.delete(ws, job_id)
    assert not process.alive(pid, None)
    assert not ws.job_dir(job_id).exists()


def test_a_job_that_is_not_there_is_told(ws):
    with pytest.raises(GapwiseError, match="no job 7"):
        jobs.delete(ws, 7)


def test_workspaces_of_older_versions_get_the_indexes_that_make_it_quick(made):
    names = {"decision_proposal", "cell_proposal"}
    with made.write() as connection:
        for name in names:
            connection.exec_driver_sql(f"DROP INDEX {name}")
    jobs.delete(made, 1, with_run=True)
    with made.read() as connection:
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'index'").scalars().all()
    assert names <= set(found)


def test_a_run_is_deleted_once_its_job_is_gone(made):
    with pytest.raises(GapwiseError, match="belongs to job 1"):
        delete_run(made, 1)
    jobs.delete(made, 1)
    assert delete_run(made, 1) == 2
    assert not made.run_dir(1).exists()
    assert count(made, schema.run) == count(made, schema.proposal) == 0
    with pytest.raises(GapwiseError, match="no run"):
        delete_run(made, 1)


def test_a_run_on_which_decisions_stand_stays(made):
    decide(made)
    jobs.delete(made, 1)
    with pytest.raises(GapwiseError, match="1 × in decisions"):
        delete_run(made, 1)
    assert count(made, schema.run) == 1
    assert (made.run_dir(1) / runs.BEST).is_file()
