"""Previews are made once and reused."""

from __future__ import annotations

import pytest
from PIL import Image

from core.errors import GapwiseError
from core.images.previews import LONG_SIDE, failed_previews, make_previews, preview
from core.jobs.reporter import Silent
from core.store import schema
from core.store.images import add_images
from core.workspace import Workspace
from tests.images.pictures import encoded, noise


@pytest.fixture
def ws(tmp_path):
    """A workspace with five pictures: wide, high, small, with alpha, and one whose file is gone."""
    made = Workspace.create(tmp_path / "ws")
    pictures = {
        "wide.jpg": encoded(noise(0, 1600, 400), "JPEG"),
        "high.png": encoded(noise(1, 100, 1000), "PNG"),
        "small.bmp": encoded(noise(2, 30, 20), "BMP"),
        "alpha.png": encoded(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG"),
    }
    for name, content in pictures.items():
        (tmp_path / name).write_bytes(content)
    common = {
        "name": "t",
        "digest": "x",
        "file": "t",
        "images_root": str(tmp_path),
        "plan": {},
        "rows": 5,
        "created": 0.0,
    }
    with made.write() as connection:
        table_id = connection.execute(schema.source_table.insert(), common).inserted_primary_key[0]
        facts = {"table_id": table_id, "width": 1, "height": 1, "bytes": 1, "digest": "x"}
        names = [*pictures, "gone.jpg"]
        rows = [{**facts, "row": i, "fname": name, "path": str(tmp_path / name)} for i, name in enumerate(names)]
        assert add_images(connection, rows) == [1, 2, 3, 4, 5]
    return made


def size(ws, image_id):
    with Image.open(ws.preview_path(image_id)) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
        return image.size


def test_they_are_small_jpegs_that_keep_their_shape_and_never_grow(ws):
    assert make_previews(ws) == 4
    assert [size(ws, i) for i in (1, 2, 3, 4)] == [(LONG_SIDE, 192), (77, LONG_SIDE), (30, 20), (50, 50)]
    with Image.open(ws.preview_path(4)) as image:
        assert image.getpixel((25, 25)) == (255, 255, 255)


def test_a_second_time_makes_only_what_is_missing(ws):
    make_previews(ws)
    stamp = ws.preview_path(1).stat().st_mtime_ns
    ws.preview_path(2).unlink()
    assert make_previews(ws) == 1
    assert ws.preview_path(1).stat().st_mtime_ns == stamp


def test_a_picture_that_fails_is_reported_and_not_fatal(ws):
    make_previews(ws)
    assert list(failed_previews(ws)) == [5]
    assert "gone.jpg" in failed_previews(ws)[5]
    assert not ws.preview_path(5).exists()


def test_only_some_images_can_be_asked_for(ws):
    assert make_previews(ws, image_ids=[2, 3]) == 2
    assert not ws.preview_path(1).exists()


def test_progress_is_told_and_a_stop_is_heeded(ws):
    heard = []

    class Ear(Silent):
        def progress(self, done, total, message="", **figures):
            heard.append((done, total))

        def should_stop(self):
            return len(heard) == 2

    make_previews(ws, Ear())
    assert heard == [(1, 5), (2, 5)]
    make_previews(ws)  # takes up what was left
    assert all(ws.preview_path(i).is_file() for i in (1, 2, 3, 4))


def test_a_single_one_is_made_on_demand(ws):
    path = preview(ws, 1)
    assert path == ws.preview_path(1)
    stamp = path.stat().st_mtime_ns
    assert preview(ws, 1).stat().st_mtime_ns == stamp
    with pytest.raises(GapwiseError, match=r"gone\.jpg"):
        preview(ws, 5)
    with pytest.raises(GapwiseError, match="99"):
        preview(ws, 99)


def test_no_half_written_files_stay(ws):
    make_previews(ws)
    assert not [p for p in (ws.root / "previews").rglob("*") if p.suffix == ".part"]
