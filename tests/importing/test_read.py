"""Tables come as text, whatever they were saved as; folders are tables too."""

from __future__ import annotations

import datetime
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest

from core.errors import GapwiseError
from core.importing.read import read_folder, read_table
from tests.importing.sets import images


def lines(table) -> list[list[str]]:
    return table.frame.to_numpy().tolist()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"])
def test_a_csv_is_read_in_every_usual_encoding(tmp_path, encoding):
    (tmp_path / "t.csv").write_bytes("fname,Müll\n1.jpg,schön\n2.jpg,\n".encode(encoding))
    table = read_table(tmp_path / "t.csv")
    assert list(table.frame.columns) == ["fname", "Müll"]
    assert lines(table) == [["1.jpg", "schön"], ["2.jpg", ""]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", ["csv", "tsv", "txt"])
def test_the_delimiter_is_found_out(tmp_path, delimiter, suffix):
    text = "fname,width\n1.jpg,1\n2.jpg,2\n".replace(",", delimiter)
    (tmp_path / f"t.{suffix}").write_text(text)
    assert lines(read_table(tmp_path / f"t.{suffix}")) == [["1.jpg", "1"], ["2.jpg", "2"]]


def test_decimal_commas_do_not_make_the_comma_a_delimiter(tmp_path):
    (tmp_path / "t.csv").write_text("fname;score\n1.jpg;1,5\n2.jpg;2,5\n")
    assert lines(read_table(tmp_path / "t.csv")) == [["1.jpg", "1,5"], ["2.jpg", "2,5"]]


def test_excels_own_delimiter_line_is_no_header(tmp_path):
    (tmp_path / "t.csv").write_text("sep=;\nfname;mask\n1.jpg;1\n")
    assert list(read_table(tmp_path / "t.csv").frame.columns) == ["fname", "mask"]


def test_a_csv_keeps_text_as_it_is_and_counts_rows_as_the_file_does(tmp_path):
    (tmp_path / "t.csv").write_text('fname,note\n\n1.jpg,"two\nlines, one ""cell"""\n2.jpg,NaN\n3.jpg,007\n')
    table = read_table(tmp_path / "t.csv")
    assert lines(table) == [["1.jpg", 'two\nlines, one "cell"'], ["2.jpg", "NaN"], ["3.jpg", "007"]]
    assert table.rows.tolist() == [3, 5, 6]


def test_rows_of_the_wrong_length_are_kept_and_named(tmp_path):
    (tmp_path / "t.csv").write_text("fname,a,b\n1.jpg,1,2\n2.jpg,1\n3.jpg,1,2,3\n4.jpg,1,2,,\n")
    table = read_table(tmp_path / "t.csv")
    assert lines(table) == [["1.jpg", "1", "2"], ["2.jpg", "1", ""], ["3.jpg", "1", "2,3"], ["4.jpg", "1", "2"]]
    assert [(index, usable) for index, _, usable in table.problems] == [(1, True), (2, False)]


def test_parquet_comes_as_a_person_would_type_it(tmp_path):
    frame = pd.DataFrame(
        {
            "fname": ["1.jpg", "2.jpg", None],
            "float": [1.0, np.nan, 0.5],
            "int": [1, 2, 3],
            "bool": [True, False, True],
            "kind": pd.Categorical(["a", None, "b"]),
            "day": [datetime.date(2022, 1, 2)] * 3,
        }
    )
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    assert lines(read_table(tmp_path / "t.parquet")) == [
        ["1.jpg", "1", "1", "True", "a", "2022-01-02"],
        ["2.jpg", "", "2", "False", "", "2022-01-02"],
        ["", "0.5", "3", "True", "b", "2022-01-02"],
    ]


def test_excel_comes_as_a_person_would_type_it(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.create_sheet("data")  # the first sheet is empty
    for row in (["fname", "mask", 5], ["1.jpg", 1.0, True], [None, None, None], ["2.jpg", None, 0.25]):
        sheet.append(row)
    book.save(tmp_path / "t.xlsx")
    table = read_table(tmp_path / "t.xlsx")
    assert list(table.frame.columns) == ["fname", "mask", "5"]
    assert lines(table) == [["1.jpg", "1", "True"], ["2.jpg", "", "0.25"]]
    assert table.rows.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "empty"),
        ("t.csv", b"\n\n", "no lines"),
        ("t.csv", b"fname,mask\n", "no rows"),
        ("t.csv", b"fname,mask,mask\n1.jpg,1,1\n", "same name: 'mask'"),
        ("t.csv", b'fname,mask\n1.jpg,"1\n2.jpg,0\n', "never closed"),
        ("t.csv", b"1.jpg,1\n2.jpg,0\n", "header"),
        ("t.csv", b"\xff\xfea\x00b", "utf-16"),
        ("t.parquet", b"PAR1 not really PAR1", "Parquet"),
        ("t.xlsx", b"not a zip", "Excel"),
        ("t.json", b"[]", r"\.json"),
        ("t", b"a", r"\(none\)"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(GapwiseError, match=message):
        read_table(tmp_path / name)


def test_a_table_that_is_not_there_a_folder_and_a_nul_byte_are_errors_for_people(tmp_path):
    for path in (tmp_path / "gone.csv", tmp_path, "a\0b.csv"):
        with pytest.raises(GapwiseError):
            read_table(path)


def test_a_workbook_that_is_a_bomb_or_lacks_its_parts_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x", "w") as entry:
        for _ in range(1025):
            entry.write(b"\0" * (1 << 20))
    with pytest.raises(GapwiseError, match="unpacks"):
        read_table(tmp_path / "bomb.xlsx")
    with zipfile.ZipFile(tmp_path / "hollow.xlsx", "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(GapwiseError, match="workbook"):
        read_table(tmp_path / "hollow.xlsx")


def test_parquet_with_bytes_or_lists_names_the_column(tmp_path):
    for values in ([b"x"], [[1, 2]], [{"bytes": b"x"}]):
        pd.DataFrame({"image": values}).to_parquet(tmp_path / "t.parquet")
        with pytest.raises(GapwiseError, match="'image'"):
            read_table(tmp_path / "t.parquet")


def test_the_digest_tells_tables_apart_by_content_and_header_only(tmp_path):
    texts = {"a.csv": "f,g\n1,23\n", "b.tsv": "f\tg\n1\t23\n", "c.csv": "f,g\n12,3\n", "d.csv": "f,h\n1,23\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    a, b, c, d = (read_table(tmp_path / name).digest for name in texts)
    assert a == b
    assert len({a, c, d}) == 3


def test_one_folder_for_each_class_is_a_table_with_gaps_for_loose_images(tmp_path):
    images(tmp_path, ["cat/1.jpg", "cat/2.jpg", "dog/deep/3.jpg", "loose.jpg"])
    (tmp_path / "cat" / "notes.txt").write_text("no picture")
    table = read_folder(tmp_path, "species")
    assert sorted(lines(table)) == [
        ["cat/1.jpg", "cat"],
        ["cat/2.jpg", "cat"],
        ["dog/deep/3.jpg", "dog"],
        ["loose.jpg", ""],
    ]
    assert table.suggested == {"filename": "fname", "label": "species"}


def test_train_and_test_folders_are_no_classes(tmp_path):
    images(tmp_path, ["train/cat/1.jpg", "train/dog/2.jpg", "test/cat/3.jpg"])
    table = read_folder(tmp_path)
    assert list(table.frame.columns) == ["fname", "folder", "label"]
    assert sorted(lines(table)) == [
        ["test/cat/3.jpg", "test", "cat"], ["train/cat/1.jpg", "train", "cat"], ["train/dog/2.jpg", "train", "dog"],
    ]  # fmt: skip


def test_a_plain_folder_has_no_labels_and_counts_like_people_do(tmp_path):
    images(tmp_path, ["10.jpg", "9.jpg", ".hidden.jpg", "__MACOSX/9.jpg"])
    assert lines(read_folder(tmp_path)) == [["9.jpg"], ["10.jpg"]]


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(GapwiseError, match="no images"):
        read_folder(tmp_path)
