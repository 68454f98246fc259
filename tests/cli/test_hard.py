from __future__ import annotations

import json

import pytest

from tests.conftest import BINARY, propose


@pytest.fixture
def ws(build):
    made = build({"mask": ["1", "0", "0", "1", ""]}, {"mask": BINARY})
    first = {"0.png": [0.1, 0.9], "1.png": [0.3, 0.7], "2.png": [0.05, 0.95], "3.png": [0.45, 0.55]}
    propose(made, "mask", first, heldout=True)
    propose(made, "mask", first | {"3.png": [0.9, 0.1], "1.png": [0.8, 0.2]}, heldout=True)
    return made


def test_a_list_is_printed_with_its_reasons(run):
    status, out, _ = run("hard", "1", "wrong")
    assert status == 0
    assert out.splitlines() == ["2.png\tsays 1 (0.95), known as 0", "1.png\tsays 1 (0.70), known as 0"]
    assert run("hard", "1", "wrong", "--limit", "1")[1].splitlines()[-1].startswith("1 of 2: Wrong on known images")
    assert run("hard", "1", "loss", "--truth", "1")[1].count("\n") == 2
    assert run("hard", "1", "open")[1] == "No images.\n"


def test_a_list_that_rests_on_the_map_of_the_set_says_how_that_is_made(run):
    status, out, told = run("hard", "1", "near_other")
    assert (status, out) == (0, "No images.\n")
    assert told.startswith("The map of the set of run 1 has to be made first")
    assert "`python -m core embed 1` does it" in told


def test_as_json_it_has_the_classes_as_the_table_writes_them(run):
    found = json.loads(run("hard", "1", "wrong", "--limit", "1", "--json")[1])
    assert (found["total"], found["label"], found["list"]) == (2, "mask", "wrong")
    assert found["items"] == [
        {"image": "2.png", "truth": "0", "predicted": "1", "confidence": 0.95,
         "reason": "says 1 (0.95), known as 0", "proposal": 3}
    ]  # fmt: skip


def test_a_list_is_sent_to_the_queue_and_taken_back(run):
    assert run("hard", "1", "wrong", "--send")[1].splitlines()[-1] == "2 images sent to review."
    assert run("hard", "1", "loss", "--limit", "3", "--send")[1].splitlines()[-1] == (
        "1 image sent to review. 2 waited there already: 2 got this reason beside the earlier one."
    )
    queue = json.loads(run("queue", "--label", "mask", "--order", "sent", "--json")[1])
    assert queue["waiting"] == 3
    assert queue["items"][0]["reason"] == (
        "Wrong on known images, surest first: says 1 (0.95), known as 0;"
        " Known images, highest loss first: gives 0, as which it is known, 0.05: loss 3.00"
    )
    assert run("hard", "1", "wrong", "--take-back")[1].splitlines()[-1] == "2 taken back from review."
    assert json.loads(run("queue", "--order", "sent", "--json")[1])["waiting"] == 1


def test_sending_and_taking_back_at_once_is_refused(run):
    with pytest.raises(SystemExit) as end:
        run("hard", "1", "--send", "--take-back")
    assert end.value.code == 2


@pytest.mark.parametrize(
    "command", ["hard", "confusion", "matrix", "embed", "maps", "layers", "jobs log", "runs show", "onnx --run"]
)
@pytest.mark.parametrize("number", ["9" * 26, "9" * 5000, str(2**63)])
def test_a_number_that_no_database_holds_is_one_that_is_not_there(run, command, number):
    status, out, told = run(*command.split(), number)
    assert (status, out) == (1, "")
    assert told.startswith(f"error: Nothing has the number {number[:40]}")
    assert len(told) < 250


def test_the_largest_number_of_a_database_is_not_there_either(run):
    assert run("hard", str(2**63 - 1))[2] == (
        "error: There is no run 9223372036854775807 in this workspace. Train one with `python -m core train`.\n"
    )


def test_confusions_are_printed_the_most_frequent_first(run):
    assert run("confusion", "1")[1].split("\n")[:2] == [
        "       2  of 4 held-out cells are right", "       2  0 taken for 1",
    ]  # fmt: skip
    assert json.loads(run("confusion", "2", "--json")[1])["table"] == [[1, 1], [1, 1]]


def test_a_matrix_shows_what_many_runs_miss(run):
    lines = run("matrix", "1", "2")[1].splitlines()
    assert lines[0] == "# wrong, . right, runs 1, 2; 4 images"
    assert lines[1:5] == ["##  2.png\t0", "#.  1.png\t0", ".#  3.png\t1", "..  0.png\t1"]
    assert lines[6].strip() == "75.0% wrong  0: 2 images, 1 of them never right"
    found = json.loads(run("matrix", "1", "2", "--json", "--limit", "1")[1])
    assert found["items"] == [{"image": "2.png", "truth": "0", "predicted": ["1", "1"], "wrong": 2}]
    assert found["classes"][0] == {"class": "0", "images": 2, "wrong": 0.75, "never_right": 1}


def test_what_is_not_there_is_said(run):
    assert run("hard", "7")[2].startswith("error: There is no run 7")
    assert run("matrix", "1", "9")[2].startswith("error: Run 9 is no run of mask")
    assert "no class 'odd'" in run("hard", "1", "--truth", "odd")[2]


def test_a_report_is_written_and_says_how_large_it_is(run, tmp_path):
    out = tmp_path / "out.html"
    status, told, progress = run("report", "1", "-o", str(out), "--limit", "1")
    assert status == 0
    assert told.startswith(f"{out}: hard examples of mask, run 1, 0.0 MB")
    assert "1 of 1 pictures" in progress
    assert "says 1 (0.95), known as 0" in out.read_text(encoding="utf-8")
    assert run("report", "1", "-o", str(tmp_path / "none" / "x.html"))[0] == 1
    assert "0 to 500 images" in run("report", "1", "-o", str(out), "--limit", "501")[2]


def test_a_report_replaces_an_older_one_and_says_so(run, tmp_path):
    out = tmp_path / "out.HTML"
    out.write_text("old")
    assert run("report", "1", "-o", str(out))[1].endswith(" MB, in place of the file that was there\n")
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_report_goes_to_standard_output_alone(run):
    status, out, told = run("report", "1", "-o", "-")
    assert (status, out[:15], out[-8:]) == (0, "<!doctype html>", "</html>\n")
    assert told.endswith("hard examples of mask, run 1\n")
    status, out, told = run("report", "1", "-o", "-", "--json")
    assert (status, out) == (1, "")
    assert "can't both go to standard output" in told


def test_where_no_report_can_be_written_is_told_before_the_work(run, ws, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("")
    refused = {
        "": "has no name",
        str(tmp_path): f"{tmp_path} is a folder. Name a file, such as {tmp_path / 'report.html'}.",
        str(tmp_path / "none" / "x.html"): f"There is no folder {tmp_path / 'none'} for the report.",
        str(tmp_path / "file" / "x.html"): f"There is no folder {tmp_path / 'file'} for the report.",
        str(tmp_path / "notes.txt"): "is there already and is no HTML file",
        str(tmp_path / ("n" * 250 + ".html")): "can't be written: File name too long",
        str(ws.root / "gapwise.sqlite"): "belongs to the workspace itself",
        "~nobody-of-this-name/x.html": "no such home",
    }
    for path, why in refused.items():
        status, out, told = run("report", "1", "-o", path)
        assert (status, out) == (1, "")
        assert told.startswith("error: ")
        assert why in told
        assert "pictures" not in told
        assert ".part" not in told
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_run_that_is_not_there_starts_no_job(run, ws):
    assert run("embed", "7", "--detach")[2].startswith("error: There is no run 7")
    assert json.loads(run("jobs", "--json")[1]) == []
