"""A rule's truth table: for people who want to see what they have typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from core.errors import GapwiseError
from core.labels.bound import Rule
from core.labels.label import Label
from core.labels.solver import TRUE, truth

MOST_ROWS = 256  # more is nothing to look at


@dataclass(frozen=True)
class TruthTable:
    """
    Attributes:
        labels: Positions of the labels that the rule mentions, in table order.
        rows: A class code for each of them, every combination once.
        holds: Whether the rule allows it, row by row.
    """

    labels: tuple[int, ...]
    rows: tuple[tuple[int, ...], ...]
    holds: tuple[bool, ...]


def truth_table(rule: Rule, labels: Sequence[Label]) -> TruthTable:
    """Return which combinations of classes a rule allows.

    Raises:
        GapwiseError: If there are more than MOST_ROWS combinations.
    """
    mentioned = tuple(sorted(rule.labels))
    count = prod(len(labels[i].classes) for i in mentioned)
    if count > MOST_ROWS:
        raise GapwiseError(f"The rule's labels have {count:,} combinations of classes; up to {MOST_ROWS} are shown.")
    rows = tuple(product(*(range(len(labels[i].classes)) for i in mentioned)))
    whole = [-1] * len(labels)
    holds = []
    for row in rows:
        for i, code in zip(mentioned, row, strict=True):
            whole[i] = code
        holds.append(truth(rule.tree, whole) == TRUE)
    return TruthTable(mentioned, rows, tuple(holds))
