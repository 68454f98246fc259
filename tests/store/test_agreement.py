"""Two people, the same cells."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import func, select

from core.errors import GapwiseError
from core.store import acceptances, agreement, audits, bulk, decisions, profiles, schema
from core.store.agreement import cohens_kappa
from core.store.labels import label_id
from tests.conftest import at, cells_of, propose

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


def settle(ws, fname, label, value, client="s", by="cyd"):
    with ws.write() as connection:
        return agreement.settle(connection, client_id=client, reviewer=by, value=value, **at(ws, fname, label))


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


def test_who_settles_it_may_take_that_back_and_the_first_answer_stands_again(five_k):
    decide(five_k, "2.png", "mask", 1, "ann")
    decide(five_k, "2.png", "mask", 0, "bob")
    before = cells_of(five_k)
    settle(five_k, "2.png", "mask", 0)
    with five_k.write() as connection:
        decisions.undo(connection, client_id="u", reviewer="cyd")
    assert cells_of(five_k) == before
    assert open_ones(five_k) == [("2.png", 1, 0, "ann", "bob")]
    settle(five_k, "2.png", "mask", 0, client="again")
    with five_k.write() as connection:
        decisions.undo(connection, client_id="v", reviewer="ann")  # hers stands no more: nothing changes
    assert cells_of(five_k)["2.png", "mask"] == (0, "human")


@pytest.mark.parametrize("order", list(itertools.permutations(["ann", "cyd", "dan"])), ids="-".join)
def test_an_overruled_answer_is_undone_in_whatever_order(five_k, order):
    """Each answer stood on the one before; who was in between and took it back left the cell empty for all."""
    run_id = propose(five_k, "mask", {"2.png": [0.4, 0.6]})
    with five_k.write() as connection:
        where = {"label_id": label_id(connection, "mask"), "run_id": run_id}
        rules = [bulk.Rule(profiles.read(connection).ids.tolist(), 1, 0.0)]
        promise = acceptances.Promise(**where, precision=0.5, level=0.95, rules=rules, grounds=[], expected=0.01)
        acceptances.accept(connection, client_id="bulk", reviewer="bulk", promise=promise)
    stands = [(1, "pseudo")]
    assert cells_of(five_k)["2.png", "mask"] == stands[0]
    said = {"ann": 0, "cyd": 1, "dan": 0}
    for who, value in said.items():
        decide(five_k, "2.png", "mask", value, who if who == "ann" else f"beside {who}")
        if who != "ann":
            settle(five_k, "2.png", "mask", value, f"by {who}", who)
        assert cells_of(five_k)["2.png", "mask"] == (value, "human")
    for gone in order:
        with five_k.write() as connection:
            decisions.undo(connection, client_id=f"u{gone}", reviewer=gone)
        del said[gone]
        left = [(value, "human") for value in said.values()]
        assert cells_of(five_k)["2.png", "mask"] == (stands + left)[-1]
    with five_k.write() as connection:
        decisions.undo(connection, client_id="u", reviewer="bulk")
    assert ("2.png", "mask") not in cells_of(five_k)


def test_what_people_settle_counts_where_the_cell_was_a_check(five_k):
    """The overruled answer went on counting against the acceptance, and for what thresholds rest on."""
    run_id = propose(five_k, "mask", {"2.png": [0.4, 0.6]})
    with five_k.write() as connection:
        acceptances.ask_open(connection, label_id(connection, "mask"), run_id, 1)
    decide(five_k, "2.png", "mask", 0, "ann")
    decide(five_k, "2.png", "mask", 1, "bob")
    said = lambda: [row.said for row in rows(five_k)]  # noqa: E731
    assert said() == [0]
    settle(five_k, "2.png", "mask", 1)
    assert said() == [1]
    with five_k.write() as connection:
        decisions.undo(connection, client_id="u", reviewer="cyd")
    assert said() == [0]


def test_a_known_value_that_was_hidden_again_can_be_settled(five_k):
    """A later acceptance drew the cell once more: the third answer was kept beside the value, too."""
    run_id = propose(five_k, "mask", {"0.png": [0.4, 0.6]}, heldout=True)
    for after in (False, True):
        with five_k.write() as connection:
            where = {"label_id": label_id(connection, "mask"), "run_id": run_id, "image_id": 1, "proposal_id": 1}
            newest = connection.execute(select(func.max(schema.decision.c.id))).scalar() or 0
            audits.add(connection, [{**where, "kind": audits.KNOWN, "value": 1, "after": newest}])
        if not after:
            assert not decide(five_k, "0.png", "mask", 0, "ann").applied
    assert open_ones(five_k) == [("0.png", 1, 0, None, "ann")]
    assert settle(five_k, "0.png", "mask", 0).applied
    assert cells_of(five_k)["0.png", "mask"] == (0, "human")
    assert open_ones(five_k) == []
    assert [row.said for row in rows(five_k)] == [0, 0]


def rows(ws):
    with ws.read() as connection:
        return audits.rows(connection)


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
