"""The cache of decoded pictures."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import GapwiseError
from core.jobs.reporter import Silent
from core.training import pictures as module
from core.training.pictures import Pictures
from tests import tiny


@pytest.fixture
def ws(tmp_path: Path):
    return tiny.workspace(tmp_path / "ws", [0, 1, 0])


def paths(ws) -> dict[int, str]:
    return {i + 1: str(ws.root / "images" / f"{i:03d}.png") for i in range(3)}


def prepared(ws, size=(16, 24), which=None) -> Pictures:
    found = Pictures(ws, which or paths(ws), size)
    found.prepare(Silent())
    return found


def test_a_picture_has_the_size_asked_for_and_its_own_pixels(ws):
    picture = prepared(ws, (32, 32))[2]
    np.testing.assert_array_equal(picture, np.asarray(Image.open(paths(ws)[2])))
    assert prepared(ws)[1].shape == (16, 24, 3)


def test_decoding_happens_once(ws, monkeypatch):
    before = [prepared(ws)[i].copy() for i in (1, 2, 3)]
    monkeypatch.setattr(module, "open_rgb", None)
    for i, picture in zip((1, 2, 3), before, strict=True):
        np.testing.assert_array_equal(prepared(ws)[i], picture)


def test_more_pictures_join_a_cache_that_is_there(ws):
    first = prepared(ws, which={1: paths(ws)[1]})[1].copy()
    later = prepared(ws)
    np.testing.assert_array_equal(later[1], first)
    assert later[3].any()


def test_a_picture_that_can_not_be_read_is_named_and_the_others_are_there(ws):
    Path(paths(ws)[2]).write_bytes(b"no picture")
    found = prepared(ws)
    assert list(found.failed) == [2]
    assert found[1].any()


def test_the_preview_is_read_where_it_is_large_enough(ws):
    preview = ws.preview_path(1)
    preview.parent.mkdir(parents=True)
    Image.new("RGB", (64, 64), (200, 10, 10)).save(preview)
    assert prepared(ws)[1][:, :, 0].min() > 190


def test_without_room_on_the_disk_pictures_are_decoded_each_time(ws, monkeypatch):
    monkeypatch.setattr(Pictures, "_room", lambda self: 0)
    Path(paths(ws)[2]).write_bytes(b"no picture")
    found = prepared(ws)
    assert found[1].shape == (16, 24, 3)
    assert list(found.failed) == [2]
    assert not (ws.root / "cache").exists()


def test_a_disk_that_fills_up_is_told_and_nothing_half_written_counts(ws, monkeypatch):
    def full(descriptor, content, offset):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(GapwiseError, match="No space left on device"):
        prepared(ws)
    monkeypatch.undo()
    assert prepared(ws)[1].any()


def test_a_glance_takes_what_is_kept_decodes_the_rest_and_writes_nothing(ws, monkeypatch):
    kept = prepared(ws, which={1: paths(ws)[1]})[1].copy()
    files = {f: f.read_bytes() for f in (ws.root / "cache").iterdir()}
    Path(paths(ws)[3]).write_bytes(b"no picture")
    asked: list[str] = []
    decode = module.open_rgb
    monkeypatch.setattr(module, "open_rgb", lambda path, **more: asked.append(str(path)) or decode(path, **more))
    found = Pictures(ws, paths(ws), (16, 24)).glance()
    assert asked == []
    np.testing.assert_array_equal(found[1], kept)
    assert found[2].any()
    assert asked == [paths(ws)[2]]
    with pytest.raises(GapwiseError, match="002.png"):
        found[3]
    assert {f: f.read_bytes() for f in (ws.root / "cache").iterdir()} == files


def test_a_glance_needs_no_cache(ws):
    assert Pictures(ws, paths(ws), (16, 24)).glance()[1].shape == (16, 24, 3)
    assert not (ws.root / "cache").exists()
