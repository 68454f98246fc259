"""Previews and measures are made in one look at each picture, once."""

from __future__ import annotations

import pytest
from PIL import Image

from core.errors import GapwiseError
from core.images import prepare as module
from core.images.measure import measure
from core.images.prepare import Prepared, prepare
from core.images.previews import LONG_SIDE, failed_previews, preview
from core.jobs.reporter import Silent
from core.store import measured, schema
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


real = module.open_dated


def figures(ws):
    with ws.read() as connection:
        return {row.image_id: tuple(row)[1:] for row in connection.execute(schema.image_fact.select())}


def size(ws, image_id):
    with Image.open(ws.preview_path(image_id)) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
        return image.size


def test_they_are_small_jpegs_that_keep_their_shape_and_never_grow(ws):
    assert prepare(ws).previews == 4
    assert [size(ws, i) for i in (1, 2, 3, 4)] == [(LONG_SIDE, 192), (77, LONG_SIDE), (30, 20), (50, 50)]
    with Image.open(ws.preview_path(4)) as image:
        assert image.getpixel((25, 25)) == (255, 255, 255)


def test_a_second_time_makes_only_what_is_missing(ws):
    prepare(ws)
    stamp = ws.preview_path(1).stat().st_mtime_ns
    ws.preview_path(2).unlink()
    assert prepare(ws).previews == 1
    assert ws.preview_path(1).stat().st_mtime_ns == stamp


def test_a_picture_that_fails_is_reported_and_not_fatal(ws):
    prepare(ws)
    assert list(failed_previews(ws)) == [5]
    assert "gone.jpg" in failed_previews(ws)[5]
    assert not ws.preview_path(5).exists()


def test_every_picture_is_measured_in_the_same_look(ws, monkeypatch):
    opened = []
    monkeypatch.setattr(module, "open_dated", lambda path, side: opened.append(path) or real(path, side))
    assert prepare(ws) == Prepared(previews=4, measured=4, failed=1)
    assert len(opened) == 5
    found = figures(ws)
    expected = measure(ws.root.parent / "wide.jpg")
    assert found[1] == (expected.brightness, expected.contrast, expected.sharpness, None, None)
    assert found[4][:3] == (1.0, 0.0, 0.0)  # alpha lies over white
    assert found[5][:4] == (None,) * 4
    assert "gone.jpg" in found[5][4]
    with ws.read() as connection:
        left = measured.progress(connection)
    assert (left.images, left.waiting, left.failed) == (5, 0, 1)
    assert "gone.jpg" in left.problem


def test_without_previews_the_figures_are_the_same(ws):
    prepare(ws, previews=False)
    alone = figures(ws)
    assert not ws.preview_path(1).exists()
    assert not (ws.root / "previews" / "failed.json").exists()
    with ws.write() as connection:
        connection.execute(schema.image_fact.delete())
    prepare(ws)
    assert figures(ws) == alone


def test_a_picture_that_is_back_is_measured_the_next_time_and_nothing_else_is(ws):
    prepare(ws)
    with ws.write() as connection:
        connection.exec_driver_sql("UPDATE image_fact SET brightness = 7 WHERE image_id = 1")
    (ws.root.parent / "gone.jpg").write_bytes(encoded(noise(9), "JPEG"))
    assert prepare(ws) == Prepared(previews=1, measured=1, failed=0)
    assert figures(ws)[1][0] == 7
    assert figures(ws)[5][4] is None
    assert figures(ws)[5][0] == pytest.approx(0.5, abs=0.05)


def test_there_is_a_new_edition_for_a_pass_that_found_something(ws):
    def edition():
        with ws.read() as connection:
            return measured.edition(connection)

    (ws.root.parent / "gone.jpg").write_bytes(encoded(noise(9), "JPEG"))
    before = edition()
    prepare(ws)
    assert edition() == before + 1
    prepare(ws)
    assert edition() == before + 1


def test_what_was_measured_stays_when_whoever_watches_goes_away(ws, monkeypatch):
    class Gone(Exception):
        pass

    class Leaves(Silent):
        def progress(self, done, total, message="", **figures):
            if done == 3:
                raise Gone

    with pytest.raises(Gone):
        prepare(ws, Leaves())
    assert sorted(figures(ws)) == [1, 2, 3]
    assert prepare(ws).measured == 1


def test_rows_are_written_many_at_once(ws, monkeypatch):
    sizes = []
    monkeypatch.setattr(module, "ROWS", 2)
    put = measured.put
    monkeypatch.setattr(measured, "put", lambda connection, rows: sizes.append(len(rows)) or put(connection, rows))
    prepare(ws)
    assert sizes == [2, 2, 1]


def test_measures_go_with_their_image(ws):
    prepare(ws)
    with ws.write() as connection:
        connection.execute(schema.image.delete().where(schema.image.c.id == 2))
    assert sorted(figures(ws)) == [1, 3, 4, 5]


def test_progress_is_told_and_a_stop_is_heeded(ws):
    heard = []

    class Ear(Silent):
        def progress(self, done, total, message="", **figures):
            heard.append((done, total))

        def should_stop(self):
            return len(heard) == 2

    prepare(ws, Ear())
    assert sorted(figures(ws)) == [1, 2]
    assert heard == [(1, 5), (2, 5)]
    prepare(ws)  # takes up what was left
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
    prepare(ws)
    assert not [p for p in (ws.root / "previews").rglob("*") if p.suffix == ".part"]
