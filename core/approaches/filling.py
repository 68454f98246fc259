"""What each approach does to the table: pure, arrays in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.approaches.layout import Layout
from core.labels.deduce import FREE, OPEN, deduce
from core.labels.label import MISSING
from core.labels.rules import RuleSet
from core.labels.solver import possible
from core.pseudo.accept import Threshold

# Where a value of the table came from.
KNOWN, DERIVED, PSEUDO, FOLLOWED = range(4)
ORIGINS = ("known", "derived", "pseudo", "derived from pseudo")

DROP, CASCADE, OURS = "drop", "cascade", "ours"
APPROACHES = {
    DROP: "Drop rows with a gap",
    CASCADE: "Cascade, every guess taken",
    OURS: "Derive first, take what keeps the promise",
}
SHORT = {DROP: "Drop rows", CASCADE: "Cascade", OURS: "Derive first"}  # where there is little room


@dataclass
class Filling:
    """A table on its way.

    Attributes:
        values: (N, L) int16 class codes, -1 none.
        origins: (N, L) int8 index into ORIGINS, -1 none.
    """

    values: np.ndarray
    origins: np.ndarray

    @property
    def trusted(self) -> np.ndarray:
        """(N, L) bool: cells that no model had a hand in."""
        return (self.origins == KNOWN) | (self.origins == DERIVED)

    def put(self, rows: np.ndarray, label: int, codes: np.ndarray) -> None:
        """Write a model's answers into cells without a value."""
        self.values[rows, label], self.origins[rows, label] = codes, PSEUDO


def start(approach: str, layout: Layout, rules: RuleSet) -> Filling:
    """Return the table that an approach's first training sees."""
    values = layout.seen.copy()
    if approach == DROP:
        values[~layout.complete] = MISSING
    origins = np.where(values == MISSING, MISSING, KNOWN).astype(np.int8)
    filling = Filling(values, origins)
    if approach == OURS:
        derive(filling, rules)
    return filling


def derive(filling: Filling, rules: RuleSet) -> None:
    """Write what the rules imply, in place; what only follows from a model's answers is marked so."""
    for origins, mark in (((KNOWN,), DERIVED), ((KNOWN, PSEUDO), FOLLOWED)):
        base = np.where(np.isin(filling.origins, origins), filling.values, MISSING)
        result = deduce(base, rules)
        new = (result.state == FREE) & (filling.values == MISSING)
        filling.values[new], filling.origins[new] = result.implied[new], mark


def contradictions(filling: Filling, rules: RuleSet) -> int:
    """Return how many images break the rules."""
    return int(deduce(filling.values, rules).conflict.sum())


def take_all(filling: Filling, label: int, rows: np.ndarray, probs: np.ndarray) -> None:
    """Write the likeliest class into every cell without a value, whatever the rules say.

    Args:
        rows: (M,) rows of the table that have a prediction.
        probs: (M, C) its probabilities.
    """
    empty = filling.values[rows, label] == MISSING
    filling.put(rows[empty], label, probs[empty].argmax(axis=1))


def take_promised(
    filling: Filling, label: int, rows: np.ndarray, probs: np.ndarray, thresholds: Sequence[Threshold], rules: RuleSet
) -> None:
    """Write answers into open cells where they reach the threshold of their class.

    Classes that the rules exclude for an image are never written: its answer is the likeliest of the others, with the
    probability that the model gave it.
    """
    least = {t.value: t.confidence for t in thresholds if t.confidence is not None}
    open_before = (filling.values[rows, label] == MISSING) & (deduce(filling.values, rules).state[rows, label] == OPEN)
    rows, probs = rows[open_before], probs[open_before].copy()
    if not len(rows):
        return
    allowed = _allowed(filling.values[rows], label, rules)
    probs[~allowed] = -1.0
    codes = probs.argmax(axis=1)
    confidence = probs[np.arange(len(codes)), codes]
    taken = confidence >= np.array([least.get(int(c), 2.0) for c in codes])
    filling.put(rows[taken], label, codes[taken])


def _allowed(values: np.ndarray, label: int, rules: RuleSet) -> np.ndarray:
    """Return (M, C) bool: the classes that a cell can still have, asked once for each distinct row."""
    bound = next((bound for columns, bound in rules.components if label in columns), ())
    distinct, where = np.unique(values, axis=0, return_inverse=True)
    allowed = np.ones((len(distinct), len(rules.labels[label].classes)), dtype=bool)
    if bound:
        for i, row in enumerate(distinct.tolist()):
            fitting = possible(bound, rules.labels, row, [label])
            allowed[i] = [fitting is not None and code in fitting[label] for code in range(allowed.shape[1])]
    return allowed[where.reshape(-1)]


def filled(filling: Filling, cells: np.ndarray) -> Mapping[str, int]:
    """Return how many of some cells (N, L) have a value now, by origin."""
    return {name: int((cells & (filling.origins == code)).sum()) for code, name in enumerate(ORIGINS)}
