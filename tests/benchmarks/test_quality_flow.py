"""Accepting in bulk and reviewing the rest, with the product's own offers, acceptances and audits."""

from __future__ import annotations

import pandas as pd
import pytest
from sqlalchemy import select, update

from benchmarks.quality_parts.flow import BELOW, CANT, IDLE, RIGHT, exact, follow
from benchmarks.quality_parts.table import Table
from core.store import acceptances, schema
from tests.conftest import BINARY, propose


@pytest.fixture
def made(build, tmp_path):
    """Return a function that makes a set of which all is predicted "1" as surely."""

    def make(known: int, waiting: int, wrong: int) -> tuple[object, Table]:
        rows = known + waiting
        ws = build({"mask": ["1"] * known + [""] * waiting}, {"mask": BINARY})
        propose(ws, "mask", {f"{i}.png": [0.05, 0.95] for i in range(rows)})
        with ws.write() as connection:
            proposal = schema.proposal.c
            connection.execute(update(schema.proposal).where(proposal.image_id <= known).values(heldout=1))
        every = max(1, waiting // max(1, wrong))
        truth = ["1"] * known + ["0" if wrong and k % every == 0 else "1" for k in range(waiting)]
        pd.DataFrame({"fname": [f"{i}.png" for i in range(rows)], "mask": truth}).to_csv(
            tmp_path / "truth.csv", index=False
        )
        return ws, Table(ws, tmp_path)

    return make


def test_what_keeps_the_promise_is_accepted_and_held_against_the_truth(made):
    ws, table = made(known=60, waiting=120, wrong=3)
    found = follow(ws, table, ["mask"], 0.9, 0.97)
    told = found["bulk"]["mask"]
    assert (told["accepted"], told["wrong"], told["by_chance"], told["verdict"]) == (120, 3, 0, RIGHT)
    assert told["precision"] == [117 / 120, *exact(117, 120)]
    assert found["decisions"]["0.95"] == 0  # 117 of 120
    assert found["accepted"]["pseudo"] == {"cells": 120, "wrong": 3}
    # Checks go on until they tell; what they correct is the person's from then on.
    assert told["audit"]["verdict"] == "kept"
    assert told["audit"]["low"] >= 0.9
    assert told["audit"]["holds"]
    assert found["checks_after"] >= told["audit"]["checked"] > 0


def test_where_too_little_is_known_a_sample_is_reviewed_first(made):
    ws, table = made(known=0, waiting=120, wrong=0)
    told = follow(ws, table, ["mask"], 0.9, 0.99)["bulk"]["mask"]
    # ln(0.05 * 0.6 * 0.4 / 2) / ln(0.9) = 48.6 of them, all right, in the second look
    assert (told["by_chance"], told["looks"], told["sampled"]) == (49, 1, 49)
    assert (told["accepted"], told["wrong"], told["verdict"]) == (71, 0, RIGHT)


def test_where_a_sample_would_be_most_of_what_waits_it_says_that_it_cannot(made):
    ws, table = made(known=0, waiting=90, wrong=0)
    told = follow(ws, table, ["mask"], 0.9, 0.99)["bulk"]["mask"]
    assert (told["accepted"], told["by_chance"], told["verdict"]) == (0, 0, CANT)
    assert told["says"][1] == "1: No threshold keeps 90% with 0 known cells: review 49 more, chosen by chance"


def test_too_many_wrong_ones_in_the_sample_are_no_ground(made):
    ws, table = made(known=0, waiting=120, wrong=40)
    found = follow(ws, table, ["mask"], 0.9, 0.7)
    told = found["bulk"]["mask"]
    assert (told["accepted"], told["by_chance"], told["verdict"]) == (0, 49, CANT)
    assert "of 49 known cells are wrong" in told["says"][1]
    assert found["by_chance"] == 49


def test_an_acceptance_that_falls_below_its_promise_is_found_and_taken_back(made):
    """The held-out cells were all right; what was missing is another matter, and the promise breaks."""
    ws, table = made(known=60, waiting=120, wrong=60)
    found = follow(ws, table, ["mask"], 0.9, 0.99)
    told = found["bulk"]["mask"]
    assert (told["accepted"], told["wrong"], told["verdict"]) == (120, 60, BELOW)
    assert (told["audit"]["verdict"], told["audit"]["withdrawn"]) == ("broken", True)
    assert found["end"]["sources"]["pseudo"] == {"cells": 0, "wrong": 0}
    assert found["end"]["wrong"] <= 1  # and the rest was reviewed
    with ws.read() as connection:
        assert connection.execute(select(schema.acceptance.c.withdrawn)).scalar() is not None


def test_a_label_of_which_nothing_waits_is_passed_by(made):
    ws, table = made(known=60, waiting=120, wrong=0)
    with ws.write() as connection:
        connection.execute(update(schema.proposal).values(heldout=1))
    told = follow(ws, table, ["mask"], 0.9, 0.99)["bulk"]["mask"]
    assert (told["accepted"], told["verdict"]) == (0, IDLE)
    with ws.read() as connection:
        assert acceptances.listed(connection) == []


def test_exact_bounds_are_those_of_clopper_and_pearson():
    low, high = exact(9, 10)  # the textbook's: 0.5550 to 0.9975
    assert (round(low, 4), round(high, 4)) == (0.5550, 0.9975)
    assert exact(10, 10)[1] == 1.0
    assert exact(0, 10)[0] == 0.0
