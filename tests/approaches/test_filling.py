"""What each approach writes into the table."""

from __future__ import annotations

import numpy as np
import pytest

from core.approaches.filling import (
    CASCADE,
    DERIVED,
    DROP,
    FOLLOWED,
    KNOWN,
    OURS,
    PSEUDO,
    Heldout,
    contradictions,
    derive,
    filled,
    start,
    take_all,
    take_promised,
)  # fmt: skip
from core.approaches.layout import Layout
from core.labels.label import MISSING, Label
from core.labels.rules import parse_rules

LABELS = [Label(name, ("0", "1")) for name in ("mask", "distancing", "5k")]
RULES = parse_rules(["5k = mask and distancing"], LABELS)
_ = MISSING
TABLE = np.array([[1, 1, 1], [0, _, _], [1, _, _], [_, 1, _], [_, 0, _], [_, _, _]], np.int16)


@pytest.fixture
def layout() -> Layout:
    nothing = np.zeros(TABLE.shape, bool)
    return Layout((0, 1, 2), TABLE, TABLE, np.zeros(len(TABLE), bool), nothing, np.zeros(len(TABLE), bool))


def sure(*codes: int, confidence: float = 0.9) -> np.ndarray:
    probs = np.full((len(codes), 2), 1 - confidence)
    probs[np.arange(len(codes)), list(codes)] = confidence
    return probs


def test_dropping_keeps_whole_rows_only(layout):
    table = start(DROP, layout, RULES)
    assert table.values.tolist() == [[1, 1, 1]] + [[_, _, _]] * 5


def test_the_cascade_starts_from_what_is_there_and_ours_derives_first(layout):
    assert (start(CASCADE, layout, RULES).values == TABLE).all()
    table = start(OURS, layout, RULES)
    assert table.values.tolist() == [[1, 1, 1], [0, _, 0], [1, _, _], [_, 1, _], [_, 0, 0], [_, _, _]]
    assert table.origins[1, 2] == table.origins[4, 2] == DERIVED
    assert table.trusted.sum() == (table.values != MISSING).sum()
    assert (layout.seen == TABLE).all()  # nobody wrote into it


def test_the_cascade_takes_every_guess_and_logic_follows(layout):
    table = start(CASCADE, layout, RULES)
    take_all(table, 0, np.array([3, 4, 5]), sure(1, 0, 1))
    derive(table, RULES)
    assert table.values[:, 0].tolist() == [1, 0, 1, 1, 0, 1]
    assert table.origins[3:, 0].tolist() == [PSEUDO] * 3
    assert (table.values[3, 2], table.origins[3, 2]) == (1, FOLLOWED)  # from a guess
    assert (table.values[4, 2], table.origins[4, 2]) == (0, DERIVED)  # distancing alone says so
    assert not table.trusted[3, 2]


def test_a_guess_never_overwrites(layout):
    table = start(CASCADE, layout, RULES)
    take_all(table, 0, np.arange(6), sure(0, 1, 0, 1, 1, 1))
    assert table.values[:3, 0].tolist() == [1, 0, 1]
    assert table.origins[:3, 0].tolist() == [KNOWN] * 3


def test_guesses_that_break_a_rule_are_counted(layout):
    table = start(CASCADE, layout, RULES)
    take_all(table, 2, np.array([1]), sure(1))  # mask is 0, so 5k can't be 1
    assert contradictions(table, RULES) == 1


def heldout(*groups: tuple[tuple[int, ...], int, int, float], classes: int = 2) -> Heldout:
    """Held-out cells: what is seen of their image, predicted class, how many of 200 are right, confidence."""
    seen, probs, truth = [], [], []
    for known, code, right, confidence in groups:
        seen += [known] * 200
        probs += [[confidence if c == code else (1 - confidence) / (classes - 1) for c in range(classes)]] * 200
        truth += [code] * right + [(code + 1) % classes] * (200 - right)
    return Heldout(np.array(seen, np.int16), np.array(probs), np.array(truth))


def test_ours_takes_what_reaches_the_threshold_of_its_class(layout):
    table = start(OURS, layout, RULES)
    probs = np.array([[0.2, 0.8], [0.9, 0.1], [0.3, 0.7]])
    held = heldout(((_, 1, _), 1, 200, 0.75), ((_, 1, _), 0, 120, 0.6))  # class 0 is wrong too often
    promises = take_promised(table, 0, np.array([3, 4, 5]), probs, held, 0.95, RULES)
    assert table.values[3:, 0].tolist() == [1, MISSING, MISSING]
    assert table.origins[3, 0] == PSEUDO
    assert [(p.known, p.cells, p.heldout, p.taken) for p in promises] == [({}, 3, 400, 1)]


def test_ours_leaves_free_cells_to_logic(layout):
    table = start(CASCADE, layout, RULES)  # nothing derived yet
    held = heldout(((0, _, _), 1, 200, 0.6))
    take_promised(table, 2, np.array([1]), sure(1), held, 0.95, RULES)
    assert table.values[1, 2] == MISSING


def test_a_promise_rests_on_images_that_rules_leave_as_open(layout):
    """5k is open beside a mask. Held-out images without one are easy, and say nothing about it."""
    table = start(OURS, layout, RULES)
    easy, hard = ((0, 0, 0), 0, 200, 0.9), ((1, 0, 0), 0, 150, 0.9)
    promises = take_promised(table, 2, np.array([2]), sure(0), heldout(easy, hard), 0.95, RULES)
    assert table.values[2, 2] == MISSING
    assert [(p.known, p.heldout) for p in promises] == [({0: 1}, 200)]
    take_promised(table, 2, np.array([2]), sure(0), heldout(easy, ((1, 0, 0), 0, 200, 0.9)), 0.95, RULES)
    assert table.values[2, 2] == 0


def test_what_a_heldout_cell_itself_gave_away_is_not_known_of_its_image():
    held = heldout(((_, 1, 1), 1, 200, 0.9))
    assert held.values(2, RULES)[0].tolist() == [_, 1, _]  # mask was known only through 5k
    assert held.values(0, RULES)[0].tolist() == [1, 1, 1]  # 5k = 1 says so


def test_ours_never_writes_what_rules_exclude():
    labels = [Label("kind", ("cat", "dog", "car")), Label("animal", ("0", "1"))]
    rules = parse_rules(['animal = (kind = "cat" or kind = "dog")'], labels)
    values = np.array([[_, 1]], np.int16)
    layout = Layout((0,), values, values, np.zeros(1, bool), np.zeros((1, 2), bool), np.zeros(1, bool))
    probs = np.array([[0.1, 0.3, 0.6]])
    for confidence, written in ((0.25, 1), (0.5, MISSING)):  # the model's own probability counts
        table = start(OURS, layout, rules)
        held = heldout(((_, 1), 1, 200, confidence + 0.15), ((_, 1), 1, 200, confidence), classes=3)
        held = Heldout(held.seen, np.where(np.arange(3) == 1, held.probs, 0.01), held.truth)
        take_promised(table, 0, np.array([0]), probs, held, 0.95, rules)
        assert table.values[0, 0] == written


def test_what_was_filled_is_counted_by_origin(layout):
    table = start(OURS, layout, RULES)
    assert filled(table, layout.gaps) == {"known": 0, "derived": 2, "pseudo": 0, "derived from pseudo": 0}
