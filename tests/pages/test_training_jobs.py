"""The jobs on the Fine-tune page: of every kind and state, with what can be done about them."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from core import jobs
from core.jobs import process
from core.jobs.beat import Beat, write_beat
from core.store import decisions, runs, schema
from core.store import jobs as store
from core.store.proposals import put_proposals
from core.workspace import Workspace
from tests.pages.test_fine_tune import press, texts

TRAIN = ["train", "--label", "mask", "--recipe", "quick-cpu", "--epochs=3", "--lr=0.01"]


@pytest.fixture
def spawned(monkeypatch) -> list[list[str]]:
    found: list[list[str]] = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: found.append(list(arguments)) or 2**22 + 1)
    return found


def job(ws: Workspace, state: str, kind: str = "train", command: list[str] | None = None, **facts: object) -> int:
    job_id = jobs.register(ws, kind, command or TRAIN)
    with ws.write() as connection:
        store.change_job(connection, job_id, state=state, **facts)
    return job_id


def with_run(ws: Workspace, job_id: int) -> int:
    """Give a job a run with two proposals and a file of weights."""
    with ws.write() as connection:
        run_id = runs.add_run(connection, 1, "quick-cpu", {}, job_id)
        store.change_job(connection, job_id, run_id=run_id)
        images = connection.execute(
            select(schema.cell.c.image_id).where(schema.cell.c.label_id == 1, schema.cell.c.value.is_(None)).limit(2)
        )
        about = {"run_id": run_id, "label_id": 1, "probs": [0.2, 0.8], "value": 1, "confidence": 0.8, "heldout": 0}
        put_proposals(connection, [{**about, "image_id": i} for i in images.scalars()])
    ws.run_dir(run_id).mkdir(parents=True)
    (ws.run_dir(run_id) / runs.BEST).write_bytes(b"x" * 2_000_000)
    return run_id


def shown(app) -> list[str]:
    """Return the buttons of jobs."""
    names = {"Stop", "Resume", "Retry", "Clone with changes", "Delete"}
    return [b.label for b in app.button if b.label in names]


@pytest.mark.parametrize(
    ("state", "facts", "buttons"),
    [
        ("finished", {"run_id": 1}, ["Retry", "Clone with changes", "Delete"]),
        ("stopped", {"run_id": 1}, ["Resume", "Retry", "Clone with changes", "Delete"]),
        ("failed", {}, ["Clone with changes", "Retry", "Delete"]),
        ("failed", {"run_id": 1}, ["Clone with changes", "Retry", "Resume", "Delete"]),
        ("running", {"pid": 2**22 + 1}, ["Resume", "Retry", "Clone with changes", "Delete"]),  # lost: no such process
    ],
)
def test_each_state_offers_what_helps_first(demo, open_page, state, facts, buttons):
    job(demo, state, message="It is what it is.", **facts)
    assert shown(open_page("fine_tune")) == buttons


def test_a_failure_says_why_and_what_to_do_and_shows_its_log(demo, open_page):
    job_id = job(demo, "failed", message="Label 'mask' has 3 known cells, all of class 'mask'.")
    (demo.job_dir(job_id) / "log.txt").write_text("first\nthe last line\n")
    app = open_page("fine_tune")
    assert "all of class 'mask'" in texts(app)
    assert "Clone opens the form above with its settings" in texts(app)
    assert "the last line" in app.code[0].value
    assert "python -m core train --label mask" in app.code[1].value


def test_the_log_of_the_newest_failure_is_open_also_while_something_runs(demo, open_page, monkeypatch):
    for name in ("older", "newer"):
        job_id = job(demo, "failed", message="No.")
        (demo.job_dir(job_id) / "log.txt").write_text(f"the last line of the {name}\n")
    monkeypatch.setattr(process, "alive", lambda *a: True)
    job(demo, "running", pid=1)
    assert open_page("fine_tune").code[0].value == "the last line of the newer"


def test_a_full_disk_is_gone_on_with(demo, open_page):
    job_id = job(demo, "failed", message="The disk is full. Free some space, then resume.", run_id=1)
    write_beat(demo.job_dir(job_id), Beat(passing=True))
    app = open_page("fine_tune")
    assert shown(app)[0] == "Resume"
    assert "Resume goes on from the latest checkpoint" in texts(app)


def test_the_log_of_what_went_well_is_read_only_when_somebody_opens_it(demo, open_page):
    job_id = job(demo, "finished")
    (demo.job_dir(job_id) / "log.txt").write_text("the last line\n")
    assert not open_page("fine_tune").code


@pytest.mark.parametrize(
    ("kind", "command", "title"),
    [
        ("train", TRAIN, "Train mask with quick-cpu"),
        ("train", ["train", "--label=--odd_*", "--recipe", "/some/where/own.toml"], r"Train --odd\_\* with own.toml"),
        ("sweep", ["sweep", "--label", "mask", "--recipe=quick-cpu", "--set=lr=0.1,0.2"], "Sweep mask with quick-cpu"),
        ("predict", ["predict", "--run", "7"], "Predict · run 7"),
        ("onnx", ["onnx", "--run", "7"], "Export as ONNX · run 7"),
        ("something", ["something"], "Something"),
    ],
)
def test_a_job_of_any_kind_is_named_in_words_and_repeated(demo, open_page, spawned, kind, command, title):
    job(demo, "finished", kind, command)
    app = open_page("fine_tune")
    assert f"**Job 1** · {title}" in texts(app)
    press(app, "Retry")
    assert spawned == [[*command, "--workspace", str(demo.root), "--job", "2"]]
    assert [j.id for j in jobs.list_jobs(demo)] == [2, 1]


def test_a_clone_opens_the_form_with_the_jobs_settings_and_starts_nothing(demo, open_page, spawned):
    job(demo, "finished", command=["train", "--label", "distancing", "--recipe", "5k-v2b3", "--epochs=7"])
    app = press(open_page("fine_tune"), "Clone with changes")
    assert app.selectbox(key="train_label").value == "distancing"
    assert app.selectbox(key="train_recipe").value == "5k-v2b3"
    assert 7 in [n.value for n in app.number_input]
    assert spawned == []


def test_deleting_asks_first_and_the_run_stays_unless_it_is_ticked(demo, open_page):
    job_id = job(demo, "finished")
    run_id = with_run(demo, job_id)
    app = press(open_page("fine_tune"), "Delete")
    assert "2.0 MB of weights, curves and settings, and 2 proposals" in app.checkbox(key=f"delete_run_{job_id}").label
    assert jobs.count_jobs(demo) == 1
    app.button(key=f"delete_now_{job_id}").click().run()
    assert not app.exception
    assert jobs.count_jobs(demo) == 0
    assert (demo.run_dir(run_id) / runs.BEST).is_file()


def test_a_ticked_run_goes_with_its_weights_and_proposals(demo, open_page):
    job_id = job(demo, "finished")
    run_id = with_run(demo, job_id)
    app = press(open_page("fine_tune"), "Delete")
    app.checkbox(key=f"delete_run_{job_id}").check().run()
    app.button(key=f"delete_now_{job_id}").click().run()
    assert not app.exception
    assert not demo.run_dir(run_id).exists()
    with demo.read() as connection:
        assert connection.execute(select(func.count()).select_from(schema.proposal)).scalar_one() == 0


def test_a_run_that_decisions_stand_on_can_not_be_ticked(demo, open_page):
    job_id = job(demo, "finished")
    with_run(demo, job_id)
    with demo.write() as connection:
        row = connection.execute(select(schema.proposal)).first()
        about = {"image_id": row.image_id, "label_id": row.label_id, "proposal_id": row.id}
        decisions.decide(connection, client_id="c", reviewer="r", action="accept", **about)
    app = press(open_page("fine_tune"), "Delete")
    assert app.checkbox(key=f"delete_run_{job_id}").disabled
    assert "they say what people saw when they decided" in texts(app)


def test_a_question_that_is_answered_with_no_deletes_nothing_and_is_gone(demo, open_page):
    job_id = job(demo, "finished")
    app = press(open_page("fine_tune"), "Delete")
    app.button(key=f"delete_not_{job_id}").click().run()
    assert jobs.count_jobs(demo) == 1
    assert not [b for b in app.button if b.label == "Keep it"]


def test_all_jobs_can_be_reached_and_what_runs_is_on_every_page(demo, open_page, monkeypatch):
    monkeypatch.setattr(process, "alive", lambda *a: True)
    running = job(demo, "running", pid=1)
    for _ in range(13):
        job(demo, "finished")
    app = open_page("fine_tune")

    def ids() -> list[int]:
        return [i for i in range(1, 15) if f"**Job {i}** " in texts(app)]

    assert ids() == [running, 9, 10, 11, 12, 13, 14]
    app.session_state["train_jobs_page"] = 3
    app.run()
    assert not app.exception
    assert ids() == [running, 2]
    for job_id in range(2, 9):
        jobs.delete(demo, job_id)
    app.run()
    assert not app.exception
    assert ids() == [running, 9, 10, 11, 12, 13, 14]


def test_a_queue_is_shown_in_the_order_of_its_turns(demo, open_page, monkeypatch):
    monkeypatch.setattr(process, "alive", lambda *a: True)
    for state in ("queued", "running", "queued"):
        job(demo, state, pid=1)
    found = texts(open_page("fine_tune"))
    assert found.index("**Job 2**") < found.index("**Job 1**") < found.index("**Job 3**")


def test_a_sweep_shows_the_curve_of_its_present_trial(demo, open_page, monkeypatch):
    monkeypatch.setattr(process, "alive", lambda *a: True)
    job_id = job(demo, "running", "sweep", ["sweep", "--label", "mask", "--recipe=quick-cpu"], pid=1)
    run_id = with_run(demo, job_id)
    (demo.run_dir(run_id) / runs.METRICS).write_text('{"epoch": 1, "train_loss": 0.7, "loss": 0.6, "accuracy": 0.8}\n')
    write_beat(demo.job_dir(job_id), Beat(done=1.5, total=4, message="Trial 2 of 4, epoch 3 of 6"))
    app = open_page("fine_tune")
    assert "Trial 2 of 4, epoch 3 of 6" in app.get("progress")[0].proto.text
    assert len(app.get("plotly_chart")) == 1


def test_a_prediction_on_a_run_shows_no_curve(demo, open_page, monkeypatch):
    monkeypatch.setattr(process, "alive", lambda *a: True)
    run_id = with_run(demo, job(demo, "finished"))
    (demo.run_dir(run_id) / runs.METRICS).write_text('{"epoch": 1, "train_loss": 0.7, "loss": 0.6, "accuracy": 0.8}\n')
    job(demo, "running", "predict", ["predict", "--run", str(run_id)], pid=1, run_id=run_id)
    assert not open_page("fine_tune").get("plotly_chart")
