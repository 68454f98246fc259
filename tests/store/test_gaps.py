from __future__ import annotations

from core.store.gaps import conflicts, free_examples
from tests.conftest import BINARY, FIVE_K

LABELS = {"mask": BINARY, "distancing": BINARY, "5k": BINARY}


def test_each_free_cell_says_why(five_k):
    with five_k.read() as connection:
        found = {r.fname: r.sentence for r in free_examples(connection)}
    assert found == {
        "1.png": "5k is 0, because mask is 0 and `5k = mask and distancing`",
        "4.png": "5k is 0, because distancing is 0 and `5k = mask and distancing`",
    }


def test_examples_are_spread_over_the_labels_and_never_alike(build):
    """mask and distancing of ten rows follow from 5k = 1, and 5k of one row from its mask."""
    ws = build({"mask": [""] * 10 + ["0"], "distancing": [""] * 11, "5k": ["1"] * 10 + [""]}, LABELS, [FIVE_K])
    with ws.read() as connection:
        found = free_examples(connection, limit=3)
        assert len(free_examples(connection)) == 3
    assert [r.sentence.split(" is ")[0] for r in found] == ["mask", "distancing", "5k"]


def test_without_gaps_or_rules_there_are_no_examples(build):
    ws = build({"mask": ["1"]}, {"mask": BINARY})
    with ws.read() as connection:
        assert free_examples(connection) == []
        assert conflicts(connection) == []


def test_a_conflict_names_the_cells_that_can_not_all_be_true(build):
    ws = build({"mask": ["0", "1"], "distancing": ["1", "1"], "5k": ["1", "1"]}, LABELS, [FIVE_K])
    with ws.read() as connection:
        (found,) = conflicts(connection)
    assert (found.fname, found.sentence) == (
        "0.png",
        "can't all be true: mask is 0 and 5k is 1 and `5k = mask and distancing`",
    )
