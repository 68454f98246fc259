"""Cascades that really train: what they fill, where they stop, and that kills and double presses change nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from core import jobs
from core.cascade import accept, control
from core.cascade import run as running
from core.cascade.plan import NEVER, NOTHING, Manner, Plan, make_plan, read_plan, write_plan
from core.cascade.run import run_cascade
from core.errors import GapwiseError
from core.jobs.reporter import Silent
from core.jobs.worker import run_job
from core.store import acceptances, cells, decisions, log, schema
from core.store.labels import label_id, set_rules
from core.store.rules import change_rules
from core.store.runs import list_runs
from core.training.summary import summaries
from core.workspace import Workspace
from tests import tiny
from tests.cascade.conftest import TRUTH, gappy
from tests.conftest import cells_of
from tests.training.test_train import StopAfter

MANNER = Manner("tiny", tiny.recipe(epochs=5, lr=1e-2), precision=0.6)


def planned(ws: Workspace, manner: Manner = MANNER, **values: object) -> int:
    job_id = jobs.register(ws, "cascade", ["cascade"])
    write_plan(ws.job_dir(job_id), make_plan(ws, manner, reviewer="ann", **values))
    return job_id


def go(ws: Workspace, job_id: int, reporter=None) -> str:
    """Do the job's work as its process would, as far as it goes; return its state."""
    if reporter is None:
        run_job(ws, job_id, lambda told: run_cascade(ws, job_id, told))
        return jobs.get_job(ws, job_id).state
    return run_cascade(ws, job_id, reporter)


def go_on(ws: Workspace, job_id: int, stop: int | None = None) -> str:
    control.go_on(ws, job_id, stop, here=True)
    return go(ws, job_id)


def plan_of(ws: Workspace, job_id: int) -> Plan:
    return read_plan(ws.job_dir(job_id))


def states(ws: Workspace, job_id: int) -> list[tuple[str, str]]:
    return [(stage.label, stage.state) for stage in plan_of(ws, job_id).stages]


def counted(ws: Workspace) -> tuple[int, int]:
    """Return how many runs and how many acceptances there are."""
    with ws.read() as connection:
        return len(list_runs(connection)), len(acceptances.listed(connection))


def answer(ws: Workspace, label: str, value=None) -> int:
    """Answer all that is open of a label as the pictures are; return how many."""
    with ws.write() as connection:
        at = label_id(connection, label)
        waiting = cells.open_cells(connection, at)
        for row in waiting:
            code = int(TRUTH[row.image_id - 1]) if value is None else value
            decisions.decide(connection, client_id=f"{label}{row.image_id}", reviewer="bob", action="choose",
                             image_id=row.image_id, label_id=at, value=code)  # fmt: skip
    return len(waiting)


def test_labels_are_trained_in_order_what_keeps_its_promise_is_accepted_and_rules_follow(ws):
    job_id = planned(ws, MANNER)
    assert go(ws, job_id) in ("waiting", "finished")
    while jobs.get_job(ws, job_id).state == "waiting":
        assert go_on(ws, job_id) in ("waiting", "finished")
    plan = plan_of(ws, job_id)
    assert [stage.label for stage in plan.stages] == ["bright", "kind"]
    assert plan.left_out["both"].startswith("follows by rules from bright and kind")
    found = cells_of(ws)
    sources = [source for (_, name), (_, source) in found.items() if name == "bright"]
    first = plan.stages[0]
    assert sources.count("pseudo") == first.filled > 0
    assert first.before == 20
    assert first.left == 20 - first.filled
    # What rules say of `both` beside an accepted `bright` is there, and right for right answers.
    derived = {
        fname: value for (fname, name), (value, source) in found.items() if (name, source) == ("both", "derived")
    }
    assert derived
    for fname, value in derived.items():
        bright, kind = found.get((fname, "bright")), found.get((fname, "kind"))
        assert value == int(bright is not None and kind is not None and bright[0] == 1 and kind[0] != 0)
    assert counted(ws)[0] == 2
    assert [run.state for run in summaries(ws)] == ["finished", "finished"]


def test_it_stops_where_cells_are_left_open_and_uses_what_people_decided(ws):
    job_id = planned(ws, Manner("tiny", MANNER.recipe, accept=NOTHING))
    assert go(ws, job_id) == "waiting"
    job = jobs.get_job(ws, job_id)
    assert not job.active
    assert "after stage 1 of 2, bright" in job.message
    assert "20 cells are left to review." in job.message
    assert counted(ws) == (1, 0)
    assert answer(ws, "bright") == 20
    assert answer(ws, "kind", 1) > 0  # the second stage has nothing left to do
    assert go_on(ws, job_id) == "finished"
    assert states(ws, job_id) == [("bright", "finished"), ("kind", "skipped")]
    assert plan_of(ws, job_id).stages[1].reason == "nothing is open: no model is needed"
    assert counted(ws) == (1, 0)


def test_answers_given_at_a_stop_are_learned_from_in_the_next_stage(ws):
    job_id = planned(ws, Manner("tiny", MANNER.recipe, accept=NOTHING))
    go(ws, job_id)
    with ws.write() as connection:
        at = label_id(connection, "kind")
        for image_id in (91, 92, 93):
            decisions.decide(connection, client_id=f"k{image_id}", reviewer="bob", action="choose", image_id=image_id,
                             label_id=at, value=0)  # fmt: skip
    assert go_on(ws, job_id) == "finished"  # no stop after the last stage: there is nothing to go on with
    with ws.read() as connection:
        run = list_runs(connection)[0]
    assert run.label == "kind"
    assert sum(run.config["train"].values()) + sum(run.config["heldout"].values()) == 93
    assert plan_of(ws, job_id).stages[1].before == 27


def test_held_out_images_are_chosen_before_any_model_had_a_hand_in_them(ws):
    job_id = planned(ws, Manner("tiny", MANNER.recipe, precision=0.6))
    go(ws, job_id)
    h = schema.holdout.c
    with ws.read() as connection:
        at = label_id(connection, "kind")
        held = connection.execute(select(h.image_id).where(h.label_id == at)).scalars().all()
        given = {r.image_id for r in cells.known(connection, at, ("given",))}
    assert held
    assert set(held) <= given


def test_without_stops_it_goes_through(ws):
    job_id = planned(ws, Manner("tiny", MANNER.recipe, accept=NOTHING, stop=NEVER))
    assert go(ws, job_id) == "finished"
    assert states(ws, job_id) == [("bright", "finished"), ("kind", "finished")]
    assert (
        "kind: 0 accepted, 30 left open; both: 25 open, without a stage of its own" in jobs.get_job(ws, job_id).message
    )


def test_each_stage_has_its_own_manner(ws):
    own = {"kind": Manner("tiny", tiny.recipe(epochs=1), accept=NOTHING, stop=NEVER)}
    job_id = planned(ws, MANNER, own=own, names=("kind", "bright"), order="own")
    go(ws, job_id)
    one, two = plan_of(ws, job_id).stages
    assert (one.label, one.filled, one.state) == ("kind", 0, "finished")
    assert two.label == "bright"
    assert two.filled > 0
    with ws.read() as connection:
        assert [r.config["settings"]["epochs"] for r in list_runs(connection)] == [5, 1]


def test_no_threshold_is_a_right_answer_and_is_told(ws):
    job_id = planned(ws, Manner("tiny", MANNER.recipe, precision=0.99))
    assert go(ws, job_id) == "waiting"
    message = jobs.get_job(ws, job_id).message
    assert "Nothing was accepted: " in message
    assert "No threshold keeps 99% with" in message
    assert counted(ws) == (1, 0)


class Killed(BaseException):
    """Ends a process in the middle, as SIGKILL does: nothing catches it."""


@pytest.mark.parametrize("after", ["train", "accept"])
def test_a_kill_between_training_and_plan_trains_and_accepts_once(ws, monkeypatch, after):
    job_id = planned(ws)
    really = running._Cascade._look if after == "train" else running._Cascade._note

    def dies(self, *rest):
        if after == "accept" and not self.plan.stages[0].looks:
            return really(self, *rest)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(running._Cascade, "_look" if after == "train" else "_note", dies)
        with pytest.raises(Killed):
            run_cascade(ws, job_id, Silent())
    before = cells_of(ws)
    assert counted(ws) == (1, 0 if after == "train" else 1)
    seen = []
    monkeypatch.setattr(running, "train", _counting(running.train, seen))
    go(ws, job_id)
    stage = plan_of(ws, job_id).stages[0]
    assert len([s for s in seen if s[0] == "bright"]) == 1
    assert seen[0] == ("bright", 1)  # gone on with, not begun anew
    with ws.read() as connection:
        mine = [a for a in acceptances.listed(connection) if a.label_id == stage.label_id]
    assert len(mine) == 1
    assert mine[0].reviewer == f"ann, cascade {job_id}"
    assert mine[0].cells == stage.filled > 0
    assert len(stage.looks) == 1
    assert sum(row["accepted"] for row in stage.looks[0]["classes"]) == stage.filled
    if after == "accept":
        assert {k: v for k, v in cells_of(ws).items() if k[1] == "bright"} == {
            k: v for k, v in before.items() if k[1] == "bright"
        }


def _counting(really, seen):
    def train(ws, order, reporter, job_id=None, run_id=None):
        seen.append((order.label, run_id))
        return really(ws, order, reporter, job_id, run_id)

    return train


def test_what_a_person_took_back_is_not_accepted_again_by_a_resumed_job(ws, monkeypatch):
    job_id = planned(ws)
    with monkeypatch.context() as patch:
        really = running._Cascade._note
        patch.setattr(running._Cascade, "_note", lambda self: _die() if self.plan.stages[0].looks else really(self))
        with pytest.raises(Killed):
            run_cascade(ws, job_id, Silent())
    with ws.write() as connection:
        taken = acceptances.withdraw_all(
            connection, client_id="w", reviewer="b", label_id=label_id(connection, "bright")
        )
    assert len(taken) == 1
    assert go(ws, job_id) == "waiting"
    assert "pseudo" not in {source for (_, name), (_, source) in cells_of(ws).items() if name == "bright"}
    assert plan_of(ws, job_id).stages[0].left == 20


def _die():
    raise Killed


def test_a_stop_in_a_training_is_gone_on_with(ws):
    job_id = planned(ws, Manner("tiny", MANNER.recipe, accept=NOTHING))
    for looks in (2, 12, 25):
        assert "Stopped" in go(ws, job_id, StopAfter(looks))
    assert go(ws, job_id) == "waiting"
    assert counted(ws)[0] == 1


@pytest.fixture
def waiting(ws) -> int:
    """A cascade that waits after its first stage."""
    job_id = planned(ws, Manner("tiny", tiny.recipe(epochs=1), accept=NOTHING))
    assert go(ws, job_id) == "waiting"
    return job_id


def test_a_second_press_starts_nothing(ws, waiting):
    control.go_on(ws, waiting, 1, here=True)
    for stop in (1, None):
        with pytest.raises(GapwiseError, match="is queued: it waits for nobody"):
            control.go_on(ws, waiting, stop, here=True)
    assert go(ws, waiting) == "finished"
    with pytest.raises(GapwiseError, match="is finished: it waits for nobody"):
        control.go_on(ws, waiting, 1)


def test_a_late_press_does_not_end_a_stop_that_nobody_looked_at(build_three):
    ws, job_id = build_three
    assert go(ws, job_id) == "waiting"
    assert go_on(ws, job_id, 1) == "waiting"
    with pytest.raises(GapwiseError, match="waits after stage 2 now"):
        control.go_on(ws, job_id, 1)
    jobs.go_on(ws, job_id, 1, here=True)  # even where the look before came between
    assert go(ws, job_id) == "waiting"
    assert plan_of(ws, job_id).stop == 2


@pytest.fixture
def build_three(ws):
    """Three stages, nothing accepted."""
    manner = Manner("tiny", tiny.recipe(epochs=1), accept=NOTHING)
    return ws, planned(ws, manner, names=("bright", "kind", "both"), order="own")


def test_a_resumed_job_stops_at_the_same_place(ws, waiting):
    """Killed after the plan was written, before its end was noted: resuming it is no word of a person's to go on."""
    with ws.write() as connection:
        connection.execute(update(schema.job).values(state="stopped", message=""))
    row = jobs.get_job(ws, waiting)
    assert row.resumable
    with ws.write() as connection:
        connection.execute(update(schema.job).values(state="queued", ended=None))
    assert go(ws, waiting) == "waiting"
    assert counted(ws)[0] == 1


def test_a_waiting_job_is_not_resumed_by_mistake_and_can_be_ended_there(ws, waiting):
    with pytest.raises(GapwiseError, match="cascade go-on 1"):
        jobs.resume(ws, waiting)
    assert jobs.get_job(ws, waiting).actions == ("delete",)
    control.end(ws, waiting)
    job = jobs.get_job(ws, waiting)
    assert job.state == "finished"
    assert job.message == "Ended by a person after 1 of 2 stages; what was accepted stays."
    with pytest.raises(GapwiseError, match="waits for nobody"):
        control.end(ws, waiting)


def test_a_label_that_was_renamed_meanwhile_is_found_by_its_number(ws, waiting):
    with ws.write() as connection:
        kind = label_id(connection, "kind")
        connection.execute(update(schema.label).where(schema.label.c.id == kind).values(name="pattern"))
        set_rules(connection, [])
    assert go_on(ws, waiting) == "finished"
    with ws.read() as connection:
        assert list_runs(connection)[0].label == "pattern"


def test_a_label_that_is_gone_is_skipped(ws):
    job_id = planned(ws, Manner("tiny", tiny.recipe(epochs=1), accept=NOTHING), names=("kind", "bright"), order="own")
    plan = plan_of(ws, job_id)
    plan.stages[0].label_id = 99  # Gapwise itself takes no label away
    write_plan(ws.job_dir(job_id), plan)
    assert go(ws, job_id) == "finished"
    assert states(ws, job_id) == [("kind", "skipped"), ("bright", "finished")]
    assert plan_of(ws, job_id).stages[0].reason == "the label is not in the workspace any more"


def test_rules_that_came_meanwhile_make_a_stage_needless(tmp_path):
    ws = gappy(tmp_path / "free", rules=())
    job_id = planned(ws, Manner("tiny", tiny.recipe(epochs=1), accept=NOTHING))
    assert go(ws, job_id) == "waiting"
    assert states(ws, job_id)[2] == ("both", "waiting")
    with ws.write() as connection:
        change_rules(connection, ['both = bright and kind != "plain"'])
    assert go_on(ws, job_id) == "finished"  # with no stop after the second stage: the third has nothing to do
    assert states(ws, job_id) == [("bright", "finished"), ("kind", "finished"), ("both", "skipped")]
    assert plan_of(ws, job_id).stages[2].reason == "it follows by rules from other labels now"


def test_rules_that_went_leave_a_label_without_a_stage_and_that_is_told(ws, waiting):
    with ws.write() as connection:
        change_rules(connection, [])
    assert go_on(ws, waiting) == "finished"
    assert "both: 50 open, without a stage" in jobs.get_job(ws, waiting).message


def test_one_label_without_rules_needs_no_stop(tmp_path):
    ws = tiny.workspace(tmp_path / "one", [0, 1] * 30 + [-1] * 10)
    job_id = planned(ws, Manner("tiny", tiny.recipe(epochs=1)))
    assert go(ws, job_id) == "finished"
    assert plan_of(ws, job_id).left_out == {}
    assert "bright: 0 accepted, 10 left open" in jobs.get_job(ws, job_id).message


def test_a_label_that_cannot_be_trained_fails_the_job_which_goes_on_there_once_that_is_mended(tmp_path):
    ws = gappy(tmp_path / "poor", rules=())
    with ws.write() as connection:
        c, kind = schema.cell.c, label_id(connection, "kind")
        connection.execute(
            update(schema.cell).where(c.label_id == kind, c.image_id > 2).values(value=None, source=None, given=None)
        )
        from core.store import profiles

        profiles.rebuild(connection)
    manner = Manner("tiny", tiny.recipe(epochs=1), accept=NOTHING, stop=NEVER)
    job_id = planned(ws, manner, names=("bright", "kind"), order="own")
    assert go(ws, job_id) == "failed"
    job = jobs.get_job(ws, job_id)
    assert "too few different images" in job.message
    assert job.actions[0] == "resume"
    with ws.write() as connection:
        for image_id in range(3, 30):
            decisions.decide(connection, client_id=f"k{image_id}", reviewer="bob", action="choose", image_id=image_id,
                             label_id=kind, value=image_id % 3)  # fmt: skip
        connection.execute(update(schema.job).values(state="queued", ended=None))
    assert go(ws, job_id) == "finished"
    assert counted(ws)[0] == 2


def test_after_a_stop_it_looks_again_at_what_keeps_the_promise(ws, monkeypatch):
    job_id = planned(ws, Manner("tiny", MANNER.recipe, precision=0.99))
    assert go(ws, job_id) == "waiting"
    # As if people had answered a sample: the same run, and evidence for a lower promise.
    plan = plan_of(ws, job_id)
    plan.stages[0].precision = 0.6
    write_plan(ws.job_dir(job_id), plan)
    go_on(ws, job_id)
    first = plan_of(ws, job_id).stages[0]
    assert [look["cells"] > 0 for look in first.looks] == [False, True]
    with ws.read() as connection:
        count = connection.execute(
            select(func.count()).select_from(schema.decision).where(schema.decision.c.action == "bulk")
        ).scalar()
    assert count >= 1


def test_the_log_knows_a_cascade_by_a_name_of_its_own():
    assert accept.signature(3, "ann") == "ann, cascade 3"
    assert len(accept.signature(12345, "x" * 300)) == log.MAX_TEXT
