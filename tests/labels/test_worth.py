"""What answers are worth, compared with giving every answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels.joint import joint, prepared
from core.labels.label import Label
from core.labels.rules import parse_rules
from core.labels.syntax import RuleError
from core.labels.worth import worth
from tests.labels.brute import LABELS, completions, render, rows, trees
from tests.labels.test_joint import RULES, binary, probabilities, split


def worths(row, tables, rules):
    values = np.array([row])
    _, clean = prepared(values, tables, rules)
    return worth(values, joint(values, tables, rules), clean, rules)[0]


def test_a_mask_that_settles_5k_comes_before_one_that_does_not():
    """Distancing known: 1 makes 5k the same as mask, 0 makes it 0 whatever the mask."""
    assert worths([-1, 1, -1], [*binary(0.7, 0.5), None], RULES) == pytest.approx([0.6, 0, 0.6])
    assert worths([-1, 0, -1], [*binary(0.7, 0.5), None], RULES) == pytest.approx([0.3, 0, 0])


def test_a_label_without_rules_is_worth_its_own_uncertainty():
    labels = [Label("a", ("0", "1")), Label("b", ("x", "y", "z"))]
    tables = [np.array([[0.2, 0.8]]), np.array([[0.5, 0.3, 0.2]])]
    assert worths([-1, -1], tables, parse_rules([], labels)) == pytest.approx([0.2, 0.5])
    assert worths([-1, 0], tables, parse_rules([], labels)) == pytest.approx([0.2, 0])


@given(st.lists(trees, max_size=3), rows(), probabilities)
@settings(max_examples=80, deadline=None)
def test_it_is_what_giving_every_answer_says(chosen, row, flat):
    try:
        rules = parse_rules([render(t) for t in chosen], LABELS)
    except RuleError:
        return
    if not list(completions(row, chosen)):
        return
    tables = split(flat)
    before = joint(np.array([row]), tables, rules)
    found = worths(row, tables, rules)
    tied = [set(group) for group, _ in rules.components]
    for j in range(len(LABELS)):
        if row[j] != -1:
            assert found[j] == 0
            continue
        gain = 0.0
        for code, chance in enumerate(before.probs[j][0]):
            if chance > 1e-12:
                answered = [*row[:j], code, *row[j + 1 :]]
                after = joint(np.array([answered]), tables, rules)
                about = next((group for group in tied if j in group), {j})
                gain += chance * sum(after.probs[k][0].max() - before.probs[k][0].max() for k in about)
        assert found[j] == pytest.approx(gain, abs=1e-6)
