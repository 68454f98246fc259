"""Joint probabilities: what predictions of single labels say together, once the rules have their word.

The probability of an assignment is proportional to the product of its labels' predicted probabilities, and 0 where the
rules don't allow it or it contradicts what is known. The product takes the predictions for independent evidence; two
models that look at the same thing are surer together than they should be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.labels.bound import Rule
from core.labels.circuit import (
    Circuit,
    Constraints,
    TooWide,
    compile_circuit,
    constrain,
    decode,
    downward,
    groups,
    upward,
)
from core.labels.joint_bounded import bounded
from core.labels.label import MISSING
from core.labels.rules import RuleSet

FLOOR = 5e-7  # predictions are kept to six places: what is stored as 0 may have been this much
_AT_ONCE = 4_000_000  # numbers of all nodes held in memory together
_REMEMBERED = 200_000  # see `core.labels.deduce`


@dataclass(frozen=True)
class Joint:
    """What is to be believed of images, cell by cell and together.

    Attributes:
        probs: (N, C) by label: each class's probability given the rules, the known cells and all predictions. A known
            cell's class has 1.
        best: (N, L) int16, the most probable assignment that is allowed; known cells as they are.
        proposed: (N, L) int16, the allowed assignment with the most cells right on average. It is made of each cell's
            likeliest class wherever those fit together: of 0.6, 0.6 and their "both" with 0.36, `best` says yes three
            times, though a no for both is right more often.
        allowed: (N, L) float64: how much of the predictions' product lies on assignments that the rules allow, among
            the labels that they tie to this one; 1 where they tie none. Near 0 the predictions contradict the rules.
        informed: (N, L) bool: whether anything speaks for the cell: it is known, or it or a label tied to it has a
            prediction, or it follows.
        exact: (N, L) bool: False where the rules tie too many labels in too many ways, see `core.labels.joint_bounded`.
        conflict: (N, L) bool: the known cells of labels tied to this one contradict each other: predictions stay as
            they are.
    """

    probs: tuple[np.ndarray, ...]
    best: np.ndarray
    proposed: np.ndarray
    allowed: np.ndarray
    informed: np.ndarray
    exact: np.ndarray
    conflict: np.ndarray

    @property
    def confidence(self) -> np.ndarray:
        """(N, L) the probability of what is proposed."""
        columns = (
            np.take_along_axis(p, self.proposed[:, [j]].astype(np.int64), axis=1) for j, p in enumerate(self.probs)
        )
        return np.concatenate(list(columns), axis=1) if self.probs else np.ones(self.proposed.shape)


def joint(values: np.ndarray, probs: Sequence[np.ndarray | None], rules: RuleSet) -> Joint:
    """Return what predictions say together, given what is known.

    The cost goes with the images times the size of the rules' circuit, and with the distinct rows of known cells.

    Args:
        values: Class codes, shape (N, L), -1 missing.
        probs: One (N, C) table for each label, C its classes; None, or a row with a NaN, where nothing is predicted.
            Rows are brought to a sum of 1, and nothing counts as less than FLOOR.

    Raises:
        ValueError: If the shapes don't fit, or a probability is negative.
        TooTangled: If the rules can't be decided for a row; see `core.labels.solver`.
    """
    values = np.asarray(values)
    predicted, clean = prepared(values, probs, rules)
    start = [
        np.where(values[:, [j]] == MISSING, p, np.arange(p.shape[1]) == values[:, [j]]) for j, p in enumerate(clean)
    ]
    likeliest = np.stack([p.argmax(axis=1) for p in start], axis=1) if start else values
    found = Joint(
        tuple(p.astype(np.float64) for p in start),
        likeliest.astype(np.int16),
        likeliest.astype(np.int16),
        np.ones(values.shape),
        predicted | (values != MISSING),
        np.ones(values.shape, dtype=bool),
        np.zeros(values.shape, dtype=bool),
    )
    for positions, bound in rules.components:
        for circuit, rows in circuits(values, positions, bound, rules):
            if circuit is None:
                found.conflict[np.ix_(rows, positions)] = True
                found.allowed[np.ix_(rows, positions)] = 0.0
                continue
            if circuit is TooWide:
                bounded(found, values, clean, rows, positions, bound, rules)
            else:
                _evaluate(found, clean, rows, circuit, positions, rules)
            told = predicted[np.ix_(rows, positions)].any(axis=1, keepdims=True)
            sure = np.stack([found.probs[j][rows].max(axis=1) > 1 - 1e-9 for j in positions], axis=1)
            found.informed[np.ix_(rows, positions)] |= told | sure
    return found


def prepared(
    values: np.ndarray, probs: Sequence[np.ndarray | None], rules: RuleSet
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return (N, L) bool where something is predicted, and tables of numbers above 0 with rows that sum to 1.

    Raises:
        ValueError: As `joint`, whose arguments these are.
    """
    if values.ndim != 2 or values.shape[1] != len(rules.labels) or len(probs) != len(rules.labels):
        raise ValueError(f"values has shape {values.shape} and {len(probs)} tables; expected (N, {len(rules.labels)})")
    predicted, clean = np.zeros(values.shape, dtype=bool), []
    for j, (table, label) in enumerate(zip(probs, rules.labels, strict=True)):
        shape = (len(values), len(label.classes))
        table = np.full(shape, np.nan) if table is None else np.array(table, dtype=np.float64)
        if table.shape != shape:
            raise ValueError(f"probabilities of {label.name!r} have shape {table.shape}; expected {shape}")
        predicted[:, j] = ~np.isnan(table).any(axis=1)
        table[~predicted[:, j]] = 1.0
        if (table < 0).any():
            raise ValueError(f"a probability of {label.name!r} is negative")
        table = np.maximum(table, FLOOR)
        clean.append(table / table.sum(axis=1, keepdims=True))
    return predicted, clean


def circuits(
    values: np.ndarray, positions: Sequence[int], bound: Sequence[Rule], rules: RuleSet
) -> Iterator[tuple[Circuit | type[TooWide] | None, np.ndarray]]:
    """Yield the circuit of each kind of known cells among tied labels, and (M,) rows that have it.

    None stands for known cells that contradict each other, TooWide for a circuit that would be too large.
    """
    distinct, where = np.unique(values[:, list(positions)], axis=0, return_inverse=True)
    where = where.reshape(-1)
    alike: dict[int, tuple[object, list[int]]] = {}
    for i, row in enumerate(distinct.tolist()):
        circuit = _remembered(tuple(row), positions, bound, rules)
        alike.setdefault(id(circuit), (circuit, []))[1].append(i)
    for circuit, kinds in alike.values():
        yield circuit, np.flatnonzero(np.isin(where, kinds))


def group_scores(table: np.ndarray, codes: Sequence[int], named: Sequence[int]) -> np.ndarray:
    """Return (N, G) logarithms of the sums of a label's classes, group by group.

    Args:
        table: (N, C) above 0.
        codes: The label's groups, OTHER last if it has that.
        named: Those that are classes.
    """
    columns = [table[:, c] for c in named]
    if len(columns) < len(codes):
        columns.append(np.delete(table, named, axis=1).sum(axis=1))
    return np.log(np.stack(columns, axis=1))


def choices(positions: Sequence[int], rules: RuleSet) -> dict[int, tuple[int, ...]]:
    """Return the groups of labels that rules tie together; kept with the rules."""
    key = ("groups", positions)
    if key not in rules.memo:
        rules.memo[key] = groups(rules.labels, positions, rules.around(positions[0])[1])
    return rules.memo[key]


def _evaluate(
    found: Joint,
    clean: Sequence[np.ndarray],
    rows: np.ndarray,
    circuit: Circuit,
    positions: Sequence[int],
    rules: RuleSet,
) -> None:
    """Write what a circuit says of some rows into `found`."""
    codes = choices(positions, rules)
    step = max(1, _AT_ONCE // max(1, 2 * len(circuit.nodes)))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        tables = {j: clean[j][part] for j in circuit.mentioned}
        named = {j: [c for c in codes[j] if c >= 0] for j in tables}
        scores = {j: group_scores(table, codes[j], named[j]) for j, table in tables.items()}
        values = upward(circuit, scores)
        if len(circuit.nodes) > 1:
            found.allowed[np.ix_(part, positions)] = np.exp(np.minimum(values[-1], 0.0))[:, None]
        marginals = downward(circuit, scores, values) if tables else {}
        for j, by_group in marginals.items():
            ratio = by_group / np.exp(scores[j])  # what the rules make of the prediction, group by group
            found.probs[j][part] = tables[j] * ratio[:, _group_of(tables[j].shape[1], named[j])]
            found.probs[j][part] /= found.probs[j][part].sum(axis=1, keepdims=True)
        for target, made in ((found.best, {j: np.log(t) for j, t in tables.items()}),
                             (found.proposed, {j: found.probs[j][part] for j in tables})):  # fmt: skip
            for j, column in _decoded(circuit, made, codes, named).items():
                target[part, j] = column


def _decoded(
    circuit: Circuit,
    tables: Mapping[int, np.ndarray],
    codes: Mapping[int, Sequence[int]],
    named: Mapping[int, list[int]],
) -> dict[int, np.ndarray]:
    """Return (N,) class codes by label of the allowed assignment with the largest sum of the tables' entries."""
    tops, scores = {}, {}
    for j, table in tables.items():
        columns = [(np.full(len(table), c), table[:, c]) for c in named[j]]
        if len(columns) < len(codes[j]):
            others = np.delete(np.arange(table.shape[1]), named[j])
            at = table[:, others].argmax(axis=1)
            columns.append((others[at], table[np.arange(len(table)), others[at]]))
        tops[j] = np.stack([c for c, _ in columns], axis=1)
        best = np.stack([s for _, s in columns], axis=1)
        scores[j] = best - best.max(axis=1, keepdims=True)
    chosen = decode(circuit, scores) if tables else {}
    return {j: np.take_along_axis(tops[j], place[:, None], axis=1)[:, 0] for j, place in chosen.items()}


def _group_of(classes: int, named: Sequence[int]) -> np.ndarray:
    """Return (C,) each class's place among its label's groups."""
    found = np.full(classes, len(named))
    found[list(named)] = np.arange(len(named))
    return found


def _remembered(
    row: tuple[int, ...], positions: Sequence[int], bound: Sequence[Rule], rules: RuleSet
) -> Circuit | type[TooWide] | None:
    """Return the circuit of some known cells; rows that leave the same of the rules share one."""
    key = ("circuit", positions[0], *row)
    if key not in rules.memo:
        codes = choices(positions, rules)
        known = {j: c if c in codes[j] else -1 for j, c in zip(positions, row, strict=True) if c != MISSING}
        left = constrain(bound, known)
        if len(rules.memo) >= _REMEMBERED:
            rules.memo.clear()
        rules.memo[key] = None if left is None else _compiled(left, positions, rules)
    return rules.memo[key]


def _compiled(left: Constraints, positions: Sequence[int], rules: RuleSet) -> Circuit | type[TooWide] | None:
    if left not in rules.memo:
        try:
            rules.memo[left] = compile_circuit(left, choices(positions, rules))
        except TooWide:
            rules.memo[left] = TooWide
    return rules.memo[left]
