"""Two people, the same cells."""

from __future__ import annotations

import itertools

import pytest

from core.errors import GapwiseError
from core.store import agreement, decisions
from core.store.agreement import cohens_kappa
from tests.conftest import at, cells_of

ids = itertools.count()


def test_kappa_of_cohens_own_kind_of_table():
    # 20 both yes, 5 and 10 split, 15 both no: (0.7 - 0.5) / (1 - 0.5)
    first = [1] * 20 + [1] * 5 + [0] * 10 + [0] * 15
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert cohens_kappa(first, second) == pytest.approx(0.4)


def test_kappa_at_both_ends():
    assert cohens_kappa([0, 1, 2], [0, 1, 2]) == pytest.approx(1)
    assert cohens_kappa([0, 1], [1, 0]) == pytest.approx(-1)
    assert cohens_kappa([1, 1], [1, 1]) is None
    with pytest.raises(ValueError, match="can't be compared"):
        cohens_kappa([], [])


def decide(ws, fname, label, value, reviewer):
    with ws.write() as connection:
        return decisions.decide(connection, client_id=f"d{next(ids)}", reviewer=reviewer, action="choose",
                                value=value, **at(ws, fname, label))  # fmt: skip


def settle(ws, fname, label, value, client="s"):
    with ws.write() as connection:
        return agreement.settle(connection, client_id=client, reviewer="cyd", value=value, **at(ws, fname, label))


def open_ones(ws):
    with ws.read() as connection:
        return [(r.fname, r.value, r.said, r.by, r.reviewer) for r in agreement.conflicts(connection)]


def test_two_people_who_disagree_are_listed_until_a_third_settles_it(five_k):
    decide(five_k, "2.png", "mask", 1, "ann")
    decide(five_k, "4.png", "mask", 1, "ann")
    decide(five_k, "2.png", "mask", 0, "bob")
    decide(five_k, "4.png", "mask", 1, "bob")
    with five_k.read() as connection:
        found = agreement.agreements(connection)[0]
    assert (found.first, found.second, found.cells, found.agreed, found.kappa) == ("ann", "bob", 2, 0.5, 0.0)
    assert open_ones(five_k) == [("2.png", 1, 0, "ann", "bob")]
    settle(five_k, "2.png", "mask", 0)
    assert cells_of(five_k)["2.png", "mask"] == (0, "human")
    assert cells_of(five_k)["2.png", "5k"] == (0, "derived")
    assert open_ones(five_k) == []
    assert settle(five_k, "2.png", "mask", 0).repeated


def test_a_confirmed_value_is_settled_too(five_k):
    decide(five_k, "2.png", "mask", 1, "ann")
    decide(five_k, "2.png", "mask", 0, "bob")
    settle(five_k, "2.png", "mask", 1)
    assert open_ones(five_k) == []
    assert cells_of(five_k)["2.png", "mask"] == (1, "human")
    with pytest.raises(GapwiseError, match="Nobody disagrees"):
        settle(five_k, "2.png", "mask", 1, client="t")


def test_a_second_answer_that_is_taken_back_is_no_conflict(five_k):
    decide(five_k, "2.png", "mask", 1, "ann")
    decide(five_k, "2.png", "mask", 0, "bob")
    with five_k.write() as connection:
        decisions.undo(connection, client_id="u", reviewer="bob")
        assert agreement.agreements(connection) == []
    assert open_ones(five_k) == []
