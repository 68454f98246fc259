from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PIL import Image

from core.errors import GapwiseError
from core.exporting.image_folder import write_image_folder
from core.jobs.reporter import Silent
from core.store import images
from tests.conftest import BINARY


def read(folder):
    with open(folder / "metadata.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_metadata_points_at_every_image_and_keeps_the_columns(build, tmp_path):
    ws = build({"fname": ["b.png", "sub/=a.png"], "mask": ["1.0", ""]}, {"mask": BINARY})
    assert write_image_folder(ws, tmp_path / "out") == 2
    lines = read(tmp_path / "out")
    assert lines == [
        {"file_name": "images/b.png", "mask": "1.0", "fname": "b.png"},
        {"file_name": "images/sub/=a.png", "mask": "", "fname": "sub/=a.png"},
    ]
    with ws.read() as connection:
        sources = [images.image_by_name(connection, n).path for n in ("b.png", "sub/=a.png")]
    for line, source in zip(lines, sources, strict=True):
        assert (tmp_path / "out" / line["file_name"]).read_bytes() == Path(source).read_bytes()


def test_rows_set_aside_have_no_image_and_are_left_out(build, tmp_path):
    ws = build({"mask": ["1", "0"]}, {"mask": BINARY}, aside={0: "gone"})
    assert write_image_folder(ws, tmp_path / "out") == 1
    assert [line["file_name"] for line in read(tmp_path / "out")] == ["images/1.png"]


def test_images_without_an_extension_get_one_and_no_two_share_a_name(build, tmp_path):
    names = ["a", "a.png", "A.PNG", "sub\\b.png", "sub/b.png", "../out.png"]
    ws = build({"fname": names, "mask": ["1"] * 6}, {"mask": BINARY})
    write_image_folder(ws, tmp_path / "out")
    found = [line["file_name"] for line in read(tmp_path / "out")]
    assert found == [
        "images/a.png", "images/a_2.png", "images/A_3.PNG", "images/sub/b.png", "images/sub/b_2.png", "images/out.png",
    ]  # fmt: skip
    for row, name in enumerate(found):
        with Image.open(tmp_path / "out" / name) as picture:
            assert picture.getpixel((0, 0)) == (row, 0, 40)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "ws"]


def test_columns_that_loaders_would_open_as_files_are_renamed(build, tmp_path):
    columns = {"file_name": ["x"], "image_file_name": ["y"], "mask_file_names": ["z"], "filename": ["w"], "mask": ["1"]}
    ws = build(columns, {"mask": BINARY})
    write_image_folder(ws, tmp_path / "out")
    (line,) = read(tmp_path / "out")
    assert line == {
        "file_name": "images/0.png", "filename_": "x", "image_filename": "y", "mask_filenames": "z", "filename": "w",
        "mask": "1", "fname": "0.png",
    }  # fmt: skip


def test_a_folder_that_holds_something_is_refused_and_left_alone(build, tmp_path):
    ws = build({"mask": ["1"]}, {"mask": BINARY})
    (tmp_path / "out").mkdir()
    assert write_image_folder(ws, tmp_path / "out") == 1
    before = (tmp_path / "out" / "metadata.csv").read_bytes()
    for taken in (tmp_path / "out", tmp_path / "out" / "metadata.csv"):
        with pytest.raises(GapwiseError, match="nothing is overwritten"):
            write_image_folder(ws, taken)
    assert (tmp_path / "out" / "metadata.csv").read_bytes() == before


def test_a_place_that_can_not_be_written_and_a_picture_that_went_away_are_told(build, tmp_path):
    ws = build({"mask": ["1"]}, {"mask": BINARY})
    (tmp_path / "file").write_text("")
    with pytest.raises(GapwiseError, match="Can't export"):
        write_image_folder(ws, tmp_path / "file" / "out")
    (ws.root / "images" / "0.png").unlink()
    with pytest.raises(GapwiseError, match=r"1 of 1 images are not where they were.*0\.png.*Nothing was written"):
        write_image_folder(ws, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_progress_is_told_and_a_stop_is_obeyed(build, tmp_path):
    class Once(Silent):
        def __init__(self):
            self.told = []

        def progress(self, done, total, message="", **figures):
            self.told.append((done, total))

        def should_stop(self):
            return len(self.told) == 1

    reporter = Once()
    ws = build({"mask": ["1", "0"]}, {"mask": BINARY})
    with pytest.raises(GapwiseError, match="Stopped after 1 of 2"):
        write_image_folder(ws, tmp_path / "out", reporter=reporter)
    assert reporter.told == [(1, 2)]
    assert not (tmp_path / "out" / "metadata.csv").exists()


def test_a_formula_gets_one_apostrophe_and_no_second_one(build, tmp_path):
    # The table was made harmless twice, so that `=1+1` came out with two.
    ws = build({"mask": ["1"], "note": ["=1+1"]}, {"mask": BINARY})
    write_image_folder(ws, tmp_path / "out")
    assert read(tmp_path / "out")[0]["note"] == "'=1+1"


def test_the_workspace_s_own_folders_take_no_export(build):
    ws = build({"mask": ["1"]}, {"mask": BINARY})
    with pytest.raises(GapwiseError, match="belongs to the workspace"):
        write_image_folder(ws, ws.root / "runs")
