from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels.label import Label
from core.labels.rules import MAX_RULES, MAX_TIED, parse_rules
from core.labels.syntax import RuleError
from tests.labels.brute import LABELS, completions, render, trees

ABC = [Label(n, ("0", "1")) for n in "abc"]


def refused(texts: list[str], labels: list[Label]) -> RuleError:
    with pytest.raises(RuleError) as caught:
        parse_rules(texts, labels)
    return caught.value


def test_blank_rules_are_passed_over_and_the_text_loses_its_blanks():
    found = parse_rules(["", "  a implies b ", "\n"], ABC)
    assert [r.text for r in found.rules] == ["a implies b"]


def test_labels_fall_into_groups_that_rules_tie_together():
    labels = [*ABC, Label("d", ("0", "1")), Label("e", ("0", "1")), Label("f", ("0", "1"))]
    found = parse_rules(["a = b", "d = e", "b = c"], labels)
    assert sorted(positions for positions, _ in found.components) == [(0, 1, 2), (3, 4)]


def test_rules_that_contradict_each_other_are_refused_at_the_one_that_breaks_it():
    error = refused(["a = b", "b = c", "(a and not c) or (c and not a)", "a or b or c"], ABC)
    assert error.text == "(a and not c) or (c and not a)"
    assert "can't hold" in error.message


def test_a_rule_that_is_never_true_is_refused():
    assert "can't hold" in refused(["a and not a"], ABC).message


def test_a_rule_that_makes_a_class_impossible_is_refused_and_names_it():
    assert refused(["a = 1"], ABC).message == "With this rule 'a' could never be '0'."
    assert refused(["a implies b", "a implies not b"], ABC).message == "With this rule 'a' could never be '1'."
    species = Label("species", ("bird", "cat"))
    assert "'species' could never be 'cat'" in refused(['species = "bird"'], [species]).message


def test_the_same_rule_twice_is_no_contradiction():
    assert len(parse_rules(["a = b", "a = b"], ABC).rules) == 2


def test_too_many_rules_are_refused():
    assert "200 are allowed" in refused(["a implies a"] * (MAX_RULES + 1), ABC).message


@settings(max_examples=100, deadline=None)
@given(st.lists(trees, min_size=1, max_size=3))
def test_rules_are_refused_exactly_when_some_class_can_not_occur(rules):
    every = list(completions([-1] * len(LABELS), rules))
    fine = all({full[j] for full in every} == set(range(len(label.classes))) for j, label in enumerate(LABELS))
    try:
        parse_rules([render(t) for t in rules], LABELS)
    except RuleError:
        assert not fine
    else:
        assert fine


def test_rules_made_to_be_hard_are_refused_instead_of_hanging():
    """Thirty labels whose parity is once even and once odd: no search that branches on labels can decide it."""
    labels = [Label(f"l{i}", ("0", "1")) for i in range(30)]
    even = "l0"
    for i in range(1, 30):
        even = f"({even}) = l{i}"
    backwards = "l29"
    for i in reversed(range(29)):
        backwards = f"({backwards}) = l{i}"
    assert len(parse_rules([even], labels).rules) == 1
    assert "too many ways" in refused([even, f"not ({backwards})"], labels).message


def test_two_hundred_rules_over_forty_labels_are_checked_quickly():
    labels = [Label(f"l{i}", ("0", "1")) for i in range(40)]
    texts = [f"l{i % 40} and l{(i * 7 + 3) % 40} implies l{(i * 11 + 5) % 40}" for i in range(MAX_RULES)]
    assert len(parse_rules(texts, labels).rules) == MAX_RULES


def test_more_tied_labels_than_the_search_can_follow_are_refused():
    labels = [Label(f"l{i}", ("0", "1")) for i in range(MAX_TIED + 2)]
    text = " or ".join(f"l{i}" for i in range(MAX_TIED))
    assert len(parse_rules([text], labels).rules) == 1
    error = refused([text, f"l{MAX_TIED - 1} = l{MAX_TIED}"], labels)
    assert "tied together" in error.message


def test_labels_with_300_classes_are_no_problem():
    many = Label("kind", tuple(f"k{i}" for i in range(300)))
    found = parse_rules(['kind = "k299" implies a', 'kind != "k0" or b'], [many, *ABC])
    assert found.components[0][0] == (0, 1, 2)
