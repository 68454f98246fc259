from __future__ import annotations

import csv
import json

import pytest

from core.__main__ import main


def export(ws, *arguments):
    return main(["export", "--workspace", str(ws.root), *arguments])


def test_the_table_is_written_and_its_rows_counted(five_k, tmp_path, capsys):
    out = tmp_path / "filled.csv"
    assert main(["derive", "--workspace", str(five_k.root)]) == 0
    capsys.readouterr()
    assert export(five_k, "--out", str(out), "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"out": str(out), "rows": 6}
    with open(out, newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["5k"] for line in lines] == ["1", "0", "", "", "0", "0"]
    assert list(lines[0]) == ["mask", "distancing", "5k", "fname"]


def test_sources_and_provenance_can_be_chosen(five_k, tmp_path):
    out = tmp_path / "filled.csv"
    main(["derive", "--workspace", str(five_k.root)])
    assert export(five_k, "--out", str(out), "--sources", "none", "--provenance") == 0
    with open(out, newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["5k"] for line in lines] == ["1", "", "", "", "", "0"]
    assert [line["5k_source"] for line in lines] == ["given", "", "", "", "", "given"]


def test_an_image_folder_is_written_once(five_k, tmp_path, capsys):
    out = str(tmp_path / "folder")
    assert export(five_k, "--out", out, "--format", "imagefolder") == 0
    assert (tmp_path / "folder" / "images" / "5.png").is_file()
    capsys.readouterr()
    assert export(five_k, "--out", out, "--format", "imagefolder") == 1
    assert "nothing is overwritten" in capsys.readouterr().err


def test_an_unwritable_place_fails_with_a_sentence(five_k, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert export(five_k, "--out", str(tmp_path / "file" / "x.csv")) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: Can't write")


@pytest.mark.parametrize("arguments", [(), ("--out", "x", "--sources", "guess"), ("--out", "x", "--sources", ",")])
def test_wrong_usage_exits_with_2(five_k, arguments):
    with pytest.raises(SystemExit) as stop:
        export(five_k, *arguments)
    assert stop.value.code == 2
