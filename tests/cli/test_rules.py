"""`rules`: listed, added, removed, drawn and found."""

from __future__ import annotations

import json
from functools import partial

import pytest

from core.store import cells
from core.store.missing import report
from tests.conftest import BINARY, FIVE_K


@pytest.fixture
def ws(build):
    """Thirty complete rows that keep the 5K rule, then two with gaps."""
    rows = [(m, d, m & d) for m in (0, 1) for d in (0, 1)] * 10
    columns = {n: [str(r[i]) for r in rows] for i, n in enumerate(("mask", "distancing", "5k"))}
    for name, extra in (("mask", ["0", "1"]), ("distancing", ["", ""]), ("5k", ["", ""])):
        columns[name] += extra
    return build(columns, dict.fromkeys(columns, BINARY))


@pytest.fixture
def run(run):
    return partial(run, "rules")


def test_rules_are_added_listed_and_removed_by_number_or_text(run):
    assert run()[1] == "no rules yet\n"
    assert run("add", FIVE_K)[1] == f"  1  {FIVE_K}\n"
    assert json.loads(run("add", "5k implies mask", "--json")[1]) == [FIVE_K, "5k implies mask"]
    assert json.loads(run("remove", "2", "--json")[1]) == {"rules": [FIVE_K], "withdrawn": 0}
    assert run("remove", FIVE_K)[1] == "no rules left\n"


def test_a_rule_that_is_removed_takes_what_followed_from_it_along(run, ws):
    run("add", FIVE_K)
    with ws.write() as connection:
        assert cells.derive_all(connection) == {"5k": 1}
    assert json.loads(run("remove", "1", "--json")[1])["withdrawn"] == 1
    with ws.read() as connection:
        assert report(connection).cells["derived"] == 0


@pytest.mark.parametrize("rule", ["5k = maks", "mask and not mask", "5k ="])
def test_a_rule_that_can_not_be_used_changes_nothing(run, rule):
    status, _, err = run("add", rule)
    assert (status, run()[1]) == (1, "no rules yet\n")
    assert "^" in err or "mask" in err


def test_removing_what_is_not_there_lists_what_is(run):
    run("add", FIVE_K)
    status, _, err = run("remove", "7")
    assert status == 1
    assert FIVE_K in err


def test_the_truth_table_is_drawn_of_a_stored_rule_and_of_any(run):
    run("add", FIVE_K)
    found = json.loads(run("table", "1", "--json")[1])
    assert (found["rule"], len(found["rows"]), sum(row["allowed"] for row in found["rows"])) == (FIVE_K, 8, 4)
    assert run("table", "mask implies distancing")[1].count("allowed") == 3


def test_a_rule_that_the_table_keeps_is_found_until_it_is_there(run):
    found = json.loads(run("suggest", "--least", "10", "--json")[1])
    assert [(s["text"], s["support"], s["known"]) for s in found] == [("5k = mask and distancing", 10, 40)]
    run("add", found[0]["text"])
    assert "No rule holds" in run("suggest", "--least", "10")[1]


@pytest.mark.parametrize("arguments", [("add",), ("list", "x"), ("suggest", "--least", "0"), ("draw",)])
def test_wrong_usage_exits_with_two(run, arguments):
    with pytest.raises(SystemExit, match="2"):
        run(*arguments)


def test_a_rule_that_is_there_is_not_added_again_and_a_number_that_is_none_is_said(run):
    assert run("add", FIVE_K)[0] == 0
    status, _, told = run("add", FIVE_K)
    assert status == 1
    assert "is there already" in told
    status, _, told = run("add", "  ")
    assert status == 1
    assert "The rule is empty" in told
    status, _, told = run("table", "7")
    assert status == 1
    assert "There is no rule 7" in told


def test_a_rule_that_the_others_imply_is_taken_and_said(run):
    """It was taken without a word, and somebody looked in vain for what it would fill."""
    run("add", FIVE_K)
    status, out, told = run("add", "5k implies mask")
    assert (status, out) == (0, f"  1  {FIVE_K}\n  2  5k implies mask\n")
    assert told.strip() == f"`5k implies mask` follows from `{FIVE_K}` already: it adds nothing, and does no harm."
    assert "follows from" in run()[2]
    run("remove", "2")
    assert run()[2] == ""
