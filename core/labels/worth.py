"""What an answer is worth: how many cells of its image are right more often once it is known.

Before an answer each open cell's likeliest class is right with its joint probability; after it, some are right more
often, the cell itself always. The difference, averaged over the answers, is the value of the information for a loss
that counts wrong cells (Howard 1966, "Information value theory"). So a cell that rules tie to others as unsure comes
before one of the same uncertainty that settles nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.labels.circuit import Circuit, TooWide, downward, upward
from core.labels.joint import Joint, choices, circuits, group_scores
from core.labels.label import MISSING
from core.labels.rules import RuleSet

MOST_STEPS = 20_000  # nodes times answers: above it tied cells are left out of the reckoning
_EXCLUDED = -1e4  # a logarithm that no sum of others comes near, and that can be subtracted
_AT_ONCE = 2_000_000


def worth(values: np.ndarray, found: Joint, probs: Sequence[np.ndarray], rules: RuleSet) -> np.ndarray:
    """Return how many cells the answer to each missing cell sets right on average.

    Args:
        values: Class codes, shape (N, L), -1 missing.
        found: What `joint` says of them.
        probs: (N, C) tables by label that `found` was made of, rows summing to 1, everything above 0; see `prepared`.

    Returns:
        (N, L) float64, 0 for known cells and for cells that follow; a cell that nothing is tied to has the chance that
        its likeliest class is wrong. At least that for all others, where labels are not tied in too many ways.
    """
    result = np.stack([1 - p.max(axis=1) for p in found.probs], axis=1) if found.probs else np.zeros(values.shape)
    result[(values != MISSING) | found.conflict] = 0.0
    for positions, bound in rules.components:
        codes = choices(positions, rules)
        for circuit, rows in circuits(values, positions, bound, rules):
            if circuit is None or circuit is TooWide:
                continue
            if len(circuit.nodes) * sum(len(codes[j]) for j in circuit.mentioned) > MOST_STEPS:
                continue
            step = max(1, _AT_ONCE // (2 * len(circuit.nodes)))
            for start in range(0, len(rows), step):
                _add_tied(result, found, probs, rows[start : start + step], circuit, codes)
    return result


def _add_tied(
    result: np.ndarray,
    found: Joint,
    probs: Sequence[np.ndarray],
    rows: np.ndarray,
    circuit: Circuit,
    codes: dict[int, tuple[int, ...]],
) -> None:
    """Add what answers to a circuit's labels do for its other labels."""
    labels = sorted(circuit.mentioned)
    named = {j: [c for c in codes[j] if c >= 0] for j in labels}
    scores = {j: group_scores(probs[j][rows], codes[j], named[j]) for j in labels}
    tops = {j: _tops(probs[j][rows], codes[j], named[j]) for j in labels}
    now = {j: found.probs[j][rows].max(axis=1) for j in labels}
    chances = downward(circuit, scores, upward(circuit, scores))
    for j in labels:
        later = np.zeros(len(rows))
        for place in range(len(codes[j])):
            given = np.full(scores[j].shape, _EXCLUDED)
            given[:, place] = 0.0  # relative masses are all that counts
            told = {**scores, j: given}
            after = downward(circuit, told, upward(circuit, told))
            right = sum((after[k] * tops[k]).max(axis=1) for k in labels if k != j)
            later += chances[j][:, place] * right
        result[rows, j] += np.clip(later - sum(now[k] for k in labels if k != j), 0, None)


def _tops(table: np.ndarray, codes: Sequence[int], named: Sequence[int]) -> np.ndarray:
    """Return (N, G) the share that the likeliest class has of its group."""
    found = np.ones((len(table), len(codes)))
    if len(named) < len(codes):
        rest = np.delete(table, named, axis=1)
        found[:, -1] = rest.max(axis=1) / rest.sum(axis=1)
    return found
