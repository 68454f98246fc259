from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels.deduce import CONFLICT, FREE, KNOWN, OPEN, deduce, prove, smallest_conflicts
from core.labels.label import Label
from core.labels.rules import RuleSet, parse_rules
from core.labels.syntax import RuleError
from tests.labels.brute import LABELS, completions, render, rows, trees

FIVE_K = [Label("mask", ("0", "1")), Label("distancing", ("0", "1")), Label("5k", ("0", "1"))]
RULES = parse_rules(["5k = mask and distancing"], FIVE_K)


def parsed(rules: list[tuple]) -> tuple[RuleSet, list[tuple]]:
    """Return a rule set and its trees; of random rules those that can't stand beside the others are left out."""
    kept: list[tuple] = []
    for tree in rules:
        try:
            parse_rules([render(t) for t in [*kept, tree]], LABELS)
        except RuleError:
            continue
        kept.append(tree)
    return parse_rules([render(t) for t in kept], LABELS), kept


def without(row: list[int], kept: tuple[int, ...]) -> list[int]:
    return [c if i in kept else -1 for i, c in enumerate(row)]


@pytest.mark.parametrize(
    ("row", "states", "implied"),
    [
        ((1, 1, 1), (KNOWN, KNOWN, KNOWN), (-1, -1, -1)),
        ((0, -1, -1), (KNOWN, OPEN, FREE), (-1, -1, 0)),
        ((-1, 0, -1), (OPEN, KNOWN, FREE), (-1, -1, 0)),
        ((1, -1, -1), (KNOWN, OPEN, OPEN), (-1, -1, -1)),
        ((1, -1, 0), (KNOWN, FREE, KNOWN), (-1, 0, -1)),
        ((-1, -1, 1), (FREE, FREE, KNOWN), (1, 1, -1)),
        ((-1, -1, 0), (OPEN, OPEN, KNOWN), (-1, -1, -1)),
        ((0, -1, 1), (KNOWN, CONFLICT, KNOWN), (-1, -1, -1)),
        ((-1, -1, -1), (OPEN, OPEN, OPEN), (-1, -1, -1)),
    ],
)
def test_the_5k_rule_deduces_what_its_truth_table_says(row, states, implied):
    result = deduce(np.array([row]), RULES)
    assert tuple(result.state[0]) == states
    assert tuple(result.implied[0]) == implied
    assert result.conflict[0] == (states == (KNOWN, CONFLICT, KNOWN))


def test_a_full_row_can_be_in_conflict_without_any_gap():
    result = deduce(np.array([[1, 1, 0], [1, 1, 1]]), RULES)
    assert result.conflict.tolist() == [True, False]
    assert (result.state == KNOWN).all()


def test_a_conflict_stays_in_its_group_of_tied_labels():
    labels = [*FIVE_K, Label("a", ("0", "1")), Label("b", ("0", "1"))]
    rules = parse_rules(["5k = mask and distancing", "a = b"], labels)
    result = deduce(np.array([[0, -1, 1, 1, -1]]), rules)
    assert tuple(result.state[0]) == (KNOWN, CONFLICT, KNOWN, KNOWN, FREE)
    assert result.implied[0, 4] == 1


def test_no_rows_no_rules_and_a_wrong_shape():
    assert deduce(np.empty((0, 3), dtype=int), RULES).state.shape == (0, 3)
    assert (deduce(np.array([[-1, 0, -1]]), parse_rules([], FIVE_K)).state == [[OPEN, KNOWN, OPEN]]).all()
    with pytest.raises(ValueError, match=r"\(1, 2\)"):
        deduce(np.array([[0, 1]]), RULES)


def test_a_label_with_one_class_is_never_free_since_no_rule_says_that_it_applies():
    labels = [Label("seen", ("1",)), Label("a", ("0", "1"))]
    rules = parse_rules(['a implies seen = "1"'], labels)
    assert deduce(np.array([[-1, 1]]), rules).state.tolist() == [[OPEN, KNOWN]]
    assert prove([-1, 1], 0, rules) is None
    assert prove([-1, 1], 0, parse_rules([], labels)) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(trees, min_size=1, max_size=5), st.lists(rows(), min_size=1, max_size=6))
def test_deduction_is_what_trying_every_assignment_finds(rules, table):
    """Only tied labels count for a conflict, so the oracle asks each group of them by itself."""
    ruleset, rules = parsed(rules)
    result = deduce(np.array(table), ruleset)
    texts = [render(t) for t in rules]
    groups = [(set(p), [rules[texts.index(r.text)] for r in bound]) for p, bound in ruleset.components]
    for i, row in enumerate(table):
        assert result.conflict[i] == (next(completions(row, rules), None) is None)
        for j, code in enumerate(row):
            tied = next((bound for members, bound in groups if j in members), [])
            seen = {full[j] for full in completions(row, tied)}
            expected = KNOWN if code != -1 else CONFLICT if not seen else FREE if len(seen) == 1 else OPEN
            assert result.state[i, j] == expected
            assert result.implied[i, j] == (min(seen) if expected == FREE else -1)


@settings(max_examples=100, deadline=None)
@given(st.lists(trees, min_size=1, max_size=5), rows())
def test_a_proof_implies_its_cell_and_nothing_of_it_can_be_left_out(rules, row):
    ruleset, rules = parsed(rules)
    texts = [render(t) for t in rules]
    states = deduce(np.array([row]), ruleset).state[0]
    for j in range(len(LABELS)):
        proof = prove(row, j, ruleset)
        if states[j] != KNOWN:
            assert (proof is not None) == (states[j] == FREE)
        if proof is None or states[j] != FREE:
            continue
        used = [rules[texts.index(r.text)] for r in proof.rules]

        def classes(cells, trees, j=j):
            return {full[j] for full in completions(without(row, cells), trees)}

        assert len(classes(proof.cells, used)) == 1
        assert all(row[i] != -1 for i in proof.cells)
        for i in proof.cells:
            assert len(classes(tuple(c for c in proof.cells if c != i), used)) > 1
        for k in range(len(used)):
            assert len(classes(proof.cells, used[:k] + used[k + 1 :])) > 1


@settings(max_examples=100, deadline=None)
@given(st.lists(trees, min_size=1, max_size=5), rows())
def test_a_smallest_conflict_can_not_all_be_true_but_any_part_of_it_can(rules, row):
    ruleset, rules = parsed(rules)
    texts = [render(t) for t in rules]
    found = smallest_conflicts(row, ruleset)
    assert bool(found) == (next(completions(row, rules), None) is None)
    for proof in found:
        used = [rules[texts.index(r.text)] for r in proof.rules]
        assert next(completions(without(row, proof.cells), used), None) is None
        for i in proof.cells:
            assert next(completions(without(row, tuple(c for c in proof.cells if c != i)), used), None) is not None


def test_the_proof_of_row_2_of_the_5k_table_is_its_mask():
    proof = prove([0, -1, -1], 2, RULES)
    assert proof.cells == (0,)
    assert [r.text for r in proof.rules] == ["5k = mask and distancing"]
    assert prove([1, -1, -1], 2, RULES) is None


def test_a_chain_of_rules_is_followed_and_shown():
    labels = [Label(n, ("0", "1")) for n in "abcd"]
    rules = parse_rules(["a implies b", "b implies c", "a or d or not d"], labels)
    proof = prove([1, -1, -1, 0], 2, rules)
    assert proof.cells == (0,)
    assert [r.text for r in proof.rules] == ["a implies b", "b implies c"]


def test_forty_labels_in_one_chain_are_deduced_quickly():
    labels = [Label(f"l{i}", ("0", "1")) for i in range(40)]
    rules = parse_rules([f"l{i} implies l{i + 1}" for i in range(39)], labels)
    first, last = [1] + [-1] * 39, [-1] * 39 + [0]
    result = deduce(np.array([first, last]), rules)
    assert (result.implied[0, 1:] == 1).all()
    assert (result.implied[1, :-1] == 0).all()
