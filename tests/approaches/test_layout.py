"""What a comparison measures on: fair, hidden from all, the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from core.approaches.layout import default_order, lay_out
from core.errors import GapwiseError
from core.labels.label import MISSING, Label

LABELS = [Label(name, ("0", "1")) for name in ("mask", "distancing", "5k")]


def table(n: int = 500, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    truth = random.integers(2, size=(n, 3))
    truth[:, 2] = truth[:, 0] & truth[:, 1]
    kind = random.integers(3, size=n)
    truth[kind == 1] = np.where([True, False, True], MISSING, truth[kind == 1])
    truth[kind == 2] = np.where([False, True, True], MISSING, truth[kind == 2])
    return truth.astype(np.int16)


def digests(n: int) -> list[str]:
    return [str(i) for i in range(n)]


def test_a_fifth_is_held_out_and_another_gets_the_gaps_of_others():
    truth = table()
    layout = lay_out(LABELS, (0, 1, 2), truth, digests(len(truth)))
    complete = int((truth != MISSING).all(axis=1).sum())
    assert layout.heldout.sum() == pytest.approx(complete / 5, abs=2)
    assert layout.hidden.any(axis=1).sum() == pytest.approx(complete / 5, abs=2)
    assert not (layout.heldout & layout.hidden.any(axis=1)).any()
    assert (layout.seen[layout.heldout] == MISSING).all()
    assert (layout.seen[layout.hidden] == MISSING).all()
    patterns = {tuple(row) for row in layout.hidden[layout.hidden.any(axis=1)].tolist()}
    assert patterns == {(True, False, True), (False, True, True)}
    left = ~layout.heldout[:, None] & ~layout.hidden
    assert (layout.seen[left] == truth[left]).all()


def test_gaps_are_the_real_ones_and_complete_rows_those_that_are_left():
    truth = table()
    layout = lay_out(LABELS, (0, 1, 2), truth, digests(len(truth)))
    assert (layout.gaps == (truth == MISSING)).all()
    assert (layout.complete == (layout.seen != MISSING).all(axis=1)).all()


def test_it_is_the_same_each_time():
    truth = table()
    one, two = (lay_out(LABELS, (0, 1, 2), truth, digests(len(truth))) for _ in range(2))
    assert (one.heldout == two.heldout).all()
    assert (one.hidden == two.hidden).all()


def test_identical_images_are_never_torn_apart_and_copies_are_left_out():
    truth = table()
    names = [str(i // 2) for i in range(len(truth))]  # each image has a twin beside it
    layout = lay_out(LABELS, (0, 1, 2), truth, names)
    part = layout.heldout.astype(int) + 2 * layout.hidden.any(axis=1)
    complete = (truth != MISSING).all(axis=1)
    for i in range(0, len(truth), 2):
        if complete[i] and complete[i + 1]:
            assert part[i] == part[i + 1]
        elif part[i] or part[i + 1]:
            assert layout.copies[i] or layout.copies[i + 1]
    assert (layout.seen[layout.copies] == MISSING).all()
    assert not (layout.copies & (layout.heldout | layout.hidden.any(axis=1))).any()


def test_only_the_labels_that_are_trained_count():
    truth = table()
    layout = lay_out(LABELS, (0,), truth, digests(len(truth)))
    assert not layout.hidden[:, 1:].any()
    assert not layout.gaps[:, 1:].any()
    assert (truth[layout.heldout, 0] != MISSING).all()


def test_the_order_is_by_gaps_then_by_place():
    truth = np.array([[0, MISSING, 1], [MISSING, MISSING, 1], [0, 1, 1], [0, 1, 0]])
    assert default_order(truth) == (2, 0, 1)
    assert default_order(np.zeros((2, 3))) == (0, 1, 2)


def test_no_gaps_and_too_few_complete_rows_are_told():
    with pytest.raises(GapwiseError, match="Nothing is missing in mask, distancing, 5k"):
        lay_out(LABELS, (0, 1, 2), np.zeros((100, 3), int), digests(100))
    truth = np.full((100, 3), MISSING)
    truth[:39] = 0
    with pytest.raises(GapwiseError, match="Only 39 of 100 rows"):
        lay_out(LABELS, (0, 1, 2), truth, digests(100))


def test_rows_that_are_all_unlike_are_refused_for_people():
    """StratifiedGroupKFold fails with words of its own when no kind is there as often as it has folds."""
    truth = np.arange(80, dtype=np.int16)[:, None].repeat(2, axis=1)
    truth[60:, 1] = MISSING
    labels = [Label(name, tuple(str(n) for n in range(80))) for name in ("species", "hat")]
    with pytest.raises(GapwiseError, match="too few alike"):
        lay_out(labels, (0, 1), truth, digests(80))
