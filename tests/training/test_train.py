"""A whole training on a tiny workspace: what it leaves behind, and how it ends when something is wrong."""

from __future__ import annotations

import json
import math

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import GapwiseError
from core.jobs.reporter import Silent
from core.store import runs
from core.store.proposals import heldout_frame
from core.training.checkpoint import Checkpoints
from core.training.rundir import RunDir
from core.training.step import Stepper
from core.training.train import Order, train
from tests import tiny


class StopAfter(Silent):
    """Asks for a stop at the n-th look."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    def should_stop(self) -> bool:
        self.left -= 1
        return self.left < 0


def order(**values: object) -> Order:
    return Order("bright", "tiny", tiny.recipe(**values))


def curve(ws, run_id: int) -> list[tuple]:
    frame = runs.metrics_frame(ws, run_id)
    return list(frame[["epoch", "step", "train_loss", "loss", "accuracy", "lr"]].itertuples(index=False, name=None))


def test_a_training_learns_and_leaves_a_run_that_explains_itself(ws):
    message = train(ws, order(epochs=8), Silent())
    folder = ws.run_dir(1)
    facts = json.loads((folder / "run.json").read_text())
    frame = runs.metrics_frame(ws, 1)
    with ws.read() as connection:
        row = runs.run(connection, 1)
    assert message.startswith("Run 1: accuracy ")
    assert "6 open cells have a proposal" in message
    assert list(frame["epoch"]) == list(range(1, 9))
    assert row.metrics["accuracy"] == frame["accuracy"].max() >= 0.75
    assert frame["train_loss"].iloc[-1] < frame["train_loss"].iloc[0]
    assert {"step", "f1", "f1_macro", "seconds", "images_per_second", "device"} <= set(frame)
    assert facts["train"]["0"] + facts["train"]["1"] + facts["heldout"]["0"] + facts["heldout"]["1"] == 24
    assert len(facts["data"]) == 64
    assert {"torch", "timm", "python"} <= set(facts["versions"])
    assert RunDir(folder).recipe() == tiny.recipe(epochs=8)


def test_the_same_seed_gives_the_same_curve_and_another_seed_another(ws):
    for seed in (1, 1, 2):
        train(ws, order(seed=seed, dropout=0.2, color_jitter=0.3), Silent())
    assert curve(ws, 1) == curve(ws, 2)
    assert curve(ws, 1) != curve(ws, 3)


@pytest.mark.parametrize("looks", [5, 7, 9])
def test_a_stopped_run_goes_on_with_the_very_curve_of_an_unbroken_one(ws, looks):
    settings = {"dropout": 0.3, "drop_path": 0.1, "color_jitter": 0.3, "seed": 3}
    train(ws, order(**settings), Silent())
    message = train(ws, order(**settings), StopAfter(looks))
    assert message.startswith("Stopped in epoch")
    train(ws, order(**settings), Silent(), run_id=2)
    assert curve(ws, 2) == curve(ws, 1)
    one, two = (load_file(RunDir(ws.run_dir(i)).best) for i in (1, 2))
    assert all(torch.equal(one[k], two[k]) for k in one)


def test_an_epoch_that_was_measured_but_not_checkpointed_is_not_counted_twice(ws, monkeypatch):
    train(ws, order(), Silent())

    def die(self) -> None:
        if self.position.epoch == 2:
            raise KeyboardInterrupt
        save(self)

    save = Checkpoints.save
    monkeypatch.setattr(Checkpoints, "save", die)
    with pytest.raises(KeyboardInterrupt):
        train(ws, order(), Silent())
    monkeypatch.undo()
    assert len(runs.metrics_frame(ws, 2)) == 2
    train(ws, order(), Silent(), run_id=2)
    assert curve(ws, 2) == curve(ws, 1)


def test_a_stop_keeps_best_and_latest_checkpoint(ws):
    train(ws, order(epochs=50), StopAfter(20))
    folder = RunDir(ws.run_dir(1))
    assert folder.best.is_file()
    latest = json.loads((folder.root / "latest.json").read_text())["folder"]
    assert [f.name for f in (folder.root / "checkpoints").iterdir()] == [latest]


def test_patience_ends_a_run_early(ws):
    train(ws, order(epochs=60, patience=2, lr=1e-9, schedule="constant", warmup_epochs=0), Silent())
    assert len(runs.metrics_frame(ws, 1)) < 60


def test_a_run_started_before_a_decision_goes_on_with_the_data_it_began_with(ws):
    from core.store.cells import put

    train(ws, order(), StopAfter(9))
    before = RunDir(ws.run_dir(1)).data()
    with ws.write() as connection:
        put(connection, 25, 1, 1, "human")
    train(ws, order(), Silent(), run_id=1)
    assert RunDir(ws.run_dir(1)).data() == before


def test_a_loss_that_is_no_number_is_told_and_the_checkpoints_are_kept(ws, monkeypatch):
    step = Stepper.__call__

    def broken(self, batches, *where):
        return step(self, batches, *where) * (math.nan if batches.epoch == 1 else 1)

    monkeypatch.setattr(Stepper, "__call__", broken)
    with pytest.raises(GapwiseError, match="no number any more in epoch 2.*lower learning rate"):
        train(ws, order(), Silent())
    assert RunDir(ws.run_dir(1)).best.is_file()
    monkeypatch.undo()
    train(ws, order(), Silent(), run_id=1)
    assert len(curve(ws, 1)) == 3


def test_a_full_disk_is_told_and_the_run_goes_on_later(ws, monkeypatch):
    save = Checkpoints.save

    def full(self) -> None:
        if self.position.epoch == 2:
            raise OSError(28, "No space left on device")
        save(self)

    monkeypatch.setattr(Checkpoints, "save", full)
    with pytest.raises(GapwiseError, match="disk is full"):
        train(ws, order(), Silent())
    monkeypatch.undo()
    train(ws, order(), Silent(), run_id=1)
    assert len(curve(ws, 1)) == 3


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.bin"])
def test_a_corrupt_checkpoint_is_told_and_the_best_weights_are_named(ws, name):
    train(ws, order(epochs=9), StopAfter(12))
    file = next((ws.run_dir(1) / "checkpoints").glob(f"*/{name}"))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(GapwiseError, match="missing or broken.*best.safetensors"):
        train(ws, order(), Silent(), run_id=1)


def test_a_missing_checkpoint_folder_is_told(ws):
    import shutil

    train(ws, order(epochs=9), StopAfter(12))
    shutil.rmtree(ws.run_dir(1) / "checkpoints")
    with pytest.raises(GapwiseError, match="missing or broken"):
        train(ws, order(), Silent(), run_id=1)


def test_a_picture_that_is_gone_is_left_out_of_training(ws):
    (ws.root / "images" / "000.png").unlink()
    train(ws, order(epochs=1), Silent())
    facts = RunDir(ws.run_dir(1)).facts()
    assert sum(facts["train"].values()) + sum(facts["heldout"].values()) == 23


def test_no_readable_picture_at_all_is_told(ws):
    for file in (ws.root / "images").iterdir():
        file.unlink()
    with pytest.raises(GapwiseError, match="None of the .* pictures"):
        train(ws, order(), Silent())


def test_a_failed_start_leaves_no_run_behind(ws):
    with pytest.raises(GapwiseError, match="no optimizer"):
        train(ws, order(optimizer="nope"), Silent())
    with ws.read() as connection:
        assert runs.list_runs(connection) == []


def test_an_unknown_label_names_those_there_are(ws):
    with pytest.raises(GapwiseError, match="no label 'brihgt'.*bright"):
        train(ws, Order("brihgt", "tiny", tiny.recipe()), Silent())


def test_local_weights_start_a_run_and_their_head_is_made_anew_for_other_classes(ws, tmp_path):
    train(ws, order(), Silent())
    weights = load_file(RunDir(ws.run_dir(1)).best)
    features = weights["classifier.weight"].shape[1]
    weights |= {"classifier.weight": torch.zeros(5, features), "classifier.bias": torch.zeros(5)}
    save_file(weights, tmp_path / "w.safetensors")
    train(ws, order(weights=str(tmp_path / "w.safetensors"), epochs=1), Silent())
    assert len(curve(ws, 2)) == 1


def test_all_runs_are_measured_on_the_same_images(ws):
    for seed in (1, 2):
        train(ws, order(seed=seed, epochs=1), Silent())
    with ws.read() as connection:
        one, two = (heldout_frame(connection, i) for i in (1, 2))
    assert list(one["image_id"]) == list(two["image_id"])
    assert len(one) == 5


def test_pictures_need_not_be_square_and_a_batch_may_be_larger_than_the_set(ws):
    train(ws, order(size=(32, 48), batch_size=500, epochs=1, balance=True, clip_grad=1.0, rand_augment=5), Silent())
    assert len(curve(ws, 1)) == 1
