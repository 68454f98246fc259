"""Runs as people compare them."""

from __future__ import annotations

import json

import pytest

from core import jobs
from core.errors import GapwiseError
from core.jobs import process
from core.store import jobs as store
from core.store import runs
from core.training.compare import compare, duration, settings_frame, spelled
from core.training.summary import flat, summaries, summary
from tests import tiny


@pytest.fixture
def ws(tmp_path):
    return tiny.workspace(tmp_path / "ws", [0, 1])


def add(ws, job_id: int | None = None, best: dict | None = None, versions: dict | None = None, **settings) -> int:
    config = {"settings": {"title": "T", "source": "S", "epochs": 3, **settings}, "data": "abc", "train": {"0": 3},
              "heldout": {"0": 1, "1": 1}, "versions": versions or {}, "device": {"name": "CPU"}}  # fmt: skip
    with ws.write() as connection:
        run_id = runs.add_run(connection, 1, "tiny", config, job_id)
        if best is not None:
            runs.set_metrics(connection, run_id, best)
    ws.run_dir(run_id).mkdir(parents=True)
    return run_id


def test_time_adds_up_and_throughput_is_the_median(ws):
    run_id = add(ws, best={"epoch": 2, "accuracy": 0.5, "f1": 0.25})
    rows = [{"epoch": e, "seconds": 2.5, "images_per_second": n} for e, n in ((1, 10.0), (2, 30.0), (3, 500.0))]
    (ws.run_dir(run_id) / runs.METRICS).write_text("".join(json.dumps(r) + "\n" for r in rows))
    found = summary(ws, run_id)
    assert (found.epochs, found.planned, found.seconds, found.images_per_second) == (3, 3, 7.5, 30.0)
    assert (found.accuracy, found.f1, found.best_epoch, found.train, found.heldout) == (0.5, 0.25, 2, 3, 2)
    assert found.settings == {"epochs": 3}


def test_a_new_epoch_is_seen(ws):
    run_id = add(ws)
    path = ws.run_dir(run_id) / runs.METRICS
    assert summary(ws, run_id).epochs == 0
    path.write_text('{"epoch": 1, "seconds": 1.0}\n')
    assert summary(ws, run_id).epochs == 1
    with open(path, "a") as file:
        file.write('{"epoch": 2, "seconds": 1.0}\n')
    assert summary(ws, run_id).epochs == 2


def test_the_state_is_the_jobs_own_and_true(ws, monkeypatch):
    monkeypatch.setattr(process, "alive", lambda *a: True)
    job_id = jobs.register(ws, "train", ["train"])
    run_id = add(ws, job_id)
    with ws.write() as connection:
        store.change_job(connection, job_id, state="running", pid=1, run_id=run_id)
    assert summary(ws, run_id).state == "running"
    monkeypatch.setattr(process, "alive", lambda *a: False)
    assert summary(ws, run_id).state == "lost"


def test_a_trial_whose_job_went_on_is_finished_when_its_training_came_to_its_end(ws, monkeypatch):
    monkeypatch.setattr(process, "alive", lambda *a: True)
    job_id = jobs.register(ws, "sweep", ["sweep"])
    done, cut, now = (add(ws, job_id) for _ in range(3))
    (ws.run_dir(done) / "latest.json").write_text('{"folder": "3-0-1"}')
    (ws.run_dir(cut) / "latest.json").write_text('{"folder": "2-4-0"}')
    with ws.write() as connection:
        store.change_job(connection, job_id, state="running", pid=1, run_id=now)
    assert [(r.id, r.state) for r in summaries(ws)] == [(now, "running"), (cut, "stopped"), (done, "finished")]


def test_a_run_whose_job_was_deleted_still_has_a_state(ws):
    run_id = add(ws, job_id=99)
    assert summary(ws, run_id).state == "stopped"
    (ws.run_dir(run_id) / "latest.json").write_text("[")
    assert summary(ws, run_id).state == "stopped"


def test_an_unknown_run_is_told(ws):
    with pytest.raises(GapwiseError, match="no run 9"):
        summary(ws, 9)


def test_nested_settings_become_one_level():
    assert flat({"size": [64, 128], "scale": [0.8, 1.0], "stages": [{"epochs": 1, "size": 32}], "progressive": {"a": 1},
                 "empty": []}) == {
        "size": "64 x 128", "scale": "0.8, 1.0", "stages.1.epochs": 1, "stages.1.size": 32, "progressive.a": 1,
        "empty": "",
    }  # fmt: skip


def test_what_differs_comes_first_and_a_setting_that_one_run_lacks_is_a_difference(ws):
    add(ws, lr=0.1, best={"accuracy": 0.5}, versions={"torch": "2"})
    add(ws, lr=0.2, best={"accuracy": 0.5}, versions={"torch": "2"}, grey=True)
    table = compare(list(reversed(summaries(ws))))
    assert table.columns.tolist() == ["part", "what", "differs", "1", "2"]
    assert table[table["differs"]].to_numpy().tolist() == [
        ["setting", "lr", True, "0.1", "0.2"],
        ["setting", "grey", True, "–", "yes"],
    ]
    alike = table[~table["differs"]]["what"].tolist()
    assert alike.index("accuracy") < alike.index("epochs") < alike.index("label") < alike.index("torch")


def test_settings_that_differ_stand_beside_accuracy_and_f1_of_measured_runs(ws):
    add(ws, lr=0.1, dropout=0.0, best={"accuracy": 0.5, "f1": 0.4})
    add(ws, lr=0.2, dropout=0.0, best={"accuracy": 0.6, "f1": 0.5})
    add(ws, lr=0.3, dropout=0.5)
    frame = settings_frame(summaries(ws))
    assert frame.to_dict("index") == {
        2: {"lr": 0.2, "accuracy": 0.6, "f1": 0.5},
        1: {"lr": 0.1, "accuracy": 0.5, "f1": 0.4},
    }
    assert settings_frame(summaries(ws), ["dropout"]).columns.tolist() == ["dropout", "accuracy", "f1"]
    assert settings_frame([]).empty


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (True, "yes"), (0.123456, "0.1235"), (12_345.6, "12,346"), (3, "3"), ((), "–"), (("a", "b"), "a, b")],
)
def test_values_are_spelled_for_people(value, text):
    assert spelled(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.4, "4 s"), (60, "1 min 0 s"), (3599.6, "1 h 0 min"), (12_000, "3 h 20 min")]
)
def test_a_time_is_said_as_people_say_it(seconds, text):
    assert duration(seconds) == text
