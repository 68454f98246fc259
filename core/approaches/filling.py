"""What each approach does to the table: pure, arrays in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.approaches.layout import Layout
from core.labels.deduce import FREE, OPEN, deduce
from core.labels.label import MISSING
from core.labels.rules import RuleSet
from core.pseudo.accept import Threshold, thresholds
from core.pseudo.context import Heldout, allowed, contexts

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
    filling: Filling,
    label: int,
    rows: np.ndarray,
    probs: np.ndarray,
    heldout: Heldout,
    precision: float,
    rules: RuleSet,
) -> list[Promise]:
    """Write answers into open cells where they keep the promise; return what that rests on.

    Rules leave open what is hard: a `5k` is settled beside no mask, and open beside one. Held-out cells of all images
    would promise too much, so thresholds are found on those that agree with an image in every known label that decided
    about its cell being open.

    Classes that the rules exclude for an image are never written: its answer is the likeliest of the others, with the
    probability that the model gave it.

    Args:
        rows: (M,) rows of the table that have a prediction.
        probs: (M, C) its probabilities.
        precision: What is promised, as `core.pseudo.accept.thresholds` takes it.
    """
    found = deduce(filling.values, rules).state[rows, label]
    open_before = (filling.values[rows, label] == MISSING) & (found == OPEN)
    rows, probs = rows[open_before], probs[open_before].copy()
    if not len(rows):
        return []
    probs[~allowed(filling.values[rows], label, rules)] = -1.0
    codes = probs.argmax(axis=1)
    confidence = probs[np.arange(len(codes)), codes]
    told = heldout.values(label, rules)
    # Of what stands on its own: a derived cell decides nothing that its premises don't.
    own = np.where(np.isin(filling.origins[rows], (KNOWN, PSEUDO)), filling.values[rows], MISSING)
    kinds, where = np.unique(contexts(own, label, rules), axis=0, return_inverse=True)
    promises = []
    for n, context in enumerate(kinds):
        alike = ((context == MISSING) | (told == context)).all(axis=1)
        least = thresholds(heldout.probs[alike], heldout.truth[alike], precision)
        limit = np.array([2.0 if t.confidence is None else t.confidence for t in least])
        here = where.reshape(-1) == n
        taken = here & (confidence >= limit[codes])
        filling.put(rows[taken], label, codes[taken])
        known = {int(j): int(code) for j, code in enumerate(context) if code != MISSING}
        promises.append(Promise(known, int(here.sum()), int(alike.sum()), int(taken.sum()), least))
    return promises


@dataclass(frozen=True)
class Promise:
    """What the answers of one kind of images rest on.

    Attributes:
        known: Label position to class code: what decided that the cell is open; empty where nothing did.
        cells, heldout, taken: Open cells of that kind, held-out cells that agree with it, and answers that were taken.
    """

    known: Mapping[int, int]
    cells: int
    heldout: int
    taken: int
    thresholds: tuple[Threshold, ...]


def filled(filling: Filling, cells: np.ndarray) -> Mapping[str, int]:
    """Return how many of some cells (N, L) have a value now, by origin."""
    return {name: int((cells & (filling.origins == code)).sum()) for code, name in enumerate(ORIGINS)}
