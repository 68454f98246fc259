"""Guesses about tables that people really have."""

from __future__ import annotations

import pandas as pd
import pytest

from core.errors import GapwiseError
from core.importing.folder import ImageFolder
from core.importing.guess import guess
from core.importing.read import read_folder, read_table
from core.labels.label import Label
from tests.importing.sets import HEADER, ROWS, images, table


def plan_of(tmp_path, *lines, files=("1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"), **options):
    if not (tmp_path / "images").exists():
        for name in files:
            (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "images" / name).touch()
    source = read_table(table(tmp_path / "t.csv", *lines))
    return guess(source, ImageFolder.scan(tmp_path / "images"), table_path=tmp_path / "t.csv", **options)


def labels_of(plan):
    return {p.name: p.classes for p in plan.labels}


def test_the_contests_table_is_understood(tmp_path):
    plan = plan_of(tmp_path, HEADER, *ROWS)
    assert (plan.filename, plan.id_column) == ("fname", "image_id")
    assert labels_of(plan) == {"mask": ["0", "1"], "distancing": ["0", "1"], "5k": ["0", "1"]}
    assert plan.labels[0].names == ["no", "yes"]


@pytest.mark.parametrize("names", [("mask", "index", "size"), ("values", "shape", "T"), ("count", "name", "class")])
def test_labels_may_have_any_name(tmp_path, names):
    rows = [f"{i}.jpg,{i % 2},{i % 2},{i % 2}" for i in range(1, 6)]
    assert list(labels_of(plan_of(tmp_path, "fname," + ",".join(names), *rows))) == list(names)


@pytest.mark.parametrize("written", ["{}.jpg", "{}", "images/{}.jpg", "a\\b\\{}.jpg", "./{}.jpg"])
def test_the_file_column_is_found_by_the_files_whatever_it_is_called(tmp_path, written):
    rows = [f"{i % 2},{written.format(i)},x" for i in range(1, 6)]
    plan = plan_of(tmp_path, "y,what,note", *rows)
    assert plan.filename == "what"
    assert list(labels_of(plan)) == ["y"]


def test_a_prefix_above_the_folder_is_noticed(tmp_path):
    rows = [f"data/images/{i}.jpg,{i % 2}" for i in range(1, 6)]
    assert plan_of(tmp_path, "path,y", *rows).prefix == "data/images/"


def test_ids_measurements_texts_splits_and_dates_are_no_labels(tmp_path):
    header = "fname,id,score,comment,split,day,x,y_true"
    days = ["2022-01-01", "2022-01-02", "2022-01-03", "2022-01-04", "2022-01-05"]
    rows = [
        f"{i}.jpg,{i},0.{i}3,text {i} of many words,{'train' if i < 4 else 'test'},{days[i - 1]},{i * 17},{i % 2}"
        for i in range(1, 6)
    ]
    assert list(labels_of(plan_of(tmp_path, header, *rows))) == ["y_true"]


def test_minus_one_is_missing_beside_zero_and_one_but_a_class_beside_one(tmp_path):
    plan = plan_of(
        tmp_path, "fname,a,b,c", "1.jpg,-1,-1,-2", "2.jpg,0,1,-1", "3.jpg,1,-1,0", "4.jpg,1,1,-2", "5.jpg,0,1,-1"
    )
    assert labels_of(plan) == {"a": ["0", "1"], "b": ["-1", "1"], "c": ["-2", "-1", "0"]}


def test_a_token_that_the_person_names_is_missing_even_if_it_looks_like_a_class(tmp_path):
    rows = ["1.jpg,a,-1", "2.jpg,b,1", "3.jpg,unsure,-1", "4.jpg,a,1", "5.jpg,unsure,1"]
    plan = plan_of(tmp_path, "fname,k,b", *rows, missing=["unsure"])
    assert labels_of(plan) == {"k": ["a", "b"], "b": ["-1", "1"]}
    assert "unsure" in plan.missing
    assert labels_of(plan_of(tmp_path, "fname,k,b", *rows, usual=("",)))["k"] == ["a", "b", "unsure"]


def test_multi_class_text_and_numbers_are_labels(tmp_path):
    rows = ["1.jpg,cat,3", "2.jpg,dog,1", "3.jpg,bird,2", "4.jpg,cat,10", "5.jpg,dog,1"]
    plan = plan_of(tmp_path, "fname,species,grade", *rows)
    assert labels_of(plan) == {"species": ["bird", "cat", "dog"], "grade": ["1", "2", "3", "10"]}


def test_only_the_named_columns_are_labels(tmp_path):
    assert list(labels_of(plan_of(tmp_path, HEADER, *ROWS, labels=["5k"]))) == ["5k"]


def test_a_label_can_be_named_with_its_classes_and_without_a_column(tmp_path):
    plan = plan_of(tmp_path, HEADER, *ROWS, labels=["mask=0,1,2", "species=cat,dog"])
    assert [(p.name, p.column, p.classes) for p in plan.labels] == [
        ("mask", "mask", ["0", "1", "2"]), ("species", None, ["cat", "dog"]),
    ]  # fmt: skip


def test_the_workspaces_classes_hold(tmp_path):
    known = [Label("mask", ("0", "1", "2"), ("none", "chin", "full"))]
    plan = plan_of(tmp_path, HEADER, *ROWS, known=known)
    assert (plan.labels[0].classes, plan.labels[0].names) == (["0", "1", "2"], ["none", "chin", "full"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": ["nose"]}, "no column 'nose'"),
        ({"labels": ["fname"]}, "file names"),
        ({"labels": ["image_id"]}, "1,500 distinct values"),
        ({"labels": ["empty"]}, "Every value"),
        ({"filename": "nose"}, "no column 'nose'"),
    ],
)
def test_what_can_not_be_is_refused(tmp_path, options, message):
    rows = [f"{i},{i}.jpg," for i in range(1500)]
    with pytest.raises(GapwiseError, match=message):
        plan_of(tmp_path, "image_id,fname,empty", *rows, **options)


def test_a_label_with_thousands_of_values_is_not_guessed(tmp_path):
    rows = [f"{i}.jpg,c{i % 1200}" for i in range(5000)]
    assert labels_of(plan_of(tmp_path, "fname,label", *rows)) == {}


def test_a_table_that_names_no_file_is_refused(tmp_path):
    with pytest.raises(GapwiseError, match="--filename"):
        plan_of(tmp_path, "a,b", "x,7", "z,8", files=("1.jpg",))


def test_folder_per_class_needs_no_guess(tmp_path):
    images(tmp_path, ["yes/1.jpg", "no/2.jpg"])
    plan = guess(read_folder(tmp_path, "wearing"), ImageFolder.scan(tmp_path))
    assert (plan.table, plan.filename, plan.folder_label) == (None, "fname", "wearing")
    assert labels_of(plan) == {"wearing": ["no", "yes"]}


def test_a_table_from_pandas_with_floats_and_booleans_is_understood(tmp_path):
    frame = pd.DataFrame({"fname": ["1.jpg", "2.jpg", "3.jpg"], "m": [1.0, None, 0.0], "b": [True, False, None]})
    frame.to_csv(tmp_path / "t.csv")
    (tmp_path / "images").mkdir()
    for name in frame["fname"]:
        (tmp_path / "images" / name).touch()
    plan = guess(read_table(tmp_path / "t.csv"), ImageFolder.scan(tmp_path / "images"))
    assert labels_of(plan) == {"m": ["0", "1"], "b": ["false", "true"]}


def test_a_value_that_the_person_calls_missing_does_not_come_back_as_the_other_class(tmp_path):
    # `--missing 1` left only 0, which was completed to 0 and 1, so that 1 counted as a class all the same.
    rows = [f"{i}.jpg,{i % 2}" for i in range(1, 6)]
    plan = plan_of(tmp_path, "fname,y", *rows, labels=["y"], missing=["1"])
    assert labels_of(plan) == {"y": ["0"]}
    assert labels_of(plan_of(tmp_path, "fname,y", *rows, missing=["1"])) == {}
