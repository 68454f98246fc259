"""The simulated reviewer on a table that is small enough to count by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.quality_parts.simulate import Course, copied, review, take_every_guess
from benchmarks.quality_parts.table import Table
from core.errors import GapwiseError
from core.store import cells
from tests.conftest import BINARY, FIVE_K, propose

KNOWN = {"mask": ["", "", "", "1"], "distancing": ["1", "1", "0", "1"], "5k": ["", "", "", "1"]}
TRUTH = {"mask": ["0", "1", "1", "1"], "distancing": ["1", "1", "0", "1"], "5k": ["0", "1", "0", "1"]}


@pytest.fixture
def ws(build):
    """Six gap cells; 5k of the third row is free. The model is wrong about the first mask, so about its 5k as well."""
    made = build(KNOWN, dict.fromkeys(KNOWN, BINARY), [FIVE_K])
    propose(made, "mask", {"0.png": [0.45, 0.55], "1.png": [0.3, 0.7], "2.png": [0.4, 0.6]})
    with made.write() as connection:
        cells.derive_all(connection)
    return made


@pytest.fixture
def source(tmp_path):
    pd.DataFrame({"fname": [f"{i}.png" for i in range(4)], **TRUTH}).to_csv(tmp_path / "truth.csv", index=False)
    return tmp_path


def sources(ws, table):
    with ws.read() as connection:
        return {name: tuple(one.values()) for name, one in table.by_source(connection).items()}


def test_the_table_counts_values_and_what_is_proposed(ws, source):
    table = Table(ws, source)
    assert table.gaps.sum() == 6
    assert table.wrong == 2
    assert sources(ws, table) == {
        "human": (0, 0), "derived": (1, 0), "pseudo": (0, 0), "proposed": (5, 2), "nothing": (0, 0)
    }  # fmt: skip


def test_a_cell_that_nothing_speaks_for_is_told_apart_and_never_right(build, source):
    ws = build(KNOWN, dict.fromkeys(KNOWN, BINARY), [FIVE_K])
    table = Table(ws, source)
    # 5k of the third row follows, though nobody wrote it yet: that counts as proposed.
    assert sources(ws, table) == {
        "human": (0, 0), "derived": (0, 0), "pseudo": (0, 0), "proposed": (1, 0), "nothing": (5, 5)
    }  # fmt: skip
    course = review(ws, table, "leverage", 0.99)
    assert course.told()["decisions"] == {"0.95": None, "0.98": None, "0.99": None, "0.995": None}
    assert course.told()["end"]["wrong"] == 5


def test_a_table_without_a_gap_is_refused(build, source):
    ws = build(TRUTH, dict.fromkeys(TRUTH, BINARY), [FIVE_K])
    with pytest.raises(GapwiseError, match="No cell of mask, distancing, 5k is a gap: nothing to fill"):
        Table(ws, source)


@pytest.mark.parametrize(("order", "wrong"), [("uncertain", [2, 0]), ("surest", [2, 2, 2, 0])])
def test_one_answer_mends_the_mask_and_what_follows(ws, source, order, wrong):
    with copied(ws.root) as copy:
        table = Table(copy, source)
        course = review(copy, table, order, 1.0)
        assert course.wrong == wrong
        assert table.wrong == 0
        assert course.decisions(0.6) == 0
        assert course.decisions(1.0) == len(wrong) - 1
        told = course.told()
        answers = len(wrong) - 1
        assert told["decisions"] == {"0.95": answers, "0.98": answers, "0.99": answers, "0.995": answers}
        assert told["at"]["0.99"] == {"wrong": 0, "sources": told["end"]["sources"]}
        assert told["end"]["sources"]["human"] == {"cells": answers, "wrong": 0}
        assert told["end"]["sources"]["derived"] == {"cells": 1 + min(answers, 2), "wrong": 0}
    assert Table(ws, source).wrong == 2  # the workspace itself is as it was


def test_new_predictions_in_the_middle_are_looked_at(ws, source):
    """As after a training: the model has changed its mind about the first mask, and nothing else is wrong."""

    def train():
        propose(ws, "mask", {"0.png": [0.9, 0.1], "1.png": [0.3, 0.7]})
        return True

    course = review(ws, Table(ws, source), "surest", 1.0, lambda n: train if n == 1 else None)
    assert course.wrong == [2, 0]


def test_a_target_that_is_not_reached_is_none():
    assert Course(10, [3, 2, 1]).decisions(0.95) is None


def test_the_reference_accepts_every_guess(ws, source):
    take_every_guess(ws, ["mask"])
    table = Table(ws, source)
    assert table.wrong == 2
    assert sources(ws, table)["pseudo"] == (3, 1)
    assert sources(ws, table)["derived"] == (3, 1)
