from __future__ import annotations

from core.store.gaps import conflicts, free_proofs
from tests.conftest import BINARY, FIVE_K

LABELS = {"mask": BINARY, "distancing": BINARY, "5k": BINARY}


def test_each_free_cell_says_why(five_k):
    with five_k.read() as connection:
        proofs, cells = free_proofs(connection)
    assert {(p.fname, p.cells): p.sentence for p in proofs} == {
        ("1.png", 1): "5k is 0, because mask is 0 and `5k = mask and distancing`",
        ("4.png", 1): "5k is 0, because distancing is 0 and `5k = mask and distancing`",
    }
    assert cells == 2


def test_cells_that_follow_from_the_same_share_a_proof_whatever_else_their_images_have(build):
    """mask and distancing of ten rows follow from 5k = 1, and 5k of one row from its mask."""
    columns = {
        "mask": [""] * 10 + ["0"],
        "distancing": [""] * 11,
        "5k": ["1"] * 10 + [""],
        "hat": ["1", "0"] * 5 + [""],
    }
    ws = build(columns, {**LABELS, "hat": BINARY}, [FIVE_K])
    with ws.read() as connection:
        proofs, cells = free_proofs(connection)
        assert free_proofs(connection, limit=1) == (proofs[:1], cells)
    assert [(p.sentence.split(" is ")[0], p.cells) for p in proofs] == [("mask", 10), ("distancing", 10), ("5k", 1)]
    assert cells == 21


def test_images_that_differ_in_what_a_proof_does_not_need_share_it(build):
    ws = build({"mask": ["0"] * 3, "distancing": ["0", "1", ""], "5k": [""] * 3}, LABELS, [FIVE_K])
    with ws.read() as connection:
        (proof, *others), cells = free_proofs(connection)
    assert (proof.sentence, cells) == ("5k is 0, because mask is 0 and `5k = mask and distancing`", 3)
    assert proof.cells + sum(other.cells for other in others) == 3
    assert len({p.sentence for p in (proof, *others)}) == 1 + len(others)


def test_without_gaps_or_rules_nothing_is_free(build):
    ws = build({"mask": ["1"]}, {"mask": BINARY})
    with ws.read() as connection:
        assert free_proofs(connection) == ([], 0)
        assert conflicts(connection) == []


def test_a_conflict_names_the_cells_that_can_not_all_be_true(build):
    ws = build({"mask": ["0", "1"], "distancing": ["1", "1"], "5k": ["1", "1"]}, LABELS, [FIVE_K])
    with ws.read() as connection:
        (found,) = conflicts(connection)
    assert (found.fname, found.sentence) == (
        "0.png",
        "can't all be true: mask is 0 and 5k is 1 and `5k = mask and distancing`",
    )
