"""Curves for TensorBoard, and what happens when a tracker is not there or fails."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from accelerate import Accelerator
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, TensorBoardTracker
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from core.errors import GapwiseError
from core.jobs.reporter import Silent
from core.store import runs
from core.training import trackers
from core.training.recipe import Progressive
from core.training.rundir import RunDir
from core.training.trackers import NOTES, Trackers, check_trackers
from core.training.train import Order, train
from tests import tiny
from tests.training.test_train import StopAfter

FACTS = {"run": 7, "label": "bright", "recipe": "tiny"}


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    folder = RunDir(tmp_path / "7")
    folder.create(tiny.recipe(progressive=Progressive(stages=2, size=16)), FACTS, [], [])
    return folder


@pytest.fixture
def warnings(caplog) -> Callable[[], list[str]]:
    caplog.set_level(logging.WARNING, logger="gapwise")
    return lambda: caplog.messages


def started(run: RunDir, *names: str) -> Trackers:
    return Trackers(Accelerator(), names or ("tensorboard",), run)


def later(run: RunDir) -> Trackers:
    time.sleep(1.1)  # TensorBoard reads its files in the order of their names, which have seconds
    return started(run)


def row(epoch: int, loss: float = 1.0) -> dict:
    return {"epoch": epoch, "step": 3 * epoch, "loss": loss, "device": "CPU", "size": "32x32"}


def seen(run: RunDir, tag: str = "loss") -> list[tuple[int, float]]:
    """What TensorBoard shows."""
    found = EventAccumulator(str(run.root / "tensorboard")).Reload()
    return [(e.step, e.value) for e in found.Scalars(tag)]


class Broken(TensorBoardTracker):
    """Loses its connection after the first epoch."""

    name = "wandb"
    requires_logging_directory = False

    def __init__(self, run_name: str, **_: object) -> None:
        pass

    def start(self) -> None:
        pass

    def store_init_configuration(self, values: dict) -> None:
        pass

    def log(self, values: dict, step: int | None = None, **_: object) -> None:
        if step > 1:
            raise ConnectionError("no network")

    def finish(self) -> None:
        raise ConnectionError("no network")


@pytest.fixture
def broken(monkeypatch) -> None:
    monkeypatch.setitem(LOGGER_TYPE_TO_CLASS, "wandb", Broken)
    monkeypatch.setattr(trackers, "find_spec", lambda name: name)
    monkeypatch.setattr("accelerate.tracking.filter_trackers", lambda names, _: names)


def test_tensorboard_gets_every_epochs_numbers_in_the_run_folder(run):
    tracker = started(run)
    for epoch, loss in ((1, 0.9), (2, 0.5), (3, 0.25)):
        tracker.log(row(epoch, loss))
    tracker.close()
    assert seen(run) == [(1, pytest.approx(0.9)), (2, 0.5), (3, 0.25)]
    assert seen(run, "step") == [(1, 3.0), (2, 6.0), (3, 9.0)]


def test_settings_are_handed_over_once(run):
    for _ in range(2):
        started(run).close()
    settings = list((run.root / "tensorboard").glob("*/hparams.yml"))
    assert len(settings) == 1
    assert "batch_size: 8" in settings[0].read_text()
    assert '"stages": 2' in settings[0].read_text()


def test_a_run_that_goes_on_goes_on_there_and_no_epoch_comes_twice(run):
    first = started(run)
    for epoch in (1, 2, 3):
        first.log(row(epoch, epoch / 8))
    first.close()
    again = later(run)  # its checkpoint was that of epoch 2: epoch 3 comes once more
    for epoch in (3, 4):
        again.log(row(epoch, epoch / 8))
    again.close()
    assert seen(run) == [(e, e / 8) for e in (1, 2, 3, 4)]


def test_an_epoch_that_a_killed_process_did_not_note_is_shown_once(run):
    first = started(run)
    for epoch in (1, 2, 3):
        first.log(row(epoch, epoch / 8))
    first.close()
    notes = json.loads((run.root / NOTES).read_text())
    notes["tensorboard"]["epoch"] = 2
    (run.root / NOTES).write_text(json.dumps(notes))
    again = later(run)
    again.log(row(3, 0.75))
    again.close()
    assert seen(run) == [(1, 0.125), (2, 0.25), (3, 0.75)]


def test_a_tracker_that_fails_in_the_middle_is_left_behind_and_the_others_go_on(run, broken, warnings):
    tracker = started(run, "wandb", "tensorboard")
    for epoch in (1, 2, 3):
        tracker.log(row(epoch, epoch / 8))
    tracker.close()
    assert warnings() == ["Weights & Biases has lost its connection: this training goes on without it"]
    assert [step for step, _ in seen(run)] == [1, 2, 3]
    assert json.loads((run.root / NOTES).read_text())["wandb"]["epoch"] == 1


def test_a_tracker_that_does_not_start_or_end_stops_nothing(run, broken, monkeypatch, warnings):
    tracker = started(run, "wandb")
    tracker.log(row(1))
    tracker.close()
    assert warnings()[-1] == "Weights & Biases could not finish: this training goes on without it"

    def refused(*_: object) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(Broken, "start", refused)
    tracker = started(run, "wandb")
    tracker.log(row(2))
    tracker.close()
    assert warnings()[-1] == "Weights & Biases does not start: this training goes on without it"


def test_notes_that_are_broken_or_can_not_be_written_stop_nothing(run, monkeypatch, warnings):
    (run.root / NOTES).write_text("{")
    tracker = started(run)
    assert "begin anew" in warnings()[0]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(trackers, "write_atomic", full)
    tracker.log(row(1, 0.5))
    tracker.close()
    assert "can't be noted" in warnings()[1]
    assert seen(run) == [(1, 0.5)]


def test_what_is_not_installed_is_told_before_the_start(monkeypatch):
    check_trackers(["tensorboard"])
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(GapwiseError, match="MLflow is not installed.*`pip install mlflow`"):
        check_trackers(["mlflow"])
    with pytest.raises(GapwiseError, match="no tracker 'excel'. The trackers are: tensorboard, wandb, mlflow"):
        check_trackers(["excel"])


def test_without_trackers_nothing_is_made(run):
    tracker = Trackers(Accelerator(), (), run)
    tracker.log(row(1))
    tracker.close()
    assert sorted(p.name for p in run.root.iterdir()) == ["data.csv", "recipe.toml", "run.json"]


def test_only_the_main_process_tells(run):
    class Second:
        is_main_process = False

    tracker = Trackers(Second(), ("tensorboard",), run)
    tracker.log(row(1))
    tracker.close()
    assert not (run.root / "tensorboard").exists()


def test_weights_and_biases_is_offline_without_a_key_and_has_one_id_for_good(run, monkeypatch, tmp_path):
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    note = {"epoch": 0}
    project, options = trackers._options("wandb", note, run)
    assert (project, options["mode"], options["resume"]) == ("gapwise", "offline", "allow")
    assert options["name"] == "run 7: bright, tiny"
    assert trackers._options("wandb", note, run)[1]["id"] == options["id"] == note["id"]
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    assert "mode" not in trackers._options("wandb", note, run)[1]


def test_epochs_that_a_tracker_missed_are_handed_over_when_it_comes(run):
    for epoch in (1, 2):
        run.append_metrics(row(epoch, epoch / 8))
    with open(run.metrics, "a", encoding="utf-8") as file:
        file.write('{"epoch": 3, "lo')
    tracker = started(run)
    tracker.log(row(3, 0.75))
    tracker.close()
    assert seen(run) == [(1, 0.125), (2, 0.25), (3, 0.75)]


def test_a_training_is_followed_through_stop_and_resume(ws):
    order = Order("bright", "tiny", tiny.recipe(epochs=3), predict=False, trackers=("tensorboard",))
    assert train(ws, order, StopAfter(8)).startswith("Stopped in epoch 2")
    folder = RunDir(ws.run_dir(1))
    assert [step for step, _ in seen(folder)] == [1]
    time.sleep(1.1)  # see `later`
    train(ws, order, Silent(), run_id=1)
    frame = runs.metrics_frame(ws, 1)
    assert seen(folder, "train_loss") == [
        (epoch, pytest.approx(loss)) for epoch, loss in zip(frame["epoch"], frame["train_loss"], strict=True)
    ]
    assert [step for step, _ in seen(folder)] == [1, 2, 3]
