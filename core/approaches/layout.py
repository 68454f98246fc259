"""Which images a comparison measures on, and which known cells it hides: the same for every approach and every seed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import GapwiseError
from core.labels.label import MISSING, Label

SEED = 0  # not the recipes': every seed is measured on the same images
FOLDS = 5  # a fifth of the complete rows is held out, another fifth gets gaps like the others'
LEAST = 40  # complete rows; of fewer, a fifth says nothing


@dataclass(frozen=True)
class Layout:
    """A table as the approaches see it, and what they are measured against.

    Attributes:
        order: Positions of the labels that are trained, in the cascade's order.
        truth: (N, L) int16, the known class codes, -1 a gap; never shown to an approach as a whole.
        seen: (N, L) int16, what an approach starts from: without the held-out images' and the hidden cells.
        heldout: (N,) bool, images with nothing seen: each approach's models are measured on them.
        hidden: (N, L) bool, known cells that were made gaps: what is written there is compared with the truth.
        copies: (N,) bool, images left out since an identical one is held out or has hidden cells.
    """

    order: tuple[int, ...]
    truth: np.ndarray
    seen: np.ndarray
    heldout: np.ndarray
    hidden: np.ndarray
    copies: np.ndarray

    @property
    def gaps(self) -> np.ndarray:
        """(N, L) bool, the real gaps of labels that are trained, of images that take part."""
        trained = np.isin(np.arange(self.truth.shape[1]), self.order)
        return (self.truth == MISSING) & trained & ~self.copies[:, None]

    @property
    def complete(self) -> np.ndarray:
        """(N,) bool, rows without a gap among the trained labels, as an approach sees them."""
        return (self.seen[:, list(self.order)] != MISSING).all(axis=1) & ~self.copies


def default_order(truth: np.ndarray) -> tuple[int, ...]:
    """Return the labels' positions, fewest gaps first: a label with more known cells makes the better model.

    The order that the cascade's author argues for; ties go by the table's order.
    """
    return tuple(np.argsort((truth == MISSING).sum(axis=0), kind="stable").tolist())


def lay_out(labels: Sequence[Label], order: Sequence[int], truth: np.ndarray, digests: Sequence[str]) -> Layout:
    """Choose held-out images and hidden cells among the rows without a gap.

    A fifth is held out whole. Another fifth gets the gaps of rows that have some, drawn at random: what an approach
    writes there is known to be right or wrong. Groups of identical images are never torn apart, and other copies of
    either kind are left out, so that nobody learns what is measured.

    Args:
        order: Positions of the labels that are compared.
        truth: (N, L) known class codes, -1 a gap.
        digests: (N,) equal for identical images.

    Raises:
        GapwiseError: If there are no gaps, or too few rows without one.
    """
    names = ", ".join(labels[j].name for j in order)
    gaps = truth[:, list(order)] == MISSING
    complete = ~gaps.any(axis=1)
    check_rows(names, int(complete.sum()), len(truth))
    rows = np.flatnonzero(complete)
    digests = np.asarray(digests)
    part = _parts(truth[rows][:, list(order)], digests[rows])
    heldout = np.zeros(len(truth), dtype=bool)
    heldout[rows[part == 0]] = True
    hidden = np.zeros(truth.shape, dtype=bool)
    chosen = rows[part == 1]
    patterns = gaps[~complete]
    drawn = np.random.default_rng(SEED).integers(len(patterns), size=len(chosen))
    hidden[np.ix_(chosen, list(order))] = patterns[drawn]
    measured = heldout.copy()
    measured[chosen] = True
    copies = ~measured & np.isin(digests, digests[measured])
    seen = np.where(hidden | heldout[:, None] | copies[:, None], MISSING, truth).astype(np.int16)
    return Layout(tuple(order), truth.astype(np.int16), seen, heldout, hidden, copies)


def check_rows(names: str, complete: int, rows: int) -> None:
    """See that there is something to compare, and something to measure on.

    Args:
        names: Of the labels, for people.
        complete: Rows that have a value for each of them, out of `rows`.

    Raises:
        GapwiseError: If there are no gaps, or too few rows without one.
    """
    if complete == rows:
        raise GapwiseError(f"Nothing is missing in {names}: there is nothing to compare. Choose labels with gaps.")
    if complete < LEAST:
        raise GapwiseError(
            f"Only {complete:,} of {rows:,} rows have a value for each of {names}; a comparison needs {LEAST}, to"
            " measure on. Compare fewer labels (their order names them), or review more first."
        )


def _parts(codes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return (n,) the fold of each row, 0 and 1 a fifth each with about the same mix of classes as all."""
    from sklearn.model_selection import StratifiedGroupKFold

    _, kind = np.unique(codes, axis=0, return_inverse=True)
    kind = kind.reshape(-1)
    if np.bincount(kind).max() < FOLDS:
        raise GapwiseError(
            f"Of the {len(codes):,} rows that have a value for each label, no {FOLDS} have the same classes: too few"
            " alike to hold some out and learn from the rest. Compare fewer labels, or review more first."
        )
    part = np.full(len(codes), -1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a rare combination of classes is in no fold's way
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED).split(kind, kind, groups)
        for number, (_, rows) in enumerate(folds):
            part[rows] = number
    return part
