from __future__ import annotations

import io
import os
import subprocess
import sys

import pandas as pd
import pytest
from sqlalchemy import select, update

from core.errors import GapwiseError
from core.exporting.table import csv_bytes, filled_table, write_csv
from core.store import cells, decisions, schema
from core.workspace import PROJECT, Workspace
from tests.conftest import BINARY, FIVE_K, at, propose

COLUMNS = {
    "image_id": ["7", "3", "5", "1"],
    "fname": ["b.png", "=cmd.png", "c.png", "a.png"],
    "mask": ["1.0", "", "0.0", "?"],
    "note": ["=SUM(A1)", "-1", 'x,"y"', "line\nbreak"],
    "distancing": ["1", "0", "", "1"],
    "5k": ["1.0", "", "", ""],
}
LABELS = {"mask": BINARY, "distancing": BINARY, "5k": BINARY}


@pytest.fixture
def ws(build):
    return build(COLUMNS, LABELS, [FIVE_K])


def decide(ws, fname, label, action="choose", value=None):
    where = at(ws, fname, label)
    p = schema.proposal.c
    with ws.write() as connection:
        query = select(p.id).where(p.image_id == where["image_id"], p.label_id == where["label_id"])
        shown = connection.execute(query).scalar()
        answer = {"reviewer": "ann", "action": action, "value": value, "proposal_id": shown}
        decisions.decide(connection, client_id=f"{fname}{label}", **answer, **where)


def column(frame, name):
    return frame[name].tolist()


def derive(ws):
    with ws.write() as connection:
        cells.derive_all(connection)


def test_an_untouched_table_comes_out_as_it_went_in(ws):
    assert filled_table(ws).to_dict("list") == COLUMNS


def test_gaps_are_filled_in_the_spelling_of_their_column(ws):
    derive(ws)
    decide(ws, "a.png", "mask", value=1)
    frame = filled_table(ws)
    assert column(frame, "mask") == ["1.0", "", "0.0", "1.0"]
    assert column(frame, "5k") == ["1.0", "0.0", "0.0", "1.0"]
    assert column(frame, "distancing") == COLUMNS["distancing"]


def test_only_the_chosen_sources_fill(ws):
    derive(ws)
    decide(ws, "a.png", "mask", value=0)
    assert column(filled_table(ws, ["human"]), "mask") == ["1.0", "", "0.0", "0.0"]
    assert column(filled_table(ws, ["human"]), "5k") == COLUMNS["5k"]
    assert filled_table(ws, []).to_dict("list") == COLUMNS
    with pytest.raises(GapwiseError, match="no source guess"):
        filled_table(ws, ["guess"])


def test_a_corrected_value_is_replaced_only_with_what_people_decided(ws):
    decide(ws, "c.png", "mask", value=1)
    assert column(filled_table(ws), "mask")[2] == "1.0"
    assert column(filled_table(ws, ["derived"]), "mask")[2] == "0.0"


def test_provenance_says_source_confidence_run_and_reviewer(ws):
    run = propose(ws, "mask", {"a.png": [0.25, 0.75], "=cmd.png": [0.1, 0.9]})
    derive(ws)
    decide(ws, "a.png", "mask", "accept")
    decide(ws, "=cmd.png", "mask", "reject")
    frame = filled_table(ws, provenance=True)
    assert list(frame.columns)[:6] == list(COLUMNS)
    assert column(frame, "mask_source") == ["given", "human", "given", "human"]
    # A rejected proposal is no evidence for the other class.
    assert column(frame, "mask_confidence") == ["", "", "", "0.7500"]
    assert column(frame, "mask_run") == ["", "", "", str(run)]
    assert column(frame, "mask_reviewer") == ["", "ann", "", "ann"]
    assert column(frame, "5k_source") == ["given", "derived", "derived", "derived"]
    assert column(frame, "5k_reviewer") == [""] * 4


def test_rows_set_aside_come_out_unchanged_and_say_why(build):
    ws = build(COLUMNS, LABELS, [FIVE_K], aside={1: "file not found"})
    derive(ws)
    frame = filled_table(ws, provenance=True)
    assert frame.iloc[1][list(COLUMNS)].tolist() == [c[1] for c in COLUMNS.values()]
    assert column(frame, "gapwise_note") == ["", "set aside: file not found", "", ""]
    assert frame["mask_source"].iloc[1] == ""


def test_a_table_of_which_every_row_was_set_aside_comes_out(build):
    ws = build(COLUMNS, LABELS, aside=dict.fromkeys(range(4), "gone"))
    assert filled_table(ws).to_dict("list") == COLUMNS


def test_the_csv_can_be_read_back_and_holds_no_formulas(ws):
    text = csv_bytes(ws).decode()
    back = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    assert list(back.columns) == list(COLUMNS)
    assert back["fname"].tolist() == ["b.png", "'=cmd.png", "c.png", "a.png"]
    assert back["note"].tolist() == ["'=SUM(A1)", "-1", 'x,"y"', "line\nbreak"]
    assert back["mask"].tolist() == COLUMNS["mask"]


def test_a_carriage_return_can_not_start_a_row_of_its_own(build):
    """Python's csv module leaves it unquoted, and many readers end the row there: `x` CR `=1` became a formula."""
    ws = build({"mask": ["1"], "note": ["x\r=1"]}, {"mask": BINARY})
    back = pd.read_csv(io.BytesIO(csv_bytes(ws)), dtype=str)
    assert back["note"].tolist() == ["x\r=1"]


def test_a_label_that_the_import_renamed_fills_the_column_it_came_from(ws):
    with ws.write() as connection:
        t = schema.source_table.c
        plan = connection.execute(select(t.plan)).scalar_one()
        plan["labels"][0]["name"] = "wears mask"
        connection.execute(update(schema.source_table).values(plan=plan))
        connection.execute(update(schema.label).where(schema.label.c.name == "mask").values(name="wears mask"))
        connection.execute(schema.rule.delete())
    decide(ws, "a.png", "wears mask", value=1)
    frame = filled_table(ws)
    assert list(frame.columns) == list(COLUMNS)
    assert column(frame, "mask") == ["1.0", "", "0.0", "1.0"]


def test_what_a_later_table_gave_is_in_the_first_one_too(ws):
    with ws.write() as connection:
        where = at(ws, "a.png", "mask")
        assert cells.fill_given(connection, [(*where.values(), 1)]) == 1
    assert column(filled_table(ws, []), "mask") == ["1.0", "", "0.0", "1.0"]


def test_columns_called_like_ours_are_kept_beside_ours(build):
    ws = build({"mask": ["1"], "mask_source": ["mine"], "gapwise_note": ["mine"]}, {"mask": BINARY})
    frame = filled_table(ws, provenance=True)
    assert column(frame, "mask_source") == ["mine"]
    assert column(frame, "mask_source_") == ["given"]
    assert column(frame, "gapwise_note") == ["mine"]


def test_nothing_imported_is_told(tmp_path):
    with pytest.raises(GapwiseError, match="nothing to export"):
        filled_table(Workspace.create(tmp_path / "empty"))


def test_the_file_is_replaced_as_a_whole_and_its_rows_counted(ws, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("old")
    assert write_csv(ws, out) == 4
    assert out.read_bytes() == csv_bytes(ws)
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".part")] == []


def test_a_place_that_can_not_be_written_is_told(ws, tmp_path):
    for out in (tmp_path, tmp_path / "no" / "such" / "folder.csv"):
        with pytest.raises(GapwiseError, match="Can't write"):
            write_csv(ws, out)


def test_a_pipe_is_written_to_and_not_replaced(ws, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    write_csv(ws, pipe)
    assert reader.communicate(timeout=30)[0] == csv_bytes(ws)
    assert pipe.is_fifo()


def test_a_shell_that_sends_standard_output_to_a_file_gets_the_table_there(ws, tmp_path):
    # `--out /dev/stdout > out.csv` replaced the device by a plain file, and out.csv stayed empty.
    code = "import sys; from core.exporting.table import write_csv; from core.workspace import Workspace;"
    code += "write_csv(Workspace.open(sys.argv[1]), '/proc/self/fd/1'); print('end')"
    with open(tmp_path / "out.csv", "wb") as file:
        subprocess.run([sys.executable, "-c", code, str(ws.root)], cwd=PROJECT, stdout=file, check=True)
    assert (tmp_path / "out.csv").read_bytes() == csv_bytes(ws) + b"end\n"


def test_a_link_goes_on_leading_to_the_file_that_is_replaced(ws, tmp_path):
    (tmp_path / "link.csv").symlink_to(tmp_path / "there.csv")
    write_csv(ws, tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "there.csv").read_bytes() == csv_bytes(ws)


@pytest.mark.parametrize("out", ["", ".", "/", ".."])
def test_a_name_that_is_a_folder_is_told(ws, out):
    # An empty name and `.` ended in a traceback.
    with pytest.raises(GapwiseError, match="Can't write"):
        write_csv(ws, out)


@pytest.mark.parametrize("own", ["gapwise.sqlite", "gapwise.sqlite-wal", "tables/x.csv", "sub/../previews/x.csv"])
def test_an_export_never_replaces_what_the_workspace_is_made_of(ws, own):
    # `--out WORKSPACE/gapwise.sqlite` wrote the table over the database: every decision was gone.
    before = (ws.root / "gapwise.sqlite").read_bytes()
    with pytest.raises(GapwiseError, match="belongs to the workspace"):
        write_csv(ws, ws.root / own)
    assert (ws.root / "gapwise.sqlite").read_bytes() == before
    assert write_csv(ws, ws.root / "filled.csv") == 4


def test_a_name_of_another_format_is_refused(ws, tmp_path):
    with pytest.raises(GapwiseError, match="Name it out.csv"):
        write_csv(ws, tmp_path / "out.XLSX")
    assert not (tmp_path / "out.XLSX").exists()


def test_a_copy_of_the_table_that_is_gone_or_damaged_is_told(ws):
    (copy,) = (ws.root / "tables").iterdir()
    copy.write_bytes(b"x")
    with pytest.raises(GapwiseError, match="damaged"):
        csv_bytes(ws)
    copy.unlink()
    with pytest.raises(GapwiseError, match="it is gone"):
        csv_bytes(ws)
