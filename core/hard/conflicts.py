"""Predictions that can't all be true: what the runs say by themselves, held against the rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from core.hard import predictions
from core.labels.deduce import deduce, smallest_conflicts
from core.labels.label import Label
from core.labels.rules import RuleSet
from core.store import profiles
from core.store.cells import rule_set
from core.store.proposals import latest_run


@dataclass(frozen=True)
class Conflicts:
    """Images for which a run's prediction breaks a rule, the surest prediction first.

    Attributes:
        image_ids: (N,) int64.
        truth, value: (N,) int16: the cell's class now, -1 none; the predicted one.
        reasons: What each image's row number says, see `told`.
    """

    image_ids: np.ndarray
    truth: np.ndarray
    value: np.ndarray
    kinds: np.ndarray  # (N,) which of `sentences`
    sentences: tuple[str, ...]

    def told(self, image_ids: list[int]) -> dict[int, str]:
        """Return image id to what can't be true together."""
        kind = dict(zip(self.image_ids.tolist(), self.kinds.tolist(), strict=True))
        return {image_id: self.sentences[kind[image_id]] for image_id in image_ids}


def conflicts(connection: Connection, label_id: int, run_id: int) -> Conflicts:
    """Return the images for which a run's prediction can't be true together with the others.

    Held against it are the predictions of the other labels' newest runs, and known cells where those say nothing.
    """
    rules = rule_set(connection)
    own = predictions.read(connection, run_id)
    table, said, labels = _table(connection, label_id, own)
    column = labels.index(label_id)
    rows, kind = np.unique(np.concatenate([table, said], axis=1), axis=0, return_inverse=True)
    kind, width = kind.reshape(-1), table.shape[1]
    sentences = [
        _sentence(row[:width], row[width:], column, rules) if broken else ""
        for row, broken in zip(rows, deduce(rows[:, :width], rules).conflict, strict=True)
    ]
    broken = np.flatnonzero(np.array([bool(one) for one in sentences], bool)[kind])
    broken = broken[np.argsort(-own.confidence[broken], kind="stable")]
    return Conflicts(own.image_ids[broken], own.truth[broken], own.value[broken], kind[broken], tuple(sentences))


def _table(
    connection: Connection, label_id: int, own: predictions.Predictions
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Return (N, L) classes of the run's images, (N, L) whether they are predicted, and the labels' ids."""
    found = profiles.read(connection)
    ids, profile_ids = profiles.by_image(connection)
    at = np.searchsorted(found.ids, profile_ids[np.searchsorted(ids, own.image_ids)])
    table, labels = found.base[at], list(found.label_ids)
    said = np.zeros(table.shape, np.int16)
    for column, other in enumerate(labels):
        run_id = latest_run(connection, other)
        theirs = own if other == label_id else None if run_id is None else predictions.read(connection, run_id)
        if theirs is not None and len(theirs.image_ids):
            place = np.searchsorted(theirs.image_ids, own.image_ids).clip(max=len(theirs.image_ids) - 1)
            both = theirs.image_ids[place] == own.image_ids
            table[both, column], said[both, column] = theirs.value[place[both]], 1
    return table, said, labels


def _sentence(row: np.ndarray, said: np.ndarray, column: int, rules: RuleSet) -> str:
    """Return what can't be true together with the prediction; nothing where other cells break the rules alone."""
    for proof in smallest_conflicts(row, rules):
        if column in proof.cells:
            cells = [_cell(rules.labels[i], int(row[i]), bool(said[i])) for i in proof.cells]
            return f"{', '.join(cells)}: against {' and '.join(f'`{rule.text}`' for rule in proof.rules)}"
    return ""


def _cell(label: Label, value: int, said: bool) -> str:
    return f"{label.name} is {label.names[value]} ({'predicted' if said else 'known'})"
