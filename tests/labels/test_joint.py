"""Joint probabilities, compared with writing every allowed assignment down."""

from __future__ import annotations

import time
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels import circuit
from core.labels.joint import FLOOR, joint
from core.labels.label import Label
from core.labels.rules import parse_rules
from core.labels.syntax import RuleError
from tests.labels.brute import LABELS, completions, render, rows, trees

FIVE_K = [Label("mask", ("0", "1")), Label("distancing", ("0", "1")), Label("5k", ("0", "1"))]
RULES = parse_rules(["5k = mask and distancing"], FIVE_K)


def binary(*of_one: float) -> list[np.ndarray]:
    return [np.array([[1 - p, p]]) for p in of_one]


def test_5k_can_not_be_likelier_than_mask():
    """The four allowed assignments by hand: (0,0,0) .7*.1*.2, (0,1,0) .7*.9*.2, (1,0,0) .3*.1*.2, (1,1,1) .3*.9*.8."""
    found = joint(np.array([[-1, -1, -1]]), binary(0.3, 0.9, 0.8), RULES)
    whole = 0.014 + 0.126 + 0.006 + 0.216
    assert found.allowed[0] == pytest.approx([whole] * 3)
    assert [p[0, 1] for p in found.probs] == pytest.approx([0.222 / whole, 0.342 / whole, 0.216 / whole])
    assert found.best.tolist() == found.proposed.tolist() == [[1, 1, 1]]
    assert found.confidence[0] == pytest.approx([0.222 / whole, 0.342 / whole, 0.216 / whole])


def test_what_is_known_counts_and_what_follows_is_certain():
    found = joint(np.array([[0, -1, -1]]), binary(0.99, 0.9, 0.8), RULES)
    assert [p[0, 1] for p in found.probs] == pytest.approx([0, 0.9, 0])
    assert found.proposed.tolist() == [[0, 1, 0]]


def test_without_a_prediction_5k_follows_from_the_others():
    found = joint(np.array([[-1, -1, -1]]), [*binary(0.6, 0.6), None], RULES)
    assert found.probs[2][0, 1] == pytest.approx(0.36)
    assert found.best.tolist() == [[1, 1, 1]]  # 0.36 against 0.24, 0.24 and 0.16
    assert found.proposed.tolist() in ([[1, 0, 0]], [[0, 1, 0]])  # 0.6 + 0.4 + 0.64 cells right against 1.56
    assert found.informed.all()


def test_nothing_speaks_for_cells_without_predictions():
    found = joint(np.array([[-1, -1, -1], [0, -1, -1]]), [None, None, None], RULES)
    assert found.informed.tolist() == [[False, False, False], [True, False, True]]


def test_known_cells_that_contradict_each_other_leave_predictions_as_they_are():
    found = joint(np.array([[0, -1, 1]]), binary(0.5, 0.7, 0.5), RULES)
    assert found.conflict.all()
    assert found.allowed.tolist() == [[0, 0, 0]]
    assert found.probs[1][0, 1] == pytest.approx(0.7)


def test_a_zero_is_what_six_places_make_of_little():
    found = joint(np.array([[1, 1, -1]]), binary(0.5, 0.5, 0.0), RULES)
    assert found.probs[2][0, 1] == pytest.approx(1)
    found = joint(np.array([[-1, -1, -1]]), binary(0.0, 0.0, 1.0), RULES)
    assert np.isfinite(found.confidence).all()
    assert found.allowed[0, 0] < 3 * FLOOR


@pytest.mark.parametrize(
    "wrong", [[None], [None, None, np.ones((1, 3))], [None, None, np.array([[1.5, -0.5]])]]
)  # fmt: skip
def test_tables_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ValueError):
        joint(np.array([[-1, -1, -1]]), wrong, RULES)


probabilities = st.lists(st.floats(0.001, 1), min_size=9, max_size=9)


def split(flat: list[float]) -> list[np.ndarray]:
    """Return one table of one row for each of LABELS."""
    sizes = [len(label.classes) for label in LABELS]
    cuts = np.split(np.array(flat), np.cumsum(sizes)[:-1])
    return [(part / part.sum())[None, :] for part in cuts]


@pytest.mark.parametrize("narrow", [False, True])
@given(st.lists(trees, max_size=3), rows(), probabilities)
@settings(max_examples=150, deadline=None)
def test_it_is_what_trying_everything_says(narrow, chosen, row, flat):
    try:
        rules = parse_rules([render(t) for t in chosen], LABELS)
    except RuleError:
        return
    tables = split(flat)
    allowed = list(completions(row, chosen))
    rules.memo.clear()
    before = circuit.MOST_NODES
    circuit.MOST_NODES = 1 if narrow else before
    try:
        found = joint(np.array([row]), tables, rules)
    finally:
        circuit.MOST_NODES = before
        rules.memo.clear()
    assert found.conflict.any() == (not allowed)
    if not allowed:
        return
    # Together nothing impossible is proposed, however it was found.
    assert tuple(found.proposed[0]) in allowed
    assert tuple(found.best[0]) in allowed
    for j, table in enumerate(found.probs):
        assert table.sum() == pytest.approx(1)
        assert set(np.flatnonzero(table[0] > 1e-9)) == {full[j] for full in allowed}
    if found.exact.all():
        as_brute_force_has_it(found, allowed, tables, row)


def as_brute_force_has_it(found, allowed, tables, row):
    weights = np.array([prod(tables[j][0, c] for j, c in enumerate(full) if row[j] == -1) for full in allowed])
    for j, table in enumerate(found.probs):
        marginal = np.bincount([full[j] for full in allowed], weights, table.shape[1]) / weights.sum()
        assert table[0] == pytest.approx(marginal, abs=1e-9)
    mass = {full: w for full, w in zip(allowed, weights, strict=True)}
    assert mass[tuple(found.best[0])] == pytest.approx(weights.max())
    right = [sum(found.probs[j][0, c] for j, c in enumerate(full)) for full in allowed]
    assert sum(found.confidence[0]) == pytest.approx(max(right))


@given(st.lists(trees, max_size=3), st.lists(rows(), min_size=1, max_size=6), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_many_images_at_once_are_what_each_is_alone(chosen, table, seed):
    try:
        rules = parse_rules([render(t) for t in chosen], LABELS)
    except RuleError:
        return
    rng = np.random.default_rng(seed)
    probs = [rng.dirichlet(np.ones(len(label.classes)), len(table)) for label in LABELS]
    together = joint(np.array(table), probs, rules)
    for i in range(len(table)):
        alone = joint(np.array(table)[[i]], [p[[i]] for p in probs], rules)
        assert np.array_equal(together.proposed[i], alone.proposed[0])
        for p, q in zip(together.probs, alone.probs, strict=True):
            assert p[i] == pytest.approx(q[0])


def test_forty_labels_in_one_rule_are_exact():
    labels = [Label(f"l{i}", ("0", "1")) for i in range(40)]
    rules = parse_rules([" or ".join(label.name for label in labels)], labels)
    found = joint(np.full((1, 40), -1), binary(*[0.1] * 40), rules)
    assert found.exact.all()
    none = 0.9**40
    assert found.allowed[0, 0] == pytest.approx(1 - none)
    assert found.probs[7][0, 1] == pytest.approx(0.1 / (1 - none))


def test_three_hundred_classes_cost_what_the_named_ones_do():
    breeds = Label("breed", tuple(f"b{i}" for i in range(300)))
    species = Label("species", ("cat", "dog"))
    texts = [f"breed = b{i} implies species = dog" for i in range(150)]
    rules = parse_rules(texts, [breeds, species])
    rng = np.random.default_rng(0)
    tables = [rng.dirichlet(np.ones(300), 2000), rng.dirichlet(np.ones(2), 2000)]
    began = time.perf_counter()
    found = joint(np.full((2000, 2), -1), tables, rules)
    assert time.perf_counter() - began < 5
    low = tables[0][:, :150].sum(axis=1)
    impossible = low * tables[1][:, 0]
    assert found.exact.all()
    assert found.allowed[:, 0] == pytest.approx(1 - impossible, abs=1e-4)
    assert not ((found.proposed[:, 0] < 150) & (found.proposed[:, 1] == 0)).any()


def test_rules_too_wide_are_answered_in_bounded_time_and_said_to_be_no_exact_answer():
    """Pairs of a random graph over 60 labels: what is left after some choices is hardly ever met twice."""
    rng = np.random.default_rng(1)
    labels = [Label(f"l{i}", ("0", "1")) for i in range(60)]
    pairs = {tuple(sorted(rng.choice(60, 2, replace=False).tolist())) for _ in range(240)}
    rules = parse_rules([f"l{a} or l{b}" for a, b in sorted(pairs)[:200]], labels)
    tables = [rng.dirichlet(np.ones(2), 30) for _ in labels]
    began = time.perf_counter()
    found = joint(np.full((30, 60), -1), tables, rules)
    assert time.perf_counter() - began < 60
    assert not found.exact.all()
    for a, b in sorted(pairs)[:200]:
        assert (found.proposed[:, a] | found.proposed[:, b]).all()
