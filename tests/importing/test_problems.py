"""The report as a frame and as a file for spreadsheets."""

from __future__ import annotations

import io

import pandas as pd

from core.importing.problems import COLUMNS, MEANINGS, Problems, save_csv, to_csv


def test_lines_come_in_the_tables_order_and_files_without_a_row_last():
    found = Problems()
    found.add(None, "z.jpg", "unnamed")
    found.add(1, "b.jpg", "blank")
    found.add(0, "a.jpg", "not_found")
    frame = found.frame([2, 5])
    assert list(frame.columns) == COLUMNS
    assert frame["file"].tolist() == ["a.jpg", "b.jpg", "z.jpg"]
    assert frame["row"].tolist()[:2] == [2, 5]
    assert pd.isna(frame["row"].iloc[2])


def test_only_what_sets_aside_sets_aside_and_the_first_reason_counts():
    found = Problems()
    found.add(0, "a.jpg", "row_length", "x")
    found.add(0, "a.jpg", "not_found")
    found.add(1, "b.jpg", "blank")
    assert found.aside == {0: ("a.jpg", "row_length", MEANINGS["row_length"][1] + " x")}


def test_the_file_opens_in_a_spreadsheet_without_running_anything(tmp_path):
    found = Problems()
    found.add(0, '=HYPERLINK("x")', "not_found", "@SUM(1)")
    found.add(1, "schön,1.jpg", "blank")
    save_csv(found.frame([2, 3]), tmp_path / "r.csv")
    content = (tmp_path / "r.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    assert back["file"].tolist() == ['\'=HYPERLINK("x")', "schön,1.jpg"]
    assert back["detail"].tolist() == ["'@SUM(1)", ""]


def test_no_problems_give_a_header_alone():
    assert to_csv(Problems().frame([])).decode("utf-8-sig").strip() == ",".join(COLUMNS)
