"""What the rules imply: complete deduction, with proofs and smallest conflicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.labels.bound import Rule
from core.labels.label import MISSING, Label
from core.labels.rules import RuleSet
from core.labels.solver import possible, satisfiable

KNOWN, FREE, OPEN, CONFLICT = 0, 1, 2, 3
STATES = ("known", "free", "open", "conflict")
_REMEMBERED = 200_000  # rows; some ten megabytes
_UNASKED = object()


@dataclass(frozen=True)
class Deduction:
    """What a table's known cells imply.

    Attributes:
        state: (N, L) int8: KNOWN has a value; FREE: all assignments that fit the row agree on it; OPEN:
            they differ, or the label has one class only; CONFLICT: the row's known cells, of labels that
            rules tie to this one, contradict each other.
        implied: (N, L) int16, the class of a FREE cell, -1 elsewhere.
        conflict: (N,) bool, rows whose known cells break the rules.
    """

    state: np.ndarray
    implied: np.ndarray
    conflict: np.ndarray


@dataclass(frozen=True)
class Proof:
    """Why a cell is free, or why cells conflict: a smallest set of cells and the rules they meet in."""

    cells: tuple[int, ...]  # label positions
    rules: tuple[Rule, ...]


def deduce(values: np.ndarray, rules: RuleSet) -> Deduction:
    """Deduce every gap of a table. The cost grows with the distinct rows, hardly with their number.

    Args:
        values: Class codes, shape (N, L), -1 missing, L the number of labels in `rules`.

    Raises:
        ValueError: If values has another shape.
        TooTangled: If the rules were made to be hard and a row can't be decided in about a second.
    """
    if values.ndim != 2 or values.shape[1] != len(rules.labels):
        raise ValueError(f"values has shape {values.shape}; expected (N, {len(rules.labels)})")
    state = np.where(values == MISSING, OPEN, KNOWN).astype(np.int8)
    implied = np.full(values.shape, MISSING, dtype=np.int16)
    conflict = np.zeros(len(values), dtype=bool)
    if not len(values):
        return Deduction(state, implied, conflict)
    for positions, bound in rules.components:
        columns = list(positions)
        distinct, where = np.unique(values[:, columns], axis=0, return_inverse=True)
        where = where.reshape(-1)
        states, codes, broken = _deduce_distinct(distinct, columns, bound, rules)
        state[:, columns] = states[where]
        implied[:, columns] = codes[where]
        conflict |= broken[where]
    return Deduction(state, implied, conflict)


def _deduce_distinct(
    distinct: np.ndarray, columns: list[int], bound: Sequence[Rule], rules: RuleSet
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    states = np.where(distinct == MISSING, OPEN, KNOWN).astype(np.int8)
    codes = np.full(distinct.shape, MISSING, dtype=np.int16)
    broken = np.zeros(len(distinct), dtype=bool)
    for i, known in enumerate(distinct.tolist()):
        settled = _remembered(known, columns, bound, rules)
        if settled is None:
            broken[i] = True
            states[i, distinct[i] == MISSING] = CONFLICT
            continue
        for j, code in settled:
            states[i, j], codes[i, j] = FREE, code
    return states, codes, broken


def _remembered(
    known: list[int], columns: list[int], bound: Sequence[Rule], rules: RuleSet
) -> tuple[tuple[int, int], ...] | None:
    """As `_settles`; what was asked before is not worked out again: a decision leaves all rows but one as they were."""
    key = (columns[0], *known)  # no two groups of tied labels share a column
    found = rules.memo.get(key, _UNASKED)
    if found is _UNASKED:
        if len(rules.memo) >= _REMEMBERED:
            rules.memo.clear()
        found = rules.memo[key] = _settles(known, columns, bound, rules)
    return found


def _settles(
    known: list[int], columns: list[int], bound: Sequence[Rule], rules: RuleSet
) -> tuple[tuple[int, int], ...] | None:
    """Return (place among `columns`, class code) of a row's free cells; None when the row is in conflict."""
    row = [MISSING] * len(rules.labels)
    for column, code in zip(columns, known, strict=True):
        row[column] = code
    missing = [j for j, code in enumerate(known) if code == MISSING]
    fitting = possible(bound, rules.labels, row, [columns[j] for j in missing], enough=2)
    if fitting is None:
        return None
    settled = ((j, fitting[columns[j]]) for j in missing)
    return tuple((j, min(found)) for j, found in settled if _settled(found, rules.labels[columns[j]]))


def _settled(classes: set[int], label: Label) -> bool:
    # A label with a single class is not free because of that: no rule says that the class applies.
    return len(classes) == 1 and len(label.classes) > 1


def prove(row: Sequence[int], position: int, rules: RuleSet) -> Proof | None:
    """Return a smallest reason why a missing cell is free; None if it isn't.

    Smallest: no cell of it can be left out. Found by leaving out one cell after the other.

    Args:
        row: Class codes of one image, shape (L,), -1 missing.
        position: The label of the cell.
    """
    _, bound = rules.around(position)
    known = [MISSING if i == position else int(c) for i, c in enumerate(row)]

    def implies(trial: list[int], some: Sequence[Rule]) -> bool:
        fitting = possible(some, rules.labels, trial, [position], enough=2)
        return fitting is not None and _settled(fitting[position], rules.labels[position])

    return _shrink(known, bound, implies) if implies(known, bound) else None


def smallest_conflicts(row: Sequence[int], rules: RuleSet) -> list[Proof]:
    """Return, for each group of tied labels that contradicts itself in this row, a smallest set of cells."""
    found = []
    for _, bound in rules.components:
        known = [int(c) for c in row]
        if not satisfiable(bound, rules.labels, known):
            found.append(_shrink(known, bound, lambda t, some: not satisfiable(some, rules.labels, t)))
    return found


def _shrink(known: list[int], bound: Sequence[Rule], holds) -> Proof:
    known, bound = list(known), list(bound)
    mentioned = set().union(*(r.labels for r in bound))
    for i in range(len(known)):
        if known[i] == MISSING:
            continue
        kept, known[i] = known[i], MISSING
        if i in mentioned and not holds(known, bound):
            known[i] = kept
    for rule in list(bound):
        fewer = [r for r in bound if r is not rule]
        if holds(known, fewer):
            bound = fewer
    return Proof(tuple(i for i, c in enumerate(known) if c != MISSING), tuple(bound))
