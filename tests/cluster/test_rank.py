"""One training process by itself: what it refuses, hears and tells."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from core.cluster.folder import Attempt, RankFolder, Told, me
from core.errors import GapwiseError
from core.jobs.beat import Beat, write_beat
from core.jobs.reporter import Silent
from core.training import rank, witness
from core.training.train import Order, prepare
from core.workspace import Workspace
from tests import tiny

GONE = {"host": me()["host"], "pid": 2**22 + 1, "started": 0.0}  # no pid is that high here


@pytest.fixture
def own(tmp_path: Path) -> Workspace:
    return tiny.workspace(tmp_path / "ws", [0, 1] * 12 + [-1] * 4)


@pytest.fixture
def folder(own: Workspace) -> RankFolder:
    root = own.job_dir(1)
    root.mkdir(parents=True)
    folder = RankFolder(root)
    folder.begin(Attempt("1-a", supervisor=me()))
    write_beat(root, Beat())
    return folder


@pytest.fixture
def run(own: Workspace) -> int:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield prepare(own, Order("bright", "tiny", tiny.recipe(epochs=2), predict=False), Silent())
    torch.set_num_threads(before)


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOK_SECONDS", "TELL_SECONDS", "GONE_SECONDS"):
        monkeypatch.setattr(rank, name, 0.0)


def test_a_process_trains_from_the_run_folder_and_tells_the_job_how_it_went(own, run, folder):
    assert rank.fit(own.root, run, folder.root, "1-a", world=1) == "over"
    told = folder.told("1-a")
    assert (told.end, told.epoch, told.world, told.total) == ("over", 2, 1, 2)
    assert told.best["epoch"] in (1, 2)
    assert told.heldout > 0
    assert [m["pid"] for m in folder.members()] == [os.getpid()]
    assert folder.failure() is None


def test_the_database_is_neither_read_nor_written(own, run, folder):
    for path in own.root.glob("gapwise.sqlite*"):
        path.unlink()
    assert rank.fit(own.root, run, folder.root, "1-a", world=1) == "over"
    assert not list(own.root.glob("gapwise.sqlite*"))


def test_processes_that_would_train_separate_models_are_refused_before_the_first_step(own, run, folder):
    """Inside Ray Train's CPU workers a plain Accelerator() saw one process in each of two, without a word."""
    with pytest.raises(GapwiseError, match="2 processes were to train one model, but Accelerate sees 1"):
        rank.fit(own.root, run, folder.root, "1-a", world=2)
    assert not (own.run_dir(run) / "checkpoints").exists()
    assert folder.failure()["clear"]


def test_the_world_that_torch_has_joined_counts_not_the_one_that_accelerate_sees(monkeypatch):
    accelerator = Accelerator(cpu=True)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    with pytest.raises(GapwiseError, match="Accelerate sees 1 and torch 2"):
        witness.check_world(accelerator, 2)
    with pytest.raises(GapwiseError, match="1 processes were to train"):
        witness.check_world(accelerator, 1)


def test_weights_that_differ_after_the_first_step_end_the_training(own, run, folder, monkeypatch):
    monkeypatch.setattr(witness, "gather_object", lambda mine: [*mine, "another"])
    with pytest.raises(GapwiseError, match="2 processes have 2 different models"):
        rank.fit(own.root, run, folder.root, "1-a", world=1)


def test_a_stop_sign_ends_it_and_the_next_attempt_goes_on(own, run, folder, monkeypatch):
    impatient(monkeypatch)
    folder.ask_stop()
    assert rank.fit(own.root, run, folder.root, "1-a", world=1) == "stopped"
    assert folder.told("1-a").end == "stopped"
    (folder.root / "stop").unlink()
    folder.begin(Attempt("1-b", supervisor=me()))
    assert rank.fit(own.root, run, folder.root, "1-b", world=1) == "over"
    assert folder.told("1-b").epoch == 2


def test_a_process_whose_job_is_gone_saves_and_ends(own, run, folder, monkeypatch):
    impatient(monkeypatch)
    folder.set_attempt(Attempt("1-a", supervisor=GONE))
    assert rank.fit(own.root, run, folder.root, "1-a", world=1) == "orphaned"
    assert (own.run_dir(run) / "latest.json").is_file()


def test_a_job_that_beats_is_alive_whatever_its_pid_looks_like_from_here(folder, monkeypatch):
    """In containers of one name, a pid says nothing about another's processes."""
    impatient(monkeypatch)
    folder.set_attempt(Attempt("1-a", supervisor=GONE))
    monkeypatch.setattr(rank, "GONE_SECONDS", 0.2)
    speaker = rank.Speaker(folder, "1-a", 2)
    for n in range(8):
        write_beat(folder.root, Beat(time=1000.0 + n))  # by another machine's clock
        time.sleep(0.05)
        assert not speaker.should_stop()
    time.sleep(0.3)
    assert speaker.should_stop()


def test_a_job_on_another_machine_is_given_longer(folder, monkeypatch):
    impatient(monkeypatch)
    folder.set_attempt(Attempt("1-a", supervisor={**me(), "host": "elsewhere"}))
    speaker = rank.Speaker(folder, "1-a", 2)
    time.sleep(0.05)
    assert not speaker.should_stop()
    monkeypatch.setattr(rank, "ORPHANED_SECONDS", 0.0)
    assert speaker.should_stop()


def test_an_attempt_that_was_taken_over_saves_nothing_into_the_new_ones_folder(own, run, folder, monkeypatch):
    impatient(monkeypatch)
    taken = {}

    def take_over(self: RankFolder, told: Told) -> None:
        if not taken:
            taken["over"] = True
            self.set_attempt(Attempt("1-b", supervisor=me()))

    monkeypatch.setattr(RankFolder, "tell", take_over)
    with pytest.raises(GapwiseError, match="started again or deleted"):
        rank.fit(own.root, run, folder.root, "1-a", world=1)
    assert not (own.run_dir(run) / "metrics.jsonl").exists()


def test_progress_is_told_with_the_figures_so_far(folder, monkeypatch):
    monkeypatch.setattr(rank, "TELL_SECONDS", 0.0)
    speaker = rank.Speaker(folder, "1-a", 2)
    speaker.progress(1.5, 4, "Epoch 2 of 4", train_loss=0.5)
    speaker.progress(1.6, 4, images_per_second=9.0)
    told = folder.told("1-a")
    assert (told.done, told.total, told.message) == (1.6, 4, "Epoch 2 of 4")
    assert told.figures == {"train_loss": 0.5, "images_per_second": 9.0}
    speaker.best({"epoch": 1})
    assert folder.told("1-a").best == {"epoch": 1}
