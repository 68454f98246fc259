"""ONNX files: written, checked against the network, kept only when they agree."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from scipy.special import softmax
from sqlalchemy import select

from core.errors import GapwiseError
from core.exporting import onnx as module
from core.exporting.onnx import export_onnx
from core.jobs.reporter import Silent
from core.store import runs, schema
from core.training.train import Order, train
from core.workspace import Workspace
from tests import tiny
from tests.training.conftest import VALUES


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Workspace:
    """A trained run and its ONNX file, written once; for looking at."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    ws = tiny.workspace(tmp_path_factory.mktemp("onnx") / "ws", VALUES)
    train(ws, Order("bright", "tiny", tiny.recipe(epochs=1)), Silent())
    assert str(ws.run_dir(1) / runs.ONNX) in export_onnx(ws, 1, Silent())
    torch.set_num_threads(before)
    return ws


@pytest.fixture
def trained(exported, tmp_path) -> Workspace:
    """A copy of it, without the ONNX file."""
    copy = Workspace.open(shutil.copytree(exported.root, tmp_path / "copy"))
    for file in copy.run_dir(1).glob("*.onnx*"):
        file.unlink()
    return copy


@pytest.fixture
def quick(monkeypatch) -> Callable[[float], None]:
    """Export without the exporter, which takes seconds; the argument is the difference that the check finds."""

    def make(difference: float) -> None:
        monkeypatch.setattr(module, "_write", lambda model, path, about: path.write_bytes(b"new"))
        monkeypatch.setattr(module, "largest_difference", lambda *a: difference)

    return make


def held_out(ws) -> tuple[list[str], list[list[float]]]:
    """Paths of held-out pictures and what the run's stored predictions say about them."""
    p, i = schema.proposal.c, schema.image.c
    with ws.read() as connection:
        query = select(i.path, p.probs).join(schema.proposal, p.image_id == i.id).where(p.heldout == 1)
        rows = connection.execute(query).all()
    return [r.path for r in rows], [r.probs for r in rows]


def test_the_file_alone_is_enough_to_get_the_runs_own_probabilities(exported):
    path = exported.run_dir(1) / runs.ONNX
    # From here on as somebody would who has nothing but the file.
    session = onnxruntime.InferenceSession(str(path))
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about["classes"]) == ["0", "1"]
    assert json.loads(about["names"]) == ["dark", "bright"]
    mean, std = (np.array(json.loads(about[k]), np.float32) for k in ("mean", "std"))
    paths, expected = held_out(exported)
    side = int(about["width"]), int(about["height"])
    pixels = np.stack([np.asarray(Image.open(p).convert("RGB").resize(side)) for p in paths])  # (N, H, W, 3)
    images = ((pixels / np.float32(255) - mean) / std).transpose(0, 3, 1, 2)
    logits, found = session.run(None, {"images": images})
    assert found == pytest.approx(np.array(expected), abs=1e-4)
    assert softmax(logits / float(about["temperature"]), axis=1) == pytest.approx(found, abs=1e-5)
    for count in (1, 3):
        assert session.run(["probabilities"], {"images": images[:count]})[0].shape == (count, 2)


def test_the_check_is_stored_beside_the_file(exported):
    path = exported.run_dir(1) / runs.ONNX
    onnx.checker.check_model(str(path), full_check=True)
    report = json.loads((exported.run_dir(1) / runs.ONNX_CHECK).read_text())
    with exported.read() as connection:
        held = len(connection.execute(select(schema.holdout)).all())
    assert report["pictures"] == held
    assert report["random"] == 8
    assert 0 <= report["largest_difference"] < 1e-4
    assert [f.name for f in path.parent.iterdir() if f.name.endswith((".part", ".data"))] == []


def test_a_file_that_says_something_else_is_refused_and_the_one_before_stays(trained, quick):
    path = trained.run_dir(1) / runs.ONNX
    path.write_bytes(b"before")
    quick(0.0011)
    with pytest.raises(GapwiseError, match=r"differ from PyTorch's by 0\.0011 on .* at most 0\.001 is allowed"):
        export_onnx(trained, 1, Silent())
    assert path.read_bytes() == b"before"
    assert not (trained.run_dir(1) / runs.ONNX_CHECK).exists()


class Fixed(torch.nn.Module):
    """Gives the same probabilities for any picture."""

    def __init__(self, probs: list[float]) -> None:
        super().__init__()
        self.probs = torch.nn.Parameter(torch.tensor([probs]))

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        probs = self.probs + 0 * images.mean((1, 2, 3))[:, None]
        return probs.log(), probs


def test_the_largest_difference_of_any_batch_counts_and_no_number_is_the_largest(tmp_path):
    file = tmp_path / "fixed.onnx"
    module._write(Fixed([0.25, 0.75]).eval(), file, {"height": 4, "width": 4, "model": "fixed"})
    batches = [torch.zeros(1, 3, 4, 4), torch.zeros(5, 3, 4, 4)]
    assert module.largest_difference(Fixed([0.25, 0.75]), file, batches) == 0
    assert module.largest_difference(Fixed([0.5, 0.5]), file, batches) == pytest.approx(0.25)
    assert module.largest_difference(Fixed([float("nan"), 0.5]), file, batches) == float("inf")
    assert module.largest_difference(Fixed([0.2, 0.2, 0.6]), file, batches) == float("inf")


class Counting(torch.nn.Module):
    """Takes the number of pictures for a constant, so that its file takes as many as the example had."""

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        probs = torch.full((len(images), 2), 0.5) + 0 * images.mean()
        return probs, probs


class Deciding(torch.nn.Module):
    """Looks at the pictures to decide what to compute, which a graph can't."""

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        probs = images.mean((2, 3)) if images.sum().item() > 0 else images.amax((2, 3))
        return probs, probs


def test_a_file_that_takes_one_number_of_pictures_only_is_refused(tmp_path):
    file = tmp_path / "counting.onnx"
    module._write(Counting().eval(), file, {"height": 4, "width": 4, "model": "counting"})
    with pytest.raises(GapwiseError, match="onnxruntime can't run it"):
        module.largest_difference(Counting(), file, [torch.zeros(5, 3, 4, 4)])


def test_a_network_that_can_not_be_written_is_told(tmp_path):
    with pytest.raises(GapwiseError, match="deciding can't be written as ONNX"):
        module._write(Deciding().eval(), tmp_path / "x.onnx", {"height": 4, "width": 4, "model": "deciding"})


def test_a_broken_file_is_told(tmp_path):
    (tmp_path / "x.onnx").write_bytes(b"no network")
    with pytest.raises(GapwiseError, match="onnxruntime can't run it"):
        module.largest_difference(Fixed([1.0]), tmp_path / "x.onnx", [torch.zeros(1, 3, 4, 4)])


def test_a_file_elsewhere_has_its_report_beside_it_and_the_workspace_is_left_alone(trained, tmp_path, quick):
    quick(0.0)
    out = tmp_path / "mine.onnx"
    export_onnx(trained, 1, Silent(), out)
    assert out.is_file()
    assert json.loads((tmp_path / "mine.onnx.json").read_text())["run"] == 1
    assert not (trained.run_dir(1) / runs.ONNX).exists()


def test_the_workspaces_own_files_and_folders_that_are_not_there_are_refused(trained, tmp_path):
    with pytest.raises(GapwiseError, match="workspace's own files"):
        export_onnx(trained, 1, Silent(), trained.run_dir(1) / runs.BEST)
    with pytest.raises(GapwiseError, match="no folder"):
        export_onnx(trained, 1, Silent(), tmp_path / "nowhere" / "x.onnx")


def test_a_stop_leaves_nothing_behind(trained, quick):
    quick(0.0)

    class Stopped(Silent):
        def should_stop(self) -> bool:
            return True

    assert "not kept" in export_onnx(trained, 1, Stopped())
    assert not list(trained.run_dir(1).glob("*onnx*"))
    assert not list(trained.run_dir(1).glob(".*"))


@pytest.mark.parametrize("name", ["notes.txt", "folder.onnx", "folder"])
def test_a_file_of_another_kind_and_a_folder_are_left_alone(trained, tmp_path, name):
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("keep")
    with pytest.raises(GapwiseError, match="no place for an ONNX file: expected a file whose name ends with .onnx"):
        export_onnx(trained, 1, Silent(), tmp_path / name)
    assert (tmp_path / "notes.txt").read_text() == "keep"


def test_a_run_without_a_checkpoint_is_told(trained):
    (trained.run_dir(1) / runs.BEST).unlink()
    with pytest.raises(GapwiseError, match="no checkpoint"):
        export_onnx(trained, 1, Silent())
