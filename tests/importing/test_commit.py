"""An import is written whole or not at all; the same table again changes nothing."""

from __future__ import annotations

import pandas as pd
import pytest
from sqlalchemy import func, select

from core.errors import GapwiseError
from core.importing.check import check
from core.importing.commit import commit
from core.importing.plan import LabelPlan
from core.store import cells, schema
from core.store.images import image_by_name
from core.store.labels import label_id
from core.store.labels import labels as read_labels
from core.store.labels import rules as read_rules
from core.workspace import Workspace
from tests.importing.sets import HEADER, ROWS, RULE, checked, images, table

FIVE = ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"]


@pytest.fixture
def ws(tmp_path):
    return Workspace.create(tmp_path / "ws")


@pytest.fixture
def folder(tmp_path):
    return images(tmp_path / "i", [*FIVE, "6.jpg", "7.jpg"])


def bring(ws, path, folder, **options):
    report = checked(path, folder, ws, **options)
    return commit(ws, report.plan, report)


def state(ws) -> dict[str, list]:
    """Return all that an import may change."""
    with ws.read() as connection:
        return {t.name: connection.execute(select(t)).all() for t in schema.metadata.sorted_tables}


def values(ws) -> list[list[int]]:
    with ws.read() as connection:
        return cells.load(connection).values.tolist()


def test_the_first_import_writes_table_images_labels_rules_and_cells(tmp_path, ws, folder):
    result = bring(ws, table(tmp_path / "t.csv", HEADER, *ROWS, "8,gone.jpg,1,1,1"), folder, rules=[RULE])
    assert (result.images, result.aside, result.labels, result.rules) == (5, 1, ("mask", "distancing", "5k"), (RULE,))
    with ws.read() as connection:
        found = cells.load(connection)
        assert read_rules(connection) == [RULE]
        source = connection.execute(select(schema.source_table)).one()
        asides = connection.execute(select(schema.aside).order_by(schema.aside.c.id)).all()
        second = image_by_name(connection, "2.jpg")
    assert found.values.tolist() == [[1, 1, 1], [0, -1, -1], [1, 1, 1], [1, 1, 1], [0, 0, 0]]
    assert found.given.tolist() == found.values.tolist()
    assert (second.row, second.width, second.height, second.path) == (1, 64, 48, str(folder / "2.jpg"))
    assert second.bytes == (folder / "2.jpg").stat().st_size
    assert [(a.row, a.fname, a.problem) for a in asides] == [
        (5, "gone.jpg", "not_found"), (None, "6.jpg", "unnamed"), (None, "7.jpg", "unnamed"),
    ]  # fmt: skip
    assert (source.rows, source.name, source.images_root) == (6, "t.csv", str(folder))
    kept = pd.read_parquet(ws.root / source.file)
    assert kept.to_numpy().tolist()[1] == ["2", "2.jpg", "0", "", ""]


def test_the_tables_own_spelling_is_stored_for_the_export(tmp_path, ws, folder):
    bring(ws, table(tmp_path / "t.csv", "fname,m", "1.jpg,1.0", "2.jpg,0.0", "3.jpg,"), folder)
    with ws.read() as connection:
        plan = connection.execute(select(schema.source_table.c.plan)).scalar_one()
    assert plan["labels"][0]["spelling"] == {"1": "1.0", "0": "0.0"}


def test_the_same_table_again_changes_nothing_and_says_so(tmp_path, ws, folder):
    path = table(tmp_path / "t.csv", HEADER, *ROWS, "8,gone.jpg,1,1,1")
    bring(ws, path, folder, rules=[RULE])
    before, files = state(ws), sorted(p.name for p in (ws.root / "tables").iterdir())
    for again in (path, table(tmp_path / "copy.csv", HEADER, *ROWS, "8,gone.jpg,1,1,1")):
        result = bring(ws, again, folder, rules=[RULE])
        assert not result.changed
        assert "Nothing new" in result.sentence()
        assert state(ws) == before
    assert sorted(p.name for p in (ws.root / "tables").iterdir()) == files


def test_a_second_table_adds_images_fills_gaps_and_leaves_other_values_alone(tmp_path, ws, folder):
    bring(ws, table(tmp_path / "t.csv", HEADER, *ROWS), folder)
    lines = ["fname,mask,distancing", "2.jpg,1,1", "5.jpg,,0", "6.jpg,0,"]
    report = checked(table(tmp_path / "u.csv", *lines), folder, ws)
    assert (report.known, report.fills) == (2, 1)
    assert report.counts()["differs"] == 1
    result = commit(ws, report.plan, report)
    assert (result.images, result.known, result.filled, result.differing) == (1, 2, 1, 1)
    assert values(ws) == [[1, 1, 1], [0, 1, -1], [1, 1, 1], [1, 1, 1], [0, 0, 0], [0, -1, -1]]
    before = state(ws)
    assert not bring(ws, tmp_path / "u.csv", folder).changed
    assert state(ws) == before


def test_a_decision_is_never_overwritten_by_a_later_table(tmp_path, ws, folder):
    bring(ws, table(tmp_path / "t.csv", HEADER, *ROWS), folder)
    with ws.write() as connection:
        cells.put(connection, image_by_name(connection, "2.jpg").id, label_id(connection, "distancing"), 0, "human")
    result = bring(ws, table(tmp_path / "u.csv", "fname,distancing", "2.jpg,1", "6.jpg,0"), folder)
    assert (result.filled, result.differing) == (0, 1)
    with ws.read() as connection:
        found = cells.load(connection)
    assert found.values[1].tolist() == [0, 0, -1]
    assert cells.SOURCES[found.sources[1, 1]] == "human"


def test_what_no_longer_follows_after_a_second_table_is_withdrawn(tmp_path, ws, folder):
    lines = ["fname,mask,distancing,5k", "1.jpg,1,,", "2.jpg,0,,", "3.jpg,1,1,", "4.jpg,0,0,0", "5.jpg,1,1,1"]
    bring(ws, table(tmp_path / "t.csv", *lines), folder, rules=[RULE])
    with ws.write() as connection:
        assert cells.derive_all(connection) == {"5k": 2}
    bring(ws, table(tmp_path / "u.csv", "fname,5k", "2.jpg,1", "6.jpg,0"), folder)
    with ws.read() as connection:
        assert cells.load(connection).values[1].tolist() == [0, -1, 1]  # a conflict now, for a person to see


def test_a_label_that_is_new_is_a_gap_for_images_that_were_there(tmp_path, ws, folder):
    bring(ws, table(tmp_path / "t.csv", "fname,mask", "1.jpg,1", "2.jpg,0", "3.jpg,"), folder)
    result = bring(ws, table(tmp_path / "u.csv", "fname,hat", "2.jpg,1", "6.jpg,0"), folder)
    assert result.labels == ("hat",)
    assert values(ws) == [[1, -1], [0, 1], [-1, -1], [-1, 0]]


def test_the_same_table_with_one_more_label_is_not_exported_twice(tmp_path, ws, folder):
    path = table(tmp_path / "t.csv", HEADER, *ROWS)
    bring(ws, path, folder, labels=["mask"])
    assert bring(ws, path, folder, labels=["5k"]).labels == ("5k",)
    with ws.read() as connection:
        plan = connection.execute(select(schema.source_table.c.plan)).scalar_one()
    assert {p["name"] for p in plan["labels"]} == {"mask", "5k"}
    assert values(ws) == [[1, 1], [0, -1], [1, 1], [1, 1], [0, 0]]


def test_rows_that_were_set_aside_come_in_once_their_files_are_there(tmp_path, ws, folder):
    path = table(tmp_path / "t.csv", HEADER, *ROWS, "8,8.jpg,1,1,1")
    bring(ws, path, folder)
    images(folder, ["8.jpg"], first_seed=90)
    result = bring(ws, path, folder)
    assert (result.images, result.aside) == (1, 0)
    with ws.read() as connection:
        assert connection.execute(select(func.count()).where(schema.aside.c.row.is_not(None))).scalar() == 0
        assert connection.execute(select(func.count()).select_from(schema.source_table)).scalar() == 1


def test_another_picture_under_a_known_name_is_set_aside(tmp_path, ws, folder):
    path = table(tmp_path / "t.csv", HEADER, *ROWS)
    bring(ws, path, folder)
    other = images(tmp_path / "other", ["1.jpg", "9.jpg"], first_seed=70)
    report = checked(table(tmp_path / "u.csv", "fname,mask", "1.jpg,0", "9.jpg,1"), other, ws)
    assert report.counts() == {"name_taken": 1}
    assert commit(ws, report.plan, report).images == 1
    with ws.read() as connection:
        assert image_by_name(connection, "1.jpg").path == str(folder / "1.jpg")


def test_images_that_were_moved_are_followed(tmp_path, ws, folder):
    path = table(tmp_path / "t.csv", HEADER, *ROWS)
    bring(ws, path, folder)
    folder.rename(tmp_path / "moved")
    result = bring(ws, path, tmp_path / "moved")
    assert (result.images, result.moved) == (0, 5)
    with ws.read() as connection:
        assert image_by_name(connection, "1.jpg").path == str(tmp_path / "moved" / "1.jpg")


def test_a_table_of_which_nothing_can_be_used_is_refused_and_nothing_is_written(tmp_path, ws, folder):
    before = state(ws)
    report = checked(table(tmp_path / "t.csv", HEADER, "90,nine.jpg,0,0,0"), folder, ws)
    with pytest.raises(GapwiseError, match="None of the 1 rows"):
        commit(ws, report.plan, report)
    assert state(ws) == before
    assert list((ws.root / "tables").iterdir()) == []


def test_a_plan_changed_after_the_check_is_refused(tmp_path, ws, folder):
    report = checked(table(tmp_path / "t.csv", HEADER, *ROWS), folder, ws)
    with pytest.raises(GapwiseError, match="Check it again"):
        commit(ws, report.plan.model_copy(update={"rules": [RULE]}), report)


def test_other_classes_for_a_known_label_are_refused_and_nothing_is_written(tmp_path, ws, folder):
    bring(ws, table(tmp_path / "t.csv", HEADER, *ROWS), folder)
    before = state(ws)
    report = checked(table(tmp_path / "u.csv", "fname,mask", "6.jpg,1", "7.jpg,0"), folder)
    plan = report.plan.model_copy(update={"labels": [LabelPlan(name="mask", column="mask", classes=["1", "0"])]})
    report = check(plan, report.table)
    with pytest.raises(GapwiseError, match="'mask'"):
        commit(ws, plan, report)
    assert state(ws) == before


def test_a_rule_that_contradicts_those_that_are_there_leaves_everything_as_it_was(tmp_path, ws, folder):
    path = table(tmp_path / "t.csv", HEADER, *ROWS)
    bring(ws, path, folder, rules=[RULE])
    before = state(ws)
    report = checked(path, folder, rules=["5k = not mask"])
    with pytest.raises(GapwiseError):
        commit(ws, report.plan, report)
    assert state(ws) == before


def test_images_without_any_label_come_in(tmp_path, ws, folder):
    assert bring(ws, table(tmp_path / "t.csv", "fname", "1.jpg", "2.jpg"), folder).images == 2
    with ws.read() as connection:
        assert read_labels(connection) == {}
