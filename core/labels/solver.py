"""Which classes a cell can still have: complete search, pruned by three-valued truth.

Truth values are 0 false, 1 unknown, 2 true (Kleene's strong logic), so that `not` is 2 - x, `and` the
smallest and `or` the largest of its operands, and a rule that is false stays false whatever
the missing cells turn out to be.

Exponential in the worst case, as the problem is (it contains satisfiability); rules that people write
are decided after a few steps, because a rule that is false already ends its branch.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.labels.bound import Rule
from core.labels.label import MISSING, Label

FALSE, UNKNOWN, TRUE = 0, 1, 2


def truth(tree: tuple, row: Sequence[int]) -> int:
    """Evaluate a bound rule on one row of class codes; 0 false, 1 unknown, 2 true."""
    operator = tree[0]
    if operator == "is":
        value = row[tree[1]]
        return UNKNOWN if value == MISSING else TRUE if value == tree[2] else FALSE
    if operator == "not":
        return TRUE - truth(tree[1], row)
    if operator == "and":
        return min(truth(t, row) for t in tree[1:])
    if operator == "or":
        return max(truth(t, row) for t in tree[1:])
    left, right = truth(tree[1], row), truth(tree[2], row)
    forth = max(TRUE - left, right)
    return forth if operator == "implies" else min(forth, max(TRUE - right, left))


def satisfiable(rules: Sequence[Rule], labels: Sequence[Label], row: list[int]) -> bool:
    """Whether the missing cells of a row can be filled so that all rules hold. Leaves `row` as it was."""
    pending = []
    for rule in rules:
        result = truth(rule.tree, row)
        if result == FALSE:
            return False
        if result == UNKNOWN:
            pending.append(rule)
    if not pending:
        return True
    # The rule with the fewest missing cells is the likeliest to fail soon.
    rule = min(pending, key=lambda r: sum(row[i] == MISSING for i in r.labels))
    position = min(i for i in rule.labels if row[i] == MISSING)
    for code in range(len(labels[position].classes)):
        row[position] = code
        fits = satisfiable(pending, labels, row)
        row[position] = MISSING
        if fits:
            return True
    return False


def possible(rules: Sequence[Rule], labels: Sequence[Label], row: Sequence[int], position: int) -> list[int]:
    """Return the classes that a missing cell can have, given the row's other cells.

    Args:
        row: Class codes, -1 missing, one per label; `row[position]` is missing.
    """
    trial, fitting = list(row), []
    for code in range(len(labels[position].classes)):
        trial[position] = code
        if satisfiable(rules, labels, trial):
            fitting.append(code)
    return fitting
