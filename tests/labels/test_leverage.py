"""Leverage, compared with trying every answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels.label import Label
from core.labels.leverage import expected, leverage, settled_by
from core.labels.rules import parse_rules
from core.labels.syntax import RuleError
from tests.labels.brute import LABELS, completions, render, rows, trees

FIVE_K = [Label("mask", ("0", "1")), Label("distancing", ("0", "1")), Label("5k", ("0", "1"))]
RULES = parse_rules(["5k = mask and distancing"], FIVE_K)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ((-1, -1, -1), (1.5, 1.5, 2.0)),  # a mask that is 0 settles 5k; a 5k that is 1 settles both others
        ((1, -1, -1), (0, 2.0, 2.0)),
        ((0, -1, -1), (0, 1.0, 0)),  # 5k is free, distancing settles nothing but itself
        ((-1, -1, 0), (1.5, 1.5, 0)),
        ((0, -1, 1), (0, 0, 0)),  # a conflict
        ((1, 1, 1), (0, 0, 0)),
    ],
)
def test_the_5k_rules_leverage_is_what_its_truth_table_says(row, found):
    assert leverage(np.array([row]), RULES).tolist() == [list(found)]


def test_a_model_says_which_answer_is_likely():
    settled = settled_by((-1, -1, -1), 2, RULES)
    assert settled == {0: 1, 1: 3}
    assert expected(settled) == 2.0
    assert expected(settled, (0.9, 0.1)) == pytest.approx(1.2)
    assert expected(settled_by((1, 0, -1), 2, RULES)) == 0  # nobody is asked what follows
    assert expected({1: 3}, (1.0, 0.0)) == 3  # sure of what can't be


def test_a_label_without_rules_settles_itself():
    assert leverage(np.array([[-1, 0, -1]]), parse_rules([], FIVE_K)).tolist() == [[1, 0, 1]]


def known(row: list[int], trees_: list[tuple]) -> list[int | None]:
    """Return what every completion agrees on, None where they differ."""
    full = list(completions(row, trees_))
    return [values.pop() if len(values := {f[i] for f in full}) == 1 else None for i in range(len(row))]


@given(st.lists(trees, max_size=3), rows())
@settings(max_examples=80, deadline=None)
def test_every_answer_settles_what_trying_everything_says(chosen, row):
    try:
        rules = parse_rules([render(t) for t in chosen], LABELS)
    except RuleError:
        return
    if not list(completions(row, chosen)):
        return
    before = known(row, chosen)
    for position in [i for i, c in enumerate(row) if c == -1 and before[i] is None]:
        wanted = {}
        for code in range(len(LABELS[position].classes)):
            answered = [*row[:position], code, *row[position + 1 :]]
            if list(completions(answered, chosen)):
                after = known(answered, chosen)
                wanted[code] = sum(b is None and a is not None for b, a in zip(before, after, strict=True))
        assert settled_by(row, position, rules) == wanted
        assert leverage(np.array([row]), rules)[0, position] == pytest.approx(expected(wanted))
