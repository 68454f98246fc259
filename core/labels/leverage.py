"""Leverage: how many open cells an answer settles, through the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.labels.deduce import FREE, OPEN, deduce
from core.labels.label import MISSING
from core.labels.rules import RuleSet
from core.labels.solver import possible


def settled_by(row: Sequence[int], position: int, rules: RuleSet) -> dict[int, int]:
    """Return how many open cells of an image each answer to one of them settles.

    Args:
        row: Class codes of the image, shape (L,), -1 missing; what rules imply already may be missing too.
        position: The label that is asked for; its cell is open.

    Returns:
        Class code to a number of cells, at least 1 since the cell itself is one of them; classes that the rules
        exclude are left out.
    """
    known = np.array([row])
    _, bound = rules.around(position)
    classes = possible(bound, rules.labels, [int(c) for c in row], [position])
    open_before = deduce(known, rules).state[0] == OPEN
    if classes is None or not open_before[position]:
        return {}
    answered = np.repeat(known, len(classes[position]), axis=0)
    answered[:, position] = sorted(classes[position])
    settled = (deduce(answered, rules).state == FREE) & open_before
    return {int(code): 1 + int(n) for code, n in zip(answered[:, position], settled.sum(axis=1), strict=True)}


def expected(settled: Mapping[int, int], probs: Sequence[float] | None = None) -> float:
    """Return the mean of `settled_by` over the answers.

    Args:
        probs: Probability of each class, shape (C,); equal ones when None. What rules exclude gets none of it.

    Returns:
        At least 1 for an open cell; 0 when `settled` is empty.
    """
    if not settled:
        return 0.0
    weights = np.array([1.0 if probs is None else probs[code] for code in settled], dtype=np.float64)
    if weights.sum() <= 0:  # a model that is sure of what can't be
        weights = np.ones_like(weights)
    return float(weights @ np.array(list(settled.values())) / weights.sum())


def leverage(values: np.ndarray, rules: RuleSet) -> np.ndarray:
    """Return the expected number of open cells that each open cell's answer settles, every class being as likely.

    The cost grows with the distinct rows: pass profiles, not images.

    Args:
        values: Class codes, shape (N, L), -1 missing.

    Returns:
        (N, L) float64: at least 1 for an open cell, 0 for any other.
    """
    found = (deduce(values, rules).state == OPEN).astype(np.float64)
    for columns, _ in rules.components:
        places = list(columns)
        distinct, where = np.unique(values[:, places], axis=0, return_inverse=True)
        for i, part in enumerate(distinct):
            row = np.full(values.shape[1], MISSING, dtype=np.int64)
            row[places] = part  # other labels' cells are of no concern to this group
            rows = np.flatnonzero(where.reshape(-1) == i)
            for position in places:
                if found[rows[0], position]:
                    found[rows, position] = expected(settled_by(row, position, rules))
    return found
