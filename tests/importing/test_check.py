"""What is wrong is said row by row; bad rows are set aside, and nothing is fatal but a wrong plan."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from core.errors import GapwiseError
from core.importing.check import check
from core.importing.folder import ImageFolder
from core.importing.guess import guess
from core.importing.plan import LabelPlan
from core.importing.read import read_folder
from core.labels.syntax import RuleError
from core.workspace import Workspace
from tests.images.pictures import encoded, noise
from tests.importing.sets import HEADER, ROWS, RULE, checked, images, problems, table

FIVE = ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"]


def test_a_clean_set_has_no_problems_and_its_codes_are_the_tables(tmp_path):
    images(tmp_path / "i", FIVE)
    report = checked(table(tmp_path / "t.csv", HEADER, *ROWS), tmp_path / "i", rules=[RULE])
    assert problems(report) == set()
    assert report.images.codes.tolist() == [[1, 1, 1], [0, -1, -1], [1, 1, 1], [1, 1, 1], [0, 0, 0]]
    assert report.images.fnames == tuple(FIVE)
    assert [size[:2] for size in report.images.sizes] == [(64, 48)] * 5
    assert report.set_aside == 0


def test_every_kind_of_bad_row_is_named_and_the_good_ones_stay(tmp_path):
    folder = images(tmp_path / "i", [*FIVE, "unnamed.jpg", "a/twice.jpg", "b/twice.jpg"])
    images(tmp_path / "elsewhere", ["secret.jpg"], first_seed=50)
    whole = encoded(noise(20), "JPEG")
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("hello")
    (folder / "really_png.jpg").write_bytes(encoded(noise(21), "PNG"))
    (folder / "twin.jpg").write_bytes((folder / "1.jpg").read_bytes())
    (folder / "other_twin.jpg").write_bytes((folder / "1.jpg").read_bytes())
    (folder / "blank.png").write_bytes(encoded(Image.new("RGB", (8, 8), "red"), "PNG"))
    (folder / "link.jpg").symlink_to(tmp_path / "elsewhere" / "secret.jpg")
    lines = [
        "id,fname,mask",
        "1,1.jpg,1", "2,2.jpg,0", "3,3.jpg,maybe", "3,4.jpg,1", "5,5.jpg,0",  # rows 2 to 6
        "6,cut.jpg,1", "7,empty.jpg,1", "8,text.jpg,1", "9,really_png.jpg,1", "10,twin.jpg,1",  # 7 to 11
        "11,other_twin.jpg,0", "12,blank.png,1", "13,link.jpg,1", "14,../elsewhere/secret.jpg,1", "15,/etc/hostname,1",
        "16,gone.jpg,1", "17,1.jpg,0", "18,,1", "19,twice.jpg,1",  # 17 to 20
    ]  # fmt: skip
    report = checked(table(tmp_path / "t.csv", *lines), folder)
    assert problems(report) == {
        (4, "3.jpg", "unknown_value"), (5, "4.jpg", "duplicate_id"), (7, "cut.jpg", "truncated"),
        (8, "empty.jpg", "empty"),
        (9, "text.jpg", "unreadable"), (10, "really_png.jpg", "wrong_extension"), (11, "twin.jpg", "identical"),
        (12, "other_twin.jpg", "identical_differ"), (13, "blank.png", "blank"), (14, "link.jpg", "outside"),
        (15, "../elsewhere/secret.jpg", "outside"), (16, "/etc/hostname", "outside"), (17, "gone.jpg", "not_found"),
        (18, "1.jpg", "duplicate_name"), (19, "", "no_name"), (20, "twice.jpg", "ambiguous"),
        (None, "unnamed.jpg", "unnamed"), (None, "a/twice.jpg", "unnamed"), (None, "b/twice.jpg", "unnamed"),
    }  # fmt: skip
    assert report.images.fnames == (*FIVE, "really_png.jpg", "twin.jpg", "other_twin.jpg", "blank.png")
    assert report.images.codes[:, 0].tolist() == [1, 0, -1, 1, 0, 1, 1, 0, 1]
    assert report.set_aside == 10
    assert len(report.images.rows) + report.set_aside == len(lines) - 1


def test_a_row_with_too_many_values_is_set_aside_and_a_short_one_is_used(tmp_path):
    images(tmp_path / "i", FIVE)
    report = checked(table(tmp_path / "t.csv", HEADER, *ROWS[:3], "4,4.jpg,1,1,1,1", "5,5.jpg,0"), tmp_path / "i")
    assert problems(report) == {(5, "4.jpg", "row_length"), (6, "5.jpg", "row_short")}
    assert report.images.codes[-1].tolist() == [0, -1, -1]


def test_a_row_whose_known_labels_break_a_rule_is_told(tmp_path):
    images(tmp_path / "i", FIVE)
    lines = [HEADER, *ROWS[:4], "5,5.jpg,0,0,1"]
    assert problems(checked(table(tmp_path / "t.csv", *lines), tmp_path / "i", rules=[RULE])) == {
        (6, "5.jpg", "conflict")
    }


def test_a_wrong_rule_is_told_before_any_picture_is_read(tmp_path):
    images(tmp_path / "i", FIVE)
    with pytest.raises(RuleError, match=r"\^"):
        checked(table(tmp_path / "t.csv", HEADER, *ROWS), tmp_path / "i", rules=["5k = mask adn distancing"])


def test_rules_over_a_multi_class_label_work(tmp_path):
    images(tmp_path / "i", FIVE)
    lines = ["fname,species,flies", "1.jpg,bird,1", "2.jpg,cat,0", "3.jpg,bird,0", "4.jpg,dog,", "5.jpg,,1"]
    report = checked(table(tmp_path / "t.csv", *lines), tmp_path / "i", rules=['species = "bird" implies flies'])
    assert problems(report) == {(4, "3.jpg", "conflict")}


def test_the_spelling_of_each_class_is_found(tmp_path):
    images(tmp_path / "i", FIVE)
    lines = ["fname,m", "1.jpg,1.0", "2.jpg,0.0", "3.jpg,1.0", "4.jpg,1", "5.jpg,"]
    assert checked(table(tmp_path / "t.csv", *lines), tmp_path / "i").plan.labels[0].spelling == {
        "1": "1.0",
        "0": "0.0",
    }


def test_a_plain_folder_can_get_a_label_that_nothing_fills_yet(tmp_path):
    source, folder = read_folder(images(tmp_path, FIVE)), ImageFolder.scan(tmp_path)
    plan = guess(source, folder)
    assert plan.labels == []
    plan.labels = [LabelPlan(name="species", column=None, classes=["cat", "dog"])]
    assert check(plan, source).images.codes.tolist() == [[-1]] * 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"filename": "nose"}, "no column 'nose'"),
        ({"labels": [LabelPlan(name="m", column="fname", classes=["0"])]}, "used twice"),
        ({"labels": [LabelPlan(name="m", column="mask", classes=["0", "0"])]}, "twice"),
        ({"labels": [LabelPlan(name="m", column="mask", classes=["0", "1"], names=["no"])]}, "display names"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(tmp_path, change, message):
    images(tmp_path / "i", FIVE)
    report = checked(table(tmp_path / "t.csv", HEADER, *ROWS), tmp_path / "i")
    with pytest.raises(GapwiseError, match=message):
        check(report.plan.model_copy(update=change), report.table)


def test_a_pipe_among_the_images_is_set_aside_and_nobody_waits_for_it(tmp_path):
    images(tmp_path / "i", FIVE)
    (tmp_path / "i" / "2.jpg").unlink()
    os.mkfifo(tmp_path / "i" / "2.jpg")
    report = checked(table(tmp_path / "t.csv", HEADER, *ROWS), tmp_path / "i")
    assert problems(report) == {(3, "2.jpg", "unreadable")}


def test_a_check_that_is_stopped_says_so(tmp_path):
    from core.jobs.reporter import Silent

    class Impatient(Silent):
        def should_stop(self) -> bool:
            return True

    images(tmp_path / "i", FIVE)
    report = checked(table(tmp_path / "t.csv", HEADER, *ROWS), tmp_path / "i")
    with pytest.raises(GapwiseError, match="stopped"):
        check(report.plan, report.table, Impatient())


def test_checking_writes_nothing(tmp_path):
    images(tmp_path / "i", FIVE)
    ws = Workspace.create(tmp_path / "ws")
    before = sorted(p for p in tmp_path.rglob("*") if "sqlite" not in p.name)
    checked(table(tmp_path / "i" / "t.csv", HEADER, *ROWS), tmp_path / "i", ws)
    after = sorted(p for p in tmp_path.rglob("*") if "sqlite" not in p.name and p.name != "t.csv")
    assert after == before
    with ws.read() as connection:
        assert connection.exec_driver_sql("select count(*) from image").scalar() == 0


def test_codes_are_small_integers_for_the_store(tmp_path):
    images(tmp_path / "i", FIVE)
    assert checked(table(tmp_path / "t.csv", HEADER, *ROWS), tmp_path / "i").images.codes.dtype == np.int16
