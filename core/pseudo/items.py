"""What orders of the queue are worked out from: waiting proposals with what an answer to each is worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.labels.joint import prepared
from core.labels.worth import worth
from core.store import beliefs


@dataclass
class Items:
    """A label's waiting proposals, one entry each.

    Attributes:
        image_ids, proposals: (N,) int64.
        worth: Cells that an answer sets right on average.
        own: The chance that what is proposed is wrong.
        margin: Between the two likeliest classes.
        entropy: In 0..1, 1 where all classes are as likely.
        shift: How far the rules moved the run's probabilities, total variation in 0..1.
        raw, raw_sure, value: The run's own likeliest class, its probability, and what is proposed.
    """

    image_ids: np.ndarray
    proposals: np.ndarray
    worth: np.ndarray
    own: np.ndarray
    margin: np.ndarray
    entropy: np.ndarray
    shift: np.ndarray
    raw: np.ndarray
    raw_sure: np.ndarray
    value: np.ndarray

    def __len__(self) -> int:
        return len(self.image_ids)


def measured(found: beliefs.Beliefs, runs: Mapping[int, int | None]) -> Iterator[tuple[int, Items]]:
    _, clean = prepared(found.values, found.probs, found.rules)
    gains = worth(found.values, found.joint, clean, found.rules)
    for j, label_id in enumerate(found.label_ids):
        newest = (found.proposals[:, j] > 0) & (found.runs[:, j] == (runs[label_id] or -1))
        rows = np.flatnonzero(newest & ~found.heldout[:, j])
        if not len(rows):
            continue
        probs, raw = found.joint.probs[j][rows], clean[j][rows]
        top = np.sort(probs, axis=1)[:, ::-1]
        value = found.joint.proposed[rows, j]
        spread = -(probs * np.log(np.maximum(probs, 1e-12))).sum(axis=1) / np.log(max(2, probs.shape[1]))
        yield (
            label_id,
            Items(
                found.image_ids[rows],
                found.proposals[rows, j],
                gains[rows, j],
                1 - probs[np.arange(len(rows)), value],
                top[:, 0] - top[:, 1] if probs.shape[1] > 1 else np.ones(len(rows)),
                spread,
                np.abs(probs - raw).sum(axis=1) / 2,
                raw.argmax(axis=1),
                raw.max(axis=1),
                value,
            ),
        )


def joined(parts: Sequence[Items]) -> Items:
    if not parts:
        return Items(*(np.zeros(0, np.int64) for _ in range(2)), *(np.zeros(0) for _ in range(8)))
    return Items(*(np.concatenate([getattr(p, name) for p in parts]) for name in Items.__dataclass_fields__))
