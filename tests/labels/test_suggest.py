"""Rules found in a table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.labels.deduce import deduce
from core.labels.label import MISSING, Label
from core.labels.rules import parse_rules
from core.labels.suggest import Suggestion, spell, suggest

LABELS = [Label("mask", ("0", "1")), Label("distancing", ("0", "1")), Label("5k", ("0", "1")),
          Label("kind of day", ("sun", "rain", "snow"))]  # fmt: skip


def drawn(n: int = 400, seed: int = 0, gaps: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.stack([rng.integers(0, len(label.classes), n) for label in LABELS], axis=1)
    values[:, 2] = values[:, 0] & values[:, 1]
    values[rng.random(values.shape) < gaps] = -1
    return values


def texts(values: np.ndarray, rules: tuple[str, ...] = (), **more) -> list[str]:
    return [s.text for s in suggest(values, np.ones(len(values), int), parse_rules(rules, LABELS), **more)]


def test_the_contests_rule_is_found_and_nothing_that_follows_from_it():
    assert texts(drawn()) == ["5k = mask and distancing"]
    assert texts(drawn(), ("5k = mask and distancing",)) == []


def test_support_is_counted_in_images_and_bounds_the_exceptions():
    values = drawn(gaps=0.0)
    found = suggest(values, np.full(len(values), 3), parse_rules([], LABELS))[0]
    ones = 3 * int(values[:, 2].sum())
    assert (found.support, found.known) == (min(ones, 1200 - ones), 1200)
    assert 0.95 ** (1 / 1) > (1 - found.exceptions_at_most) ** found.support == pytest.approx(0.05)
    assert Suggestion("a", 20, 20).exceptions_at_most == pytest.approx(0.139, abs=1e-3)


def test_one_exception_is_one_too_many():
    values = drawn()
    values[0] = (1, 1, 0, 0)
    assert "5k = mask and distancing" not in texts(values)
    assert "5k implies mask" in texts(values)  # that still holds


def test_few_images_suggest_nothing():
    assert texts(drawn(40), least=20) == []


def test_classes_of_other_labels_take_part():
    values = drawn(gaps=0.0)
    values[:, 0] = values[:, 3] == 1
    values[:, 2] = values[:, 0] & values[:, 1]
    assert 'mask = (`kind of day` = "rain")' in texts(values)


def test_a_constant_label_suggests_nothing():
    values = drawn(gaps=0.0)
    values[:, 0], values[:, 2] = 1, np.random.default_rng(1).integers(0, 2, len(values))
    assert texts(values) == []


@pytest.mark.parametrize(
    ("label", "code", "text"),
    [
        (Label("5k", ("0", "1")), 1, "5k"),
        (Label("and", ("0", "1")), 0, "not `and`"),
        (Label("far apart", ("no", "yes")), 1, "`far apart`"),
        (Label("kind", ("a", 'b"c', "d'e")), 1, "kind = 'b\"c'"),
        (Label("a`b", ("0", "1")), 1, None),
        (Label("kind", ("a", "b\"'", "c")), 1, None),
    ],
)
def test_names_and_classes_are_spelled_so_that_they_can_be_read_again(label, code, text):
    assert spell(label, code) == text
    if text:
        other = Label("other", ("0", "1"))
        tree = parse_rules([f"other implies ({text})"], [label, other]).rules[0].tree[2]
        assert (tree if tree[0] != "not" else tree[1])[1] == 0


def test_a_rule_that_is_broken_where_one_side_is_known_is_no_suggestion():
    """`mask = distancing or x`: mask 0 beside distancing 1 breaks it whatever x is, and x is missing there."""
    known = [[0, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]] * 30
    assert any("or" in text for text in texts(np.array([[*row, 0] for row in known])))
    found = texts(np.array([[*row, 0] for row in [*known, [0, 1, MISSING]]]))
    assert not any(text.startswith("mask = ") for text in found)


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.2, 0.5]))
@example(1174, 0.2)
@settings(max_examples=30, deadline=None)
def test_no_suggestion_is_contradicted_by_any_row(seed, gaps):
    rng = np.random.default_rng(seed)
    values = rng.integers(-1 if gaps else 0, 2, (60, 4))
    values[:, 1] = np.where(values[:, 0] == 1, 1, values[:, 1])
    found = texts(values, least=5)
    assert not deduce(values, parse_rules(found, LABELS)).conflict.any()
