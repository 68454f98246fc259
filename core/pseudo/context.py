"""What a cell's openness rests on: a promise about open cells is made on held-out cells that are as open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.labels.deduce import FREE, OPEN, deduce
from core.labels.label import MISSING
from core.labels.rules import RuleSet
from core.labels.solver import possible


@dataclass(frozen=True)
class Heldout:
    """Known cells of a label that its training did not see.

    Attributes:
        seen: (H, L) what was known of their images, nothing written by rules or models.
        probs, truth: (H, C) and (H,).
    """

    seen: np.ndarray
    probs: np.ndarray
    truth: np.ndarray

    def values(self, label: int, rules: RuleSet) -> np.ndarray:
        """Return (H, L) what is known of their images when the label itself is hidden, with what follows from that."""
        without = self.seen.copy()
        without[:, label] = MISSING
        result = deduce(without, rules)
        return np.where(result.state == FREE, result.implied, without)


def contexts(values: np.ndarray, label: int, rules: RuleSet) -> np.ndarray:
    """Return (M, L) the known codes that decided that a label's cell is open, -1 elsewhere.

    A known cell decides when the label would be settled, or nothing would fit, were it of another class.
    """
    distinct, where = np.unique(values, axis=0, return_inverse=True)
    found = np.full(distinct.shape, MISSING, dtype=np.int16)
    tied, _ = rules.around(label)
    for i, row in enumerate(distinct):
        for j in tied:
            if j != label and row[j] != MISSING and _decides(row, j, label, rules):
                found[i, j] = row[j]
    return found[where.reshape(-1)]


def _decides(row: np.ndarray, position: int, label: int, rules: RuleSet) -> bool:
    others = [code for code in range(len(rules.labels[position].classes)) if code != row[position]]
    if not others:
        return False
    changed = np.repeat(row[None, :], len(others), axis=0)
    changed[:, position] = others
    return bool((deduce(changed, rules).state[:, label] != OPEN).any())


def allowed(values: np.ndarray, label: int, rules: RuleSet) -> np.ndarray:
    """Return (M, C) bool: the classes that a cell can still have, asked once for each distinct row."""
    _, bound = rules.around(label)
    distinct, where = np.unique(values, axis=0, return_inverse=True)
    allowed = np.ones((len(distinct), len(rules.labels[label].classes)), dtype=bool)
    if bound:
        for i, row in enumerate(distinct.tolist()):
            fitting = possible(bound, rules.labels, row, [label])
            allowed[i] = [fitting is not None and code in fitting[label] for code in range(allowed.shape[1])]
    return allowed[where.reshape(-1)]
