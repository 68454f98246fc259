"""Which classes a cell can still have: complete search, pruned by three-valued truth.

Truth values are 0 false, 1 unknown, 2 true (Kleene's strong logic), so that `not` is 2 - x, `and` the
smallest and `or` the largest of its operands, and a rule that is false stays false whatever
the missing cells turn out to be.

Exponential in the worst case, as the problem is (it contains satisfiability); rules that people write
are decided after a few steps, because a rule that is false already ends its branch. Rules made to be
hard run into a budget and are refused instead of hanging the program.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import GapwiseError
from core.labels.bound import Rule
from core.labels.label import MISSING, Label

FALSE, UNKNOWN, TRUE = 0, 1, 2
WORK = 5_000_000  # characters of rules looked at for one row, or to check all rules: a second or two


class TooTangled(GapwiseError):
    """The rules could not be decided within the budget."""


class Budget:
    """How much work a search may do, in characters of the rules that it looks at."""

    def __init__(self, work: int = WORK) -> None:
        self.left = work

    def spend(self, work: int) -> None:
        self.left -= work
        if self.left < 0:
            raise TooTangled(
                "These rules depend on each other in too many ways to be decided in reasonable time."
                " Write them more directly, or tie fewer labels together."
            )


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


def solve(
    rules: Sequence[Rule], labels: Sequence[Label], row: Sequence[int], budget: Budget | None = None
) -> list[int] | None:
    """Return the row with missing cells filled so that all rules hold, or None.

    A cell that is still missing in the answer may have any class.

    Raises:
        TooTangled: When the budget is spent.
    """
    filled, budget = list(row), budget or Budget()
    pending = _pending(rules, filled, budget)
    return filled if pending is not None and _search(pending, labels, filled, budget) else None


def satisfiable(
    rules: Sequence[Rule], labels: Sequence[Label], row: Sequence[int], budget: Budget | None = None
) -> bool:
    """Whether the missing cells of a row can be filled so that all rules hold."""
    return solve(rules, labels, row, budget) is not None


def possible(
    rules: Sequence[Rule],
    labels: Sequence[Label],
    row: Sequence[int],
    positions: Sequence[int],
    enough: int | None = None,
    budget: Budget | None = None,
) -> dict[int, set[int]] | None:
    """Return the classes that missing cells can have, given the row's other cells; None when nothing fits the row.

    Args:
        row: Class codes, -1 missing, one per label; missing at all `positions`.
        enough: Stop looking at a cell once so many classes are found for it.

    Raises:
        TooTangled: When the budget is spent.
    """
    budget = budget or Budget()
    found: dict[int, set[int]] = {p: set() for p in positions}

    def note(model: list[int]) -> None:
        for p in positions:
            found[p].update(range(len(labels[p].classes)) if model[p] == MISSING else (model[p],))

    first = solve(rules, labels, row, budget)
    if first is None:
        return None
    note(first)
    for p in positions:
        trial = list(row)
        for code in range(len(labels[p].classes)):
            if enough is not None and len(found[p]) >= enough:
                break
            trial[p] = code
            # One answer tells about every cell: most classes are met before it is their turn.
            model = None if code in found[p] else solve(rules, labels, trial, budget)
            if model is not None:
                note(model)
    return found


def _search(pending: list[Rule], labels: Sequence[Label], row: list[int], budget: Budget) -> bool:
    if not pending:
        return True
    # The rule with the fewest missing cells is the likeliest to fail soon.
    rule = min(pending, key=lambda r: sum(row[i] == MISSING for i in r.labels))
    position = min(i for i in rule.labels if row[i] == MISSING)
    budget.spend(len(pending))
    untouched = [r for r in pending if position not in r.labels]
    touched = [r for r in pending if position in r.labels]
    for code in range(len(labels[position].classes)):
        row[position] = code
        left = _pending(touched, row, budget)
        if left is not None and _search(untouched + left, labels, row, budget):
            return True
    row[position] = MISSING
    return False


def _pending(rules: Sequence[Rule], row: Sequence[int], budget: Budget) -> list[Rule] | None:
    """Return the rules that are not decided yet; None when one is false."""
    pending = []
    for rule in rules:
        budget.spend(len(rule.text))
        result = truth(rule.tree, row)
        if result == FALSE:
            return None
        if result == UNKNOWN:
            pending.append(rule)
    return pending
