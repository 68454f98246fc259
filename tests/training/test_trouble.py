"""What goes wrong with disks, checkpoints, labels and losses: each is told clearly, and nothing is lost."""

from __future__ import annotations

import builtins
import errno
import io
import json
import os
import pickle
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from accelerate import checkpointing
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from sqlalchemy import event, select

from core import jobs
from core.errors import GapwiseError
from core.jobs import worker
from core.jobs.reporter import Silent
from core.jobs.worker import FULL, RESERVE, run_job
from core.pseudo.predict import predict
from core.store import jobs as store
from core.store import runs, schema
from core.training.rundir import RunDir
from core.training.train import Order, train
from core.workspace import Workspace
from tests import tiny
from tests.training.test_train import StopAfter, curve

EPOCHS = 2


def order(label: str = "bright", **values: object) -> Order:
    return Order(label, "tiny", tiny.recipe(**{"epochs": EPOCHS, **values}))


def done(ws: Workspace, work: Order | None = None) -> jobs.Job:
    """Run a training as a job in this process; return the job when it is over."""
    job_id = jobs.register(ws, "train", ["train", "--label", "bright", "--recipe", "tiny"])
    run_job(ws, job_id, lambda reporter: train(ws, work or order(), reporter, job_id))
    return jobs.get_job(ws, job_id)


def again(ws: Workspace, job: jobs.Job) -> jobs.Job:
    """Do what resume does, in this process."""
    with ws.write() as connection:
        store.change_job(connection, job.id, state="queued", pid=None)
    run_job(ws, job.id, lambda reporter: train(ws, order(), reporter, job.id, job.run_id))
    return jobs.get_job(ws, job.id)


@pytest.fixture
def earlier(ws: Workspace) -> Callable[[], None]:
    """Train a first run; what is returned fails when anything of it has changed."""
    train(ws, order(), Silent())
    assert runs_there(ws) == [1]
    before = snapshot(ws)

    def unchanged() -> None:
        assert snapshot(ws) == before

    return unchanged


def snapshot(ws: Workspace) -> tuple[dict[str, bytes], list]:
    """Return the files of run 1 and its predictions."""
    folder = ws.run_dir(1)
    files = {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}
    p = schema.proposal.c
    with ws.read() as connection:
        return files, [tuple(r) for r in connection.execute(select(p.id, p.probs).where(p.run_id == 1).order_by(p.id))]


def runs_there(ws: Workspace) -> list[int]:
    with ws.read() as connection:
        return sorted(row.id for row in runs.list_runs(connection))


class Disk:
    """Fails every write below a folder from the n-th on, as a full disk does, until the job lets its reserve go.

    Attributes:
        points: What was written, in order: a file's name, or the table that a row went to.
        fails_at: From which write on the disk is full; None for never.
    """

    def __init__(self, ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ws, self.points, self.fails_at, self.refused = ws, [], None, False
        real_open, real_os_open, real_torch, real_safe = builtins.open, os.open, torch.save, checkpointing.save

        def opened(file, mode="r", *args, **kwargs):
            if isinstance(file, str | os.PathLike) and set(mode) & set("wax+"):
                self.write(file)
            return real_open(file, mode, *args, **kwargs)

        def os_opened(path, flags, *args, **kwargs):
            if flags & (os.O_WRONLY | os.O_RDWR):
                self.write(path)
            return real_os_open(path, flags, *args, **kwargs)

        def torch_saved(value, file, *args, **kwargs):
            # torch's own writer says no more than this
            self.write(file, RuntimeError("[enforce fail at inline_container.cc:659] . unexpected pos 64 vs 0"))
            return real_torch(value, file, *args, **kwargs)

        def safely_saved(value, file, *args, **kwargs):
            if str(file).endswith(".safetensors"):
                self.write(file, SafetensorError("Error while serializing: I/O error: No space left on device"))
            return real_safe(value, file, *args, **kwargs)

        monkeypatch.setattr(builtins, "open", opened)
        monkeypatch.setattr(io, "open", opened)
        monkeypatch.setattr(os, "open", os_opened)
        monkeypatch.setattr(torch, "save", torch_saved)
        monkeypatch.setattr(checkpointing, "save", safely_saved)
        event.listen(ws.engine, "before_cursor_execute", self._statement)

    def write(self, path: object, error: Exception | None = None) -> None:
        path = Path(os.fspath(path))
        watched = ("runs", "cache", "jobs")
        if not path.is_relative_to(self.ws.root) or path.relative_to(self.ws.root).parts[0] not in watched:
            return
        # A part has its file's name with a dot before and the process after it.
        name = path.name[1:].rsplit(".", 2)[0] if path.name.endswith(".part") else path.name
        if name not in ("log.txt", "beat.json", RESERVE):
            self._count(name, error or self._no_space(path))
        elif self.full:
            raise self._no_space(path)

    def _statement(self, _connection, _cursor, statement: str, *_: object) -> None:
        words = statement.split()
        if words[0] in ("INSERT", "UPDATE"):
            table = words[2] if words[0] == "INSERT" else words[1]
            self._count(table, sqlite3.OperationalError("database or disk is full"))

    def _count(self, point: str, error: Exception) -> None:
        self.points.append(point)
        if self.full:
            self.refused = True
            raise error

    @property
    def full(self) -> bool:
        reserved = any(self.ws.root.glob(f"jobs/*/{RESERVE}"))
        return self.fails_at is not None and len(self.points) > self.fails_at and reserved

    @staticmethod
    def _no_space(path: Path) -> OSError:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def interesting(points: list[str]) -> list[int]:
    """Return the last write of each kind, and the first ones of a run: before its first checkpoint and within it."""
    last = {point: i for i, point in enumerate(points)}
    return sorted({0, points.index("model.safetensors"), points.index("optimizer.bin"), *last.values()})


def test_a_disk_that_fills_up_at_any_write_is_told_and_the_job_goes_on_when_there_is_room(ws, earlier, monkeypatch):
    expected = curve(ws, 1)
    disk = Disk(ws, monkeypatch)
    assert done(ws).state == "finished"
    points = disk.points
    assert {"recipe.toml", "data.csv", "run", "job", "model.safetensors", "optimizer.bin", "state.pt", "metrics.jsonl",
            "latest.json", "best.safetensors", "proposal", "quality.json", "predict.json"} <= set(points)  # fmt: skip
    for place in interesting(points):
        disk.points, disk.fails_at, disk.refused = [], place, False
        job = done(ws)
        assert disk.refused, (place, points[place])
        if place == len(points) - 1:
            assert job.state == "finished"  # it was the note of its end, and the reserve made room for that
            break
        assert job.state == "failed", (points[place], job)
        assert "disk is full" in job.message or "Free some space" in job.message, (points[place], job.message)
        assert job.actions[0] == "resume", points[place]
        disk.fails_at = None
        job = again(ws, job)
        assert (job.state, curve(ws, job.run_id)) == ("finished", expected), (points[place], job.message)
        assert not list((ws.root / "runs").glob(".new*"))
        earlier()


def test_a_full_disk_is_told_by_the_jobs_state_where_the_database_has_no_room_for_it_either(ws, monkeypatch):
    """The end could not be noted: the job looked lost, and nobody knew why."""
    disk = Disk(ws, monkeypatch)

    def work(_reporter) -> str:
        disk.fails_at = 0
        with ws.write() as connection:
            runs.add_run(connection, 1, "tiny", {})
        raise AssertionError("the disk was to be full")

    job_id = jobs.register(ws, "train", ["train"])
    run_job(ws, job_id, work)
    job = jobs.get_job(ws, job_id)
    assert (job.state, job.message, job.passing) == ("failed", FULL, True)
    assert not (ws.job_dir(job_id) / RESERVE).exists()


@pytest.mark.parametrize("name", ["optimizer.bin", "random_states_0.pkl", "state.pt"])
def test_the_writers_of_torch_really_fail_on_a_full_device(ws, monkeypatch, name):
    """/dev/full takes no byte, as a full disk; what the writers say then must be understood."""
    from accelerate import Accelerator

    save_state = Accelerator.save_state

    def onto_full_device(self, folder: str) -> None:
        Path(folder).mkdir(parents=True)
        (Path(folder) / name).symlink_to("/dev/full")
        # Accelerate writes over what is there.
        save_state(self, folder)

    monkeypatch.setattr("core.training.checkpoint._refusal", lambda folder: OSError(errno.ENOSPC, "full", str(folder)))
    monkeypatch.setattr(Accelerator, "save_state", onto_full_device)
    with pytest.raises(GapwiseError, match="The disk is full"):
        train(ws, order(), Silent())
    assert list((ws.run_dir(1) / "checkpoints").iterdir()) == []  # no part of it keeps room


class Evil:
    """A pickle that leaves a file behind when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.fixture(scope="module")
def stopped_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped in its third epoch, with a running mean."""
    torch.set_num_threads(1)  # as in the tests: sums of other parts differ in the seventh digit
    ws = tiny.workspace(tmp_path_factory.mktemp("stopped") / "ws", [0, 1] * 12 + [-1] * 6)
    train(ws, order(epochs=3, ema_decay=0.5), StopAfter(10))
    ws.engine.dispose()
    return ws.root


@pytest.fixture
def stopped(stopped_once: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(stopped_once, tmp_path / "ws")
    return Workspace.open(tmp_path / "ws")


def spoiled(path: Path, how: str, mark: Path) -> None:
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "a pickle that runs code":
        path.write_bytes(pickle.dumps(Evil(mark), protocol=2))
    elif how == "a torch file that runs code":
        torch.save(Evil(mark), path)
    else:
        path.write_bytes({"half": content[: len(content) // 2], "empty": b"", "garbage": b"\x13garbage" * 99}[how])


@pytest.mark.parametrize(
    "how", ["missing", "half", "empty", "garbage", "a pickle that runs code", "a torch file that runs code"]
)
@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.bin", "state.pt", "ema.safetensors"])
def test_a_checkpoint_with_a_spoiled_file_is_told_and_runs_no_code(stopped, tmp_path, name, how):
    best, mark = RunDir(stopped.run_dir(1)).best.read_bytes(), tmp_path / "code ran"
    spoiled(next((stopped.run_dir(1) / "checkpoints").glob(f"*/{name}")), how, mark)
    with pytest.raises(GapwiseError, match="latest checkpoint in .* is missing or broken.*best.safetensors are kept"):
        train(stopped, order(epochs=3, ema_decay=0.5), Silent(), run_id=1)
    assert not mark.exists()
    assert RunDir(stopped.run_dir(1)).best.read_bytes() == best
    assert predict(stopped, 1, Silent()) == 6


@pytest.mark.parametrize("how", ["missing", "half", "empty", "garbage", "a pickle that runs code"])
def test_random_states_are_not_needed_since_all_chance_follows_from_seed_and_place(stopped, tmp_path, how):
    mark = tmp_path / "code ran"
    spoiled(next((stopped.run_dir(1) / "checkpoints").glob("*/random_states_0.pkl")), how, mark)
    train(stopped, order(epochs=3, ema_decay=0.5), Silent(), run_id=1)
    train(stopped, order(epochs=3, ema_decay=0.5), Silent())
    assert not mark.exists()
    assert curve(stopped, 1) == curve(stopped, 2)


@pytest.mark.parametrize("how", ["missing", "empty", "garbage"])
@pytest.mark.parametrize("name", ["latest.json", "run.json", "recipe.toml", "data.csv"])
def test_a_run_folder_with_a_spoiled_file_is_told_and_its_best_weights_stay(stopped, tmp_path, name, how):
    folder = RunDir(stopped.run_dir(1))
    best, measured = folder.best.read_bytes(), folder.metrics.read_bytes()
    spoiled(folder.root / name, how, tmp_path / "mark")
    with pytest.raises(GapwiseError, match="(missing|broken).*(S|s)tart a new training"):
        train(stopped, order(epochs=3, ema_decay=0.5), Silent(), run_id=1)
    assert (folder.best.read_bytes(), folder.metrics.read_bytes()) == (best, measured)


@pytest.mark.parametrize("content", ['{"folder": 5}', "[]", '{"folder": "../../../etc"}', '{"folder": "7-7-7"}'])
def test_a_pointer_that_leads_nowhere_or_out_of_the_run_is_told(stopped, content):
    (stopped.run_dir(1) / "latest.json").write_text(content)
    with pytest.raises(GapwiseError, match="broken"):
        train(stopped, order(epochs=3, ema_decay=0.5), Silent(), run_id=1)


@pytest.mark.parametrize("how", ["missing", "half", "empty", "garbage", "a pickle that runs code"])
def test_spoiled_best_weights_are_told_to_who_predicts_with_them(stopped, tmp_path, how):
    spoiled(RunDir(stopped.run_dir(1)).best, how, tmp_path / "mark")
    with pytest.raises(GapwiseError, match="no checkpoint|is broken"):
        predict(stopped, 1, Silent())
    assert not (tmp_path / "mark").exists()


def test_a_run_whose_best_weights_are_gone_looks_for_the_best_epoch_anew(stopped):
    """It went on with a best epoch that no file had, trained to its end and could not predict."""
    RunDir(stopped.run_dir(1)).best.unlink()
    train(stopped, order(epochs=3, ema_decay=0.5), Silent(), run_id=1)
    assert RunDir(stopped.run_dir(1)).best.is_file()
    with stopped.read() as connection:
        best = runs.run(connection, 1).metrics["epoch"]
    assert best > 1


def test_a_checkpoint_of_an_older_version_is_gone_on_with(stopped):
    """Accelerate stored position and schedule itself, under a name of its own."""
    folder = next((stopped.run_dir(1) / "checkpoints").iterdir())
    (folder / "state.pt").rename(folder / "custom_checkpoint_0.pkl")
    train(stopped, order(epochs=3, ema_decay=0.5), Silent(), run_id=1)
    train(stopped, order(epochs=3, ema_decay=0.5), Silent())
    assert curve(stopped, 1) == curve(stopped, 2)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([1] * 10 + [-1] * 3, "10 known cells, all of class 'bright'.*at least two classes"),
        ([-1] * 5, "0 known cells, none at all"),
        ([0, 1], "too few different images.*'dark' 1, 'bright' 1.*need two each"),
        ([0, -1], "1 known cells, all of class 'dark'"),
        ([-1, -1], "none at all"),
        ([0, 0, 0, 1], "too few different images.*'dark' 3, 'bright' 1"),
    ],
)
def test_a_label_with_too_little_to_learn_from_is_told_and_leaves_nothing_behind(tmp_path, values, told):
    ws = tiny.workspace(tmp_path / "little", values)
    job = done(ws)
    assert job.state == "failed"
    assert pytest.raises(GapwiseError, match=told).matches(GapwiseError(job.message))
    assert job.actions == ("clone", "retry", "delete")
    assert runs_there(ws) == []
    assert list((ws.root / "runs").iterdir()) == []
    with ws.read() as connection:
        assert connection.execute(select(schema.holdout)).first() is None  # chosen once more when there are more


def test_the_smallest_label_that_can_be_learned_is_learned(tmp_path):
    ws = tiny.workspace(tmp_path / "least", [0, 0, 1, 1])
    assert done(ws).state == "finished"


def test_a_learning_rate_that_ruins_the_weights_is_told_and_the_best_epoch_is_kept(ws, earlier):
    job = done(ws, order(epochs=40, lr=10.0, optimizer="sgd", warmup_epochs=20))
    assert job.state == "failed"
    assert "The loss is no number any more in epoch" in job.message
    assert "lower learning rate" in job.message
    assert job.actions == ("clone", "retry", "resume", "delete")
    measured = runs.metrics_frame(ws, job.run_id)
    assert len(measured) >= 1
    assert measured["loss"].notna().all()
    best = load_file(RunDir(ws.run_dir(job.run_id)).best)
    assert all(value.isfinite().all() for value in best.values())
    assert predict(ws, job.run_id, Silent()) == 6
    earlier()
    assert done(ws).state == "finished"


def test_weights_that_are_ruined_by_an_epochs_last_step_become_neither_best_nor_latest(ws, monkeypatch):
    from core.training.loop import Trainer

    logits = Trainer.logits

    def ruined(self, cells):
        return logits(self, cells) * (float("nan") if self.position.epoch == 1 else 1.0)

    monkeypatch.setattr(Trainer, "logits", ruined)
    job = done(ws)
    assert "no number any more in epoch 2" in job.message
    assert len(runs.metrics_frame(ws, 1)) == 1
    assert json.loads((ws.run_dir(1) / "latest.json").read_text())["folder"].startswith("1-")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_from_a_file_that_are_no_numbers_are_refused_before_anything_is_trained(ws, earlier, tmp_path, value):
    weights = load_file(RunDir(ws.run_dir(1)).best)
    name = next(k for k, v in weights.items() if v.ndim == 4)
    weights[name][0, 0, 0, 0] = value
    save_file(weights, tmp_path / "ruined.safetensors")
    job = done(ws, order(weights=str(tmp_path / "ruined.safetensors")))
    assert job.state == "failed"
    assert f"hold values that are no numbers (NaN or infinite), for example in {name}" in job.message
    assert job.actions == ("clone", "retry", "delete")
    assert runs_there(ws) == [1]
    earlier()


def test_a_line_of_metrics_that_a_power_failure_left_is_forgotten(stopped):
    folder = RunDir(stopped.run_dir(1))
    with open(folder.metrics, "ab") as file:
        file.write(b"\x00" * 64 + b'\n{"epoch": 3, "lo')
    train(stopped, order(epochs=3, ema_decay=0.5), Silent(), run_id=1)
    assert [row[0] for row in curve(stopped, 1)] == [1, 2, 3]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        RuntimeError("database or disk is full"),
    ],
)
def test_a_full_disk_is_told_as_such_whoever_meets_it(error):
    """The writer of weights has errors of its own, without a number: "I/O error … (The log has the details.)"."""
    assert worker._plain(error) == FULL
