"""Comparisons that really train: what they find, that nothing of the workspace changes, and that stops cost nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sqlalchemy import func, select

from core import jobs
from core.approaches import run as running
from core.approaches import stage as stages
from core.approaches.filling import CASCADE, DERIVED, DROP, OURS
from core.approaches.plan import files, make_plan, read_plan, read_snapshot
from core.approaches.run import run_comparison
from core.approaches.score import ALL, read_result
from core.errors import GapwiseError
from core.jobs.reporter import Silent
from core.labels.label import MISSING
from core.store import cells, schema
from core.workspace import Workspace
from tests import tiny
from tests.approaches.conftest import TRUTH, gappy
from tests.training.test_train import StopAfter

RECIPE = tiny.recipe(epochs=6, lr=1e-2)


def planned(ws: Workspace, **values: object) -> int:
    job_id = jobs.register(ws, "compare", ["compare"])
    for name, content in files(*make_plan(ws, "tiny", RECIPE, **{"seeds": (0,), "precision": 0.6, **values})).items():
        (ws.job_dir(job_id) / name).write_bytes(content)
    return job_id


def content(ws: Workspace) -> tuple:
    with ws.read() as connection:
        table = cells.load(connection)
        counts = [connection.execute(select(func.count()).select_from(t)).scalar() for t in
                  (schema.run, schema.proposal, schema.holdout, schema.decision)]  # fmt: skip
    return table.values.tolist(), table.sources.tolist(), counts


class Done:
    """A comparison that was run once, for all tests that only look at it."""

    def __init__(self, ws: Workspace) -> None:
        self.ws, self.before, self.trained = ws, content(ws), []
        really = stages.train

        def train(scratch, order, *rest, **more):
            self.trained.append(order.label)
            return really(scratch, order, *rest, **more)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stages, "train", train)
            self.job_id = planned(ws)
            self.message = run_comparison(ws, self.job_id, Silent())
        self.folder = ws.job_dir(self.job_id)
        self.plan = read_plan(self.folder)
        self.layout = read_snapshot(self.folder).layout(self.plan)


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Done:
    return Done(gappy(tmp_path_factory.mktemp("done") / "ws"))


def test_nothing_of_the_workspace_changes(done):
    assert content(done.ws) == done.before


def test_all_three_are_done_and_fill_what_they_should(done):
    found = done.plan.summary["approaches"]
    assert [o.state for o in done.plan.outcomes] == ["finished"] * 3
    assert done.plan.order == ["bright", "lit"]
    assert found[DROP]["gaps"]["filled"] == 0
    assert found[CASCADE]["gaps"]["filled"] == found[CASCADE]["gaps"]["cells"] == 65
    assert found[OURS]["gaps"]["by_origin"]["derived"] == 35  # one of the two labels is known there
    assert "gaps filled" in done.message
    json.dumps(done.plan.as_dict(), allow_nan=False)


def test_what_is_said_is_what_comes_out_against_the_pictures(done):
    truth = np.stack([TRUTH, TRUTH], axis=1)
    for outcome in done.plan.outcomes:
        result, found = read_result(done.folder, outcome), done.plan.summary["approaches"][outcome.approach]
        assert (result.values == truth)[result.origins == DERIVED].all()
        there = done.layout.hidden & (result.values != MISSING)
        told = found["hidden"][ALL]
        assert told["filled"][0] == pytest.approx(there.sum() / done.layout.hidden.sum(), abs=1e-6)
        if there.any():
            assert told["wrong"][0] == pytest.approx((result.values != truth)[there].mean(), abs=1e-6)
        right = (result.predicted == truth[done.layout.heldout]).mean(axis=0)
        for place, name in enumerate(done.plan.order):
            mean, low, high = found["labels"][name]["accuracy"]
            assert mean == pytest.approx(right[place], abs=1e-6)
            assert low <= mean <= high


def test_equal_trainings_are_done_once(done):
    again = [(o.approach, s["label"]) for o in done.plan.outcomes for s in o.stages if s["again"]]
    assert len(done.trained) == 6 - len(again)
    assert (CASCADE, "bright") not in again


def test_scratch_workspaces_are_gone_afterwards(done):
    assert {p.suffix for p in (done.folder / running.STAGES).iterdir()} == {".npz"}


def test_a_stop_keeps_what_is_done_and_a_resume_finds_the_same(done, ws):
    broken = planned(ws)
    for looks in (3, 40, 90):
        assert "Stopped" in run_comparison(ws, broken, StopAfter(looks))
    run_comparison(ws, broken, Silent())
    one, two = done.plan.summary, read_plan(ws.job_dir(broken)).summary
    for summary in (one, two):
        for found in summary["approaches"].values():
            found.pop("seconds", None)
    assert one == two


def test_an_approach_that_fails_is_noted_and_the_others_go_on(ws, monkeypatch):
    really = running._Comparison._train

    def fail(self, outcome, *rest):
        if outcome.approach == CASCADE:
            raise GapwiseError("Nothing goes here.")
        return really(self, outcome, *rest)

    monkeypatch.setattr(running._Comparison, "_train", fail)
    job_id = planned(ws, order=("bright",))
    run_comparison(ws, job_id, Silent())
    plan = read_plan(ws.job_dir(job_id))
    assert {o.approach: o.state for o in plan.outcomes} == {DROP: "finished", CASCADE: "failed", OURS: "finished"}
    assert plan.outcomes[1].reason == "Nothing goes here."
    assert set(plan.summary["approaches"]) == {DROP, OURS}


def test_what_is_decided_meanwhile_changes_nothing(ws):
    job_id = planned(ws)
    with ws.write() as connection:
        cells.put(connection, 120, 1, 1, "human")
    layout = read_snapshot(ws.job_dir(job_id)).layout(read_plan(ws.job_dir(job_id)))
    assert layout.gaps.sum() == 65
    assert read_plan(ws.job_dir(job_id)).facts["gaps"] == {"bright": 30, "lit": 35}


def test_wrong_wishes_are_told_before_anything_starts(ws):
    for values, words in (
        ({"order": ("nose",)}, "no label 'nose'"),
        ({"order": ("lit", "lit")}, "named twice"),
        ({"seeds": (1, 1)}, "different seeds"),
        ({"seeds": ()}, "different seeds"),
        ({"precision": 1.0}, "promise of 1"),
    ):
        with pytest.raises(GapwiseError, match=words):
            make_plan(ws, "tiny", RECIPE, **values)
    empty = Workspace.create(ws.root.parent / "empty")
    with pytest.raises(GapwiseError, match="no labels yet"):
        make_plan(empty, "tiny", RECIPE)
