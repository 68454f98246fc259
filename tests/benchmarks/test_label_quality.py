"""The simulated reviewer on a table that is small enough to count by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.quality_parts.simulate import Course, copied, review, take_every_guess, take_promised_cells, wrong_of
from benchmarks.quality_parts.table import Table
from benchmarks.quality_parts.training import to_train
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


def test_a_label_that_others_define_needs_no_model(build):
    columns = {"mask": ["", "1"], "distancing": ["", "1"], "5k": ["", "1"], "twin": ["", ""]}
    ws = build(columns, dict.fromkeys(columns, BINARY), [FIVE_K, "twin = mask"])
    assert to_train(ws) == ["mask", "distancing"]


def test_the_table_counts_values_and_what_is_proposed(ws, source):
    table = Table(ws, source)
    assert table.gaps.sum() == 6
    assert table.wrong == 2
    assert table.by_source() == {
        "human": {"cells": 0, "wrong": 0},
        "derived": {"cells": 1, "wrong": 0},
        "pseudo": {"cells": 0, "wrong": 0},
        "proposed": {"cells": 5, "wrong": 2},
    }


@pytest.mark.parametrize(("order", "wrong"), [("uncertain", [2, 0]), ("surest", [2, 2, 2, 0])])
def test_one_answer_mends_the_mask_and_what_follows(ws, source, order, wrong):
    with copied(ws.root) as copy:
        table = Table(copy, source)
        course = review(copy, table, order, 1.0)
        assert course.wrong == wrong
        assert table.wrong == 0
        assert course.decisions(0.6) == 0
        assert course.decisions(1.0) == len(wrong) - 1
    assert Table(ws, source).wrong == 2  # the workspace itself is as it was


def test_a_target_that_is_not_reached_is_none():
    assert Course(10, [3, 2, 1]).decisions(0.95) is None


def test_the_reference_accepts_every_guess(ws, source):
    take_every_guess(ws, ["mask"])
    table = Table(ws, source)
    assert table.wrong == 2
    assert table.by_source()["pseudo"] == {"cells": 3, "wrong": 1}
    assert table.by_source()["derived"] == {"cells": 3, "wrong": 1}


def test_bulk_acceptance_takes_nothing_without_held_out_cells_that_promise_it(ws, source):
    propose(ws, "mask", {"3.png": [0.1, 0.9], "0.png": [0.45, 0.55]}, heldout=False)
    with ws.write() as connection:
        from core.store import schema

        connection.execute(schema.proposal.update().where(schema.proposal.c.image_id == 4).values(heldout=1))
    taken = take_promised_cells(ws, ["mask"], 0.99)["mask"]
    assert len(taken.codes) == 0
    assert all(t.confidence is None for promise in taken.promises for t in promise.thresholds)
    assert wrong_of(Table(ws, source), ws, "mask", taken) == 0
