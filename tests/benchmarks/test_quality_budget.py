"""The seconds of a simulation are kept, on a machine that changes as well."""

from __future__ import annotations

import pytest

from benchmarks.quality_parts import training
from benchmarks.quality_parts.budget import TooLittle
from benchmarks.quality_parts.training import Trained, prepared
from tests.benchmarks.fake_model import FakeModel
from tests.conftest import BINARY

RECIPE = ("--recipe", "fake")
ROWS = 100  # 80 known cells: an epoch takes 80 times the pace


@pytest.fixture
def ws(build):
    labels = ("a", "b", "c")
    columns = {name: [""] * 20 + [str(i % 2) for i in range(80)] for name in labels}
    return build(columns, dict.fromkeys(labels, BINARY))


@pytest.fixture
def model(ws, monkeypatch):
    fake = FakeModel({name: {f"{i}.png": str(i % 2) for i in range(ROWS)} for name in ("a", "b", "c")}, pace=0.025)
    monkeypatch.setattr(training, "command", fake.command)
    monkeypatch.setattr(training, "core", fake.core)
    return fake


def test_epochs_are_chosen_by_one_measured_one(ws, model):
    found = prepared(ws, RECIPE, 0, 150.0)
    # An epoch takes 2 s, all else of a training 5. 7 s measure; then (143 * 0.92 - 3 * 5) / (3 * 2) = 19.4 epochs.
    assert model.done[:3] == [("train", "a", 1), ("delete", "", 0), ("train", "a", 19)]
    assert found.labels == ["a", "b", "c"]
    assert 0.85 * 150 <= found.seconds <= 150
    assert found.stopped == []
    assert found.without == {}


def test_what_was_trained_is_not_trained_again(ws, model):
    first = prepared(ws, RECIPE, 0, 150.0)
    model.done.clear()
    assert prepared(ws, RECIPE, 0, 150.0) == first
    assert model.done == []


@pytest.mark.parametrize("slower", [1.3, 2.0, 4.0])
@pytest.mark.parametrize("from_label", ["a", "b", "c"])
def test_a_machine_that_gets_slower_trains_fewer_epochs(ws, model, slower, from_label):
    seen = []

    def slow(label: str) -> None:
        seen.append(label)
        if label == from_label and len(seen) > 1:  # not the measuring epoch
            model.pace = 0.025 * slower

    model.before = slow
    found = prepared(ws, RECIPE, 0, 150.0)
    assert found.seconds <= 150
    assert found.labels == ["a", "b", "c"]
    assert all(found.epochs[name] >= 1 for name in found.labels)
    assert slower < 4 or from_label in found.stopped


def test_a_faster_machine_trains_more_epochs_of_what_is_left(ws, model):
    model.before = lambda label: setattr(model, "pace", 0.025 if label == "a" else 0.0125)
    found = prepared(ws, RECIPE, 0, 150.0)
    assert found.epochs["c"] > found.epochs["a"]
    assert found.seconds <= 150


def test_the_measuring_epoch_is_kept_where_there_is_no_time_for_more(ws, model):
    found = prepared(ws, RECIPE, 0, 26.0)
    # 7 s measure. (19 - 2.5 - 2 * 5) / 4 = 1.6 epochs of the others; then (12 - 2.5 - 5) / 2 = 2.25 of the last.
    assert model.done == [("train", "a", 1), ("train", "b", 1), ("train", "c", 2)]
    assert found.epochs == {"a": 1, "b": 1, "c": 2}
    assert found.seconds == 23


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (15.0, "a, b, c, with its predictions, takes about 24 s here"),
        (3.0, "one epoch of a, with its predictions, takes longer than that"),
    ],
)
def test_too_few_seconds_are_told_with_how_many_it_takes(ws, model, seconds, told):
    with pytest.raises(TooLittle, match=told):
        prepared(ws, RECIPE, 0, seconds)
    assert not (ws.root / training.NOTES).exists()


def test_notes_of_earlier_versions_are_read(ws, model):
    """They had one number of epochs for all labels, and no word on what was allowed."""
    (ws.root / training.NOTES).write_text('{"labels": ["a", "b"], "epochs": 12, "seconds": 431.0, "heldout": {}}')
    assert prepared(ws, RECIPE, 0, 150.0) == Trained(["a", "b"], {"a": 12, "b": 12}, 431.0)


def test_training_again_takes_no_more_than_is_left(ws, model):
    trained = prepared(ws, RECIPE, 0, 75.0)
    more = training.retraining(ws, trained, RECIPE, 0, 150.0)
    times = 0
    while more.again():
        times += 1
    assert 1 <= times <= 2
    assert more.budget.spent <= 150
