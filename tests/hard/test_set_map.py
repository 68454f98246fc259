"""The map of the set: made in a worker process, read without torch."""

from __future__ import annotations

import hashlib
import sys
import types

import numpy as np
import pytest
import torch

from core.errors import GapwiseError
from core.hard import features, set_file, set_map
from core.hard.nearest import nearest_known
from core.hard.projection import main_directions, two_dimensions
from core.jobs.reporter import Silent
from core.store.runs import BEST
from core.training.pictures import Pictures
from core.training.train import Order, train
from tests import tiny


class Stopping(Silent):
    """Asks for a stop once it was told of so many pictures."""

    def __init__(self, after: int) -> None:
        self.after, self.stopped = after, False

    def progress(self, done, total, message="", **figures):
        self.stopped = self.stopped or (message.startswith("Looking at the pictures") and done >= self.after)

    def should_stop(self) -> bool:
        return self.stopped


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    values = [i % 2 for i in range(24)] + [-1] * 10
    with pytest.MonkeyPatch.context() as patch, tiny.one_thread():
        patch.setenv("GAPWISE_LOCKS", str(tmp_path_factory.mktemp("locks")))
        made = tiny.workspace(tmp_path_factory.mktemp("set") / "ws", values, twins=((3, 30),))
        train(made, Order("bright", "tiny", tiny.recipe(epochs=1)), Silent())
        yield made


@pytest.fixture(autouse=True)
def _fresh(request):
    yield
    if "ws" in request.fixturenames:
        (request.getfixturevalue("ws").run_dir(1) / set_file.FILE).unlink(missing_ok=True)


def test_every_image_is_placed_known_or_not_and_its_nearest_are_known_ones(ws):
    pytest.importorskip("openTSNE")
    assert set_file.set_map(ws, 1) is None
    assert set_map.embed(ws, 1, Silent()) == "34 images are placed."
    found = set_file.set_map(ws, 1)
    assert found.image_ids.tolist() == list(range(1, 35))
    assert found.current
    assert np.abs(found.xy).max() == pytest.approx(1)
    assert found.near.shape == (34, set_file.NEAR)
    assert set(found.near.reshape(-1).tolist()) <= set(range(1, 25))
    assert (found.near != found.image_ids[:, None]).all()
    assert (np.diff(found.cosine, axis=1) <= 1e-3).all()
    # Image 31 is a copy of image 4.
    assert found.near[30, 0] == 4
    assert found.picture[30, 0] == pytest.approx(1, abs=1e-2)
    assert not (ws.run_dir(1) / set_map.FOLDER).exists()


def test_columns_say_label_source_error_and_confidence_of_each(ws):
    with ws.read() as connection:
        found = set_file.set_columns(connection, 1, 1, np.arange(1, 35))
    assert found["value"].tolist() == [i % 2 for i in range(24)] + [-1] * 10
    assert found["source"].tolist() == [0] * 24 + [-1] * 10
    measured = found["wrong"] >= 0
    assert measured.sum() == (np.isfinite(found["confidence"]) & (found["value"] >= 0)).sum() > 0
    wrong = found["predicted"][measured] != found["value"][measured]
    assert found["wrong"][measured].tolist() == wrong.astype(int).tolist()


def test_a_stopped_one_goes_on_where_it_ended_also_behind_a_torn_row(ws, monkeypatch):
    pytest.importorskip("openTSNE")
    monkeypatch.setattr(features, "BATCH", 10)
    looked = []
    once = features.looked_at
    monkeypatch.setattr(
        features, "looked_at", lambda network, batch: (looked.append(len(batch)), once(network, batch))[1]
    )
    assert set_map.embed(ws, 1, Stopping(20)).startswith("Stopped")
    assert looked == [10, 10]
    assert set_file.set_map(ws, 1) is None
    kept = ws.run_dir(1) / set_map.FOLDER
    with open(kept / features.TINY, "ab") as file:
        file.truncate(file.tell() - 7)  # killed while it wrote: the twentieth picture has no whole row
    set_map.embed(ws, 1, Silent())
    assert looked == [10, 10, 10, 5]
    torn = set_file.set_map(ws, 1)
    set_map.embed(ws, 1, Silent())
    whole = set_file.set_map(ws, 1)
    assert np.array_equal(torn.xy, whole.xy)
    assert np.array_equal(torn.near, whole.near)


def test_what_was_kept_of_another_checkpoint_is_not_used(ws, tmp_path):
    kept = features.Features(tmp_path / "set", [1, 2], "old")
    kept._begin(4)
    assert kept._begun()["width"] == 4
    assert features.Features(tmp_path / "set", [1, 2], "new")._begun() is None
    assert features.Features(tmp_path / "set", [1, 3], "old")._begun() is None


def test_a_map_made_before_the_run_was_trained_on_says_so(ws):
    made = set_file.SetMap(
        np.arange(1, 4, dtype=np.int32), np.zeros((3, 2), np.float32), np.full((3, 2), -1, np.int32),
        np.zeros((3, 2), np.float32), np.zeros((3, 2), np.float32), "0" * 64,
    )  # fmt: skip
    set_file.write(ws, 1, made)
    assert not set_file.set_map(ws, 1).current
    set_file.write(ws, 1, set_file.SetMap(**{**vars(made), "digest": set_file.checkpoint_digest(ws, 1)}))
    assert set_file.set_map(ws, 1).current


def test_a_checkpoint_that_was_replaced_meanwhile_is_not_taken_for_the_one_that_was_asked(ws, monkeypatch):
    pytest.importorskip("openTSNE")
    best, prepare = ws.run_dir(1) / BEST, Pictures.prepare
    before = best.read_bytes()

    def replaced(pictures, reporter):
        prepare(pictures, reporter)
        best.write_bytes(before + b"newer")

    monkeypatch.setattr(Pictures, "prepare", replaced)
    try:
        set_map.embed(ws, 1, Silent())
        made = set_file.set_map(ws, 1)
    finally:
        best.write_bytes(before)
    assert made.digest == hashlib.sha256(before).hexdigest()
    assert not made.current


def test_a_file_that_is_no_map_is_refused_and_runs_nothing(ws):
    path = ws.run_dir(1) / set_file.FILE
    for content in (b"", b"PK\x03\x04 torn", np.arange(3).tobytes()):
        path.write_bytes(content)
        with pytest.raises(GapwiseError, match=r"can't be read.*python -m core embed"):
            set_file.set_map(ws, 1)
    odd = {"image_ids": np.arange(3), "xy": np.zeros((3, 2)), "near": np.zeros((2, 2), int)}
    for more in ({"near": np.array([[object()]], dtype=object)}, {"xy": np.full((3, 2), np.nan)}, {}):
        parts = {
            **odd,
            "cosine": np.zeros((2, 2)),
            "picture": np.zeros((2, 2)),
            "digest": np.zeros(1, np.uint8),
            **more,
        }
        np.savez(path, **parts)
        with pytest.raises(GapwiseError, match="can't be read"):
            set_file.set_map(ws, 1)


def test_without_the_library_it_says_what_to_install_before_it_works(ws, monkeypatch):
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    with pytest.raises(GapwiseError, match="pip install openTSNE"):
        set_map.embed(ws, 1, Silent())
    assert not (ws.run_dir(1) / set_map.FOLDER).exists()


def test_the_nearest_known_are_those_that_all_pairs_give():
    random = np.random.default_rng(0)
    points = random.standard_normal((60, 8)).astype(np.float32)
    known = np.sort(random.permutation(60)[:25])
    found, cosine = nearest_known(points, known, 4, Silent())
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    alike = unit @ unit[known].T
    alike[known, np.arange(25)] = -2
    order = np.argsort(-alike, axis=1)[:, :4]
    assert (found == known[order]).all()
    assert cosine == pytest.approx(np.take_along_axis(alike, order, axis=1), abs=1e-5)


@pytest.mark.parametrize("known", [[], [2]])
def test_with_hardly_any_known_image_the_rest_is_none(known):
    found, cosine = nearest_known(np.eye(4, dtype=np.float32), np.array(known, int), 3, Silent())
    wanted = np.full((4, 3), -1)
    wanted[[i for i in range(4) if i != 2], 0] = 2 if known else -1
    assert (found == wanted).all()
    assert np.isfinite(cosine).all()


def test_main_directions_are_those_of_pca():
    from sklearn.decomposition import PCA

    random = np.random.default_rng(0)
    points = random.standard_normal((5000, 6)) @ np.diag([9, 5, 3, 1, 0.5, 0.1]) + 40
    found, wanted = main_directions(points.astype(np.float32), 3), PCA(3).fit_transform(points)
    sign = np.sign((found * wanted).sum(axis=0))
    assert found == pytest.approx(wanted * sign, abs=0.02)


def test_groups_stay_together_on_the_map_and_it_is_the_same_every_time():
    pytest.importorskip("openTSNE")
    random = np.random.default_rng(0)
    centres = 20 * random.standard_normal((3, 10))
    points = (np.repeat(centres, 40, axis=0) + random.standard_normal((120, 10))).astype(np.float32)
    xy = two_dimensions(points, Silent())
    group = np.repeat(np.arange(3), 40)
    apart = np.linalg.norm(xy[:, None] - xy[None], axis=2) + 9 * np.eye(120)
    assert (group[apart.argmin(axis=1)] == group).mean() > 0.98
    assert np.array_equal(xy, two_dimensions(points, Silent()))


def test_drawing_can_be_stopped():
    pytest.importorskip("openTSNE")
    stopping = Silent()
    stopping.should_stop = lambda: True
    assert two_dimensions(np.random.default_rng(0).standard_normal((60, 5)).astype(np.float32), stopping) is None


def test_a_few_images_lie_along_their_main_directions():
    assert two_dimensions(np.array([[3.0], [-1.0]], np.float32), Silent()).tolist() == [[1, 0], [-1, 0]]


def test_pictures_that_are_all_alike_lie_in_one_place():
    assert not two_dimensions(np.zeros((60, 5), np.float32), Silent()).any()


def test_a_network_whose_features_are_no_numbers_is_told():
    model = types.SimpleNamespace(
        forward_features=lambda x: x * float("nan"), forward_head=lambda x, pre_logits: x.mean((2, 3))
    )
    network = types.SimpleNamespace(model=model, normalize=lambda pictures: pictures.float())
    with pytest.raises(GapwiseError, match="is no number"):
        features.looked_at(network, torch.ones(2, 3, 4, 4, dtype=torch.uint8))
