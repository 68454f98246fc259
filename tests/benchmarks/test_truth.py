"""Truth tables as people bring them: other orders, other columns, holes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.quality_parts.truth import more_classes, read_truth
from core.errors import GapwiseError
from core.labels.label import Label

LABELS = [Label("kind", ("cat", "dog", "old frog")), Label("can fly", ("0", "1"))]
NAMES = ["a/1.png", "a/2.png", "a/3.png"]
GIVEN = np.array([[0, -1], [-1, 0], [-1, -1]])
TRUE = {"kind": ["cat", "old frog", "dog"], "can fly": ["1.0", "0", "0"]}


def write(folder, columns, **more):
    path = folder / "truth.csv"
    pd.DataFrame({**columns, **more}).to_csv(path, index=False)
    return path


def test_rows_in_another_order_and_more_of_them(tmp_path):
    rows = [2, 3, 0, 1]
    columns = {"picture": [*NAMES, "b/9.png"], **{name: [*values, "?"] for name, values in TRUE.items()}}
    shuffled = {name: [values[i] for i in rows] for name, values in columns.items()}
    found = read_truth(write(tmp_path, shuffled, id=["1", "2", "3", "4"]), NAMES, LABELS, GIVEN)
    assert found.tolist() == [[0, 1], [2, 0], [1, 0]]


def test_a_value_that_is_given_need_not_be_told_again(tmp_path):
    columns = {"fname": NAMES, "kind": ["", "old frog", "dog"], "can fly": ["1", "", "0"]}
    assert read_truth(write(tmp_path, columns), NAMES, LABELS, GIVEN).tolist() == [[0, 1], [2, 0], [1, 0]]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({**TRUE, "fname": NAMES, "can fly": ["1", "0", ""]}, "'can fly': no value for a/3.png, where"),
        ({**TRUE, "fname": NAMES, "kind": ["cat", "eel", "dog"]}, r"no class of it for a/2.png \('eel'\)"),
        ({**TRUE, "fname": [*NAMES[:2], "a/4.png"]}, "no row for a/3.png"),
        ({**TRUE, "fname": ["x", "y", "z"]}, "No column of .*truth.csv names the pictures, such as 'a/1.png'"),
        ({"fname": NAMES, "kind": TRUE["kind"]}, "has no column 'can fly'; it has fname, kind"),
        (
            {"fname": [*NAMES, NAMES[0]], "kind": [*TRUE["kind"], "dog"], "can fly": [*TRUE["can fly"], "1"]},
            "says two different things about 'a/1.png'",
        ),
    ],
)
def test_what_does_not_fit_is_told(tmp_path, columns, told):
    with pytest.raises(GapwiseError, match=told):
        read_truth(write(tmp_path, columns), NAMES, LABELS, GIVEN)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(GapwiseError, match="truth.csv"):
        read_truth(tmp_path / "truth.csv", NAMES, LABELS, GIVEN)


def test_classes_that_only_the_truth_shows_are_named(tmp_path):
    write(tmp_path, {"fname": NAMES, **TRUE, "empty": ["no", "", "yes"]})
    known = {"kind": ["cat", "dog"], "can fly": ["0", "1"], "empty": []}
    assert more_classes(tmp_path, list(known), known) == {"kind": ["cat", "dog", "old frog"], "empty": ["no", "yes"]}
