"""What a training's log says about memory at its start."""

from __future__ import annotations

from core.jobs.reporter import Silent
from core.training import memory
from core.training.foretell import foretold
from core.training.train import Order, train
from tests import tiny


def test_the_log_says_need_and_room_and_whether_it_fits():
    line = foretold(tiny.recipe(), 2)
    assert line.startswith("memory: needs about ")
    assert "for 8 pictures at once" in line
    assert " are free. It fits. The largest batch that fits: " in line


def test_what_is_too_large_comes_with_advice():
    line = foretold(tiny.recipe(batch_size=8192, size=2048), 2)
    assert "It does not fit" in line
    assert "fit with accumulate " in line


def test_trouble_with_the_estimate_stops_no_training(monkeypatch):
    def broken(*_: object) -> None:
        raise KeyError("torch changed")

    monkeypatch.setattr(memory, "_KNOWN", {})
    monkeypatch.setattr(memory._Rehearsal, "play", broken)
    assert foretold(tiny.recipe(), 2).startswith(
        "memory: The memory that tf_efficientnetv2_b0 needs can't be estimated"
    )


def test_a_training_logs_it_before_it_begins(ws, caplog):
    with caplog.at_level("INFO", logger="gapwise"):
        train(ws, Order("bright", "tiny", tiny.recipe(epochs=1)), Silent())
    lines = [record.getMessage() for record in caplog.records]
    told = [n for n, line in enumerate(lines) if line.startswith("memory: needs about ")]
    assert told == [0]
    assert any(line.startswith("epoch 1: ") for line in lines)
