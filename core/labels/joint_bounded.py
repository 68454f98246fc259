"""What is said of labels that rules tie in too many ways for exact joint probabilities.

Each cell's classes are cut down to those that it can have, given the known cells, and brought to a sum of 1 again; what
is proposed is each cell's likeliest of those where they fit together, else the surest cells first, each as long as the
rest still can be filled. So nothing impossible is proposed, but cells tell each other no more than what they exclude.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.labels.bound import Rule
from core.labels.label import MISSING
from core.labels.rules import RuleSet
from core.labels.solver import possible, satisfiable

if TYPE_CHECKING:
    from core.labels.joint import Joint


def bounded(
    found: Joint,
    values: np.ndarray,
    clean: Sequence[np.ndarray],
    rows: np.ndarray,
    positions: Sequence[int],
    bound: Sequence[Rule],
    rules: RuleSet,
) -> None:
    """Write what can be said of some rows into `found`; `allowed` becomes an upper bound of what it is.

    Raises:
        TooTangled: If the rules can't be decided for a row.
    """
    columns = list(positions)
    found.exact[np.ix_(rows, columns)] = False
    distinct, where = np.unique(values[np.ix_(rows, columns)], axis=0, return_inverse=True)
    for i, known in enumerate(distinct.tolist()):
        here = rows[where.reshape(-1) == i]
        row = _row(known, columns, rules)
        missing = [j for j in columns if row[j] == MISSING]
        fitting = possible(bound, rules.labels, row, missing)
        if fitting is None:
            found.conflict[np.ix_(here, columns)] = True
            found.allowed[np.ix_(here, columns)] = 0.0
            continue
        mass = np.ones(len(here))
        for j in missing:
            table = np.where(np.isin(np.arange(clean[j].shape[1]), list(fitting[j])), clean[j][here], 0.0)
            share = table.sum(axis=1)
            mass *= share
            found.probs[j][here] = table / share[:, None]
        found.allowed[np.ix_(here, columns)] = mass[:, None]
        _propose(found, here, row, missing, columns, bound, rules)


def _propose(
    found: Joint,
    here: np.ndarray,
    row: list[int],
    missing: Sequence[int],
    columns: Sequence[int],
    bound: Sequence[Rule],
    rules: RuleSet,
) -> None:
    if not missing:
        return
    wanted = np.stack([found.probs[j][here].argmax(axis=1) for j in missing], axis=1)
    distinct, where = np.unique(wanted, axis=0, return_inverse=True)
    for i, codes in enumerate(distinct.tolist()):
        alike = here[where.reshape(-1) == i]
        trial = list(row)
        for j, code in zip(missing, codes, strict=True):
            trial[j] = code
        fits = satisfiable(bound, rules.labels, trial)
        for image in [alike] if fits else alike[:, None]:
            filled = trial if fits else _surest_first(found, int(image[0]), row, missing, bound, rules)
            found.best[np.ix_(image, columns)] = found.proposed[np.ix_(image, columns)] = [filled[j] for j in columns]


def _surest_first(
    found: Joint, image: int, row: list[int], missing: Sequence[int], bound: Sequence[Rule], rules: RuleSet
) -> list[int]:
    filled = list(row)
    for j in sorted(missing, key=lambda j: -found.probs[j][image].max()):
        for code in np.argsort(-found.probs[j][image], kind="stable").tolist():
            filled[j] = code
            if satisfiable(bound, rules.labels, filled):
                break
    return filled


def _row(known: Sequence[int], columns: Sequence[int], rules: RuleSet) -> list[int]:
    row = [MISSING] * len(rules.labels)
    for j, code in zip(columns, known, strict=True):
        row[j] = code
    return row
