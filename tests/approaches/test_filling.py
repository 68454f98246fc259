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
from core.pseudo.accept import Threshold

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


def threshold(value: int, confidence: float | None) -> Threshold:
    return Threshold(value, confidence, 100, 100, 0.97, 86)


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


def test_ours_takes_what_reaches_the_threshold_of_its_class(layout):
    table = start(OURS, layout, RULES)
    rows = np.array([3, 4, 5])
    probs = np.array([[0.2, 0.8], [0.9, 0.1], [0.3, 0.7]])
    take_promised(table, 0, rows, probs, [threshold(0, None), threshold(1, 0.75)], RULES)
    assert table.values[3:, 0].tolist() == [1, MISSING, MISSING]
    assert table.origins[3, 0] == PSEUDO


def test_ours_leaves_free_cells_to_logic(layout):
    table = start(CASCADE, layout, RULES)  # nothing derived yet
    take_promised(table, 2, np.array([1]), sure(1), [threshold(0, 0.5), threshold(1, 0.5)], RULES)
    assert table.values[1, 2] == MISSING


def test_ours_never_writes_what_rules_exclude():
    labels = [Label("kind", ("cat", "dog", "car")), Label("animal", ("0", "1"))]
    rules = parse_rules(['animal = (kind = "cat" or kind = "dog")'], labels)
    values = np.array([[_, 1]], np.int16)
    layout = Layout((0,), values, values, np.zeros(1, bool), np.zeros((1, 2), bool), np.zeros(1, bool))
    table = start(OURS, layout, rules)
    probs = np.array([[0.1, 0.3, 0.6]])
    take_promised(table, 0, np.array([0]), probs, [threshold(c, 0.25) for c in range(3)], rules)
    assert table.values[0, 0] == 1
    table = start(OURS, layout, rules)  # the model's own probability counts, not what is left after excluding
    take_promised(table, 0, np.array([0]), probs, [threshold(c, 0.5) for c in range(3)], rules)
    assert table.values[0, 0] == MISSING


def test_what_was_filled_is_counted_by_origin(layout):
    table = start(OURS, layout, RULES)
    assert filled(table, layout.gaps) == {"known": 0, "derived": 2, "pseudo": 0, "derived from pseudo": 0}
