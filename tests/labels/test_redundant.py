"""Rules that the others imply, against trying everything."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels.label import Label
from core.labels.redundant import implied, redundant
from core.labels.rules import parse_rules
from core.labels.syntax import RuleError
from tests.labels.brute import LABELS, completions, render, trees

ABC = [Label(n, ("0", "1")) for n in "abcd"]


def found(*texts: str) -> dict[str, list[str]]:
    return {one.rule.text: [by.text for by in one.by] for one in redundant(parse_rules(texts, ABC))}


def test_a_rule_that_follows_names_those_it_follows_from_and_no_others():
    assert found("a implies b", "c or d", "b implies c", "a implies c") == {
        "a implies c": ["a implies b", "b implies c"]
    }


def test_an_earlier_rule_may_follow_from_a_later_one():
    assert found("a implies b", "a = b and c") == {"a implies b": ["a = b and c"]}


def test_of_rules_that_say_the_same_the_first_is_kept():
    assert found("a = b", "b = a") == {"b = a": ["a = b"]}
    assert found("a = b", "b = c", "a = c") == {"a = c": ["a = b", "b = c"]}


def test_a_rule_that_is_always_true_needs_no_other():
    assert found("a implies a", "b = c") == {"a implies a": []}
    assert "says nothing" in redundant(parse_rules(["a implies a"], ABC))[0].sentence()


def test_rules_that_each_say_something_are_left_alone():
    assert found("a = b and c", "d implies a") == {}
    assert found() == {}


def test_the_sentence_names_rule_and_grounds():
    one = redundant(parse_rules(["a = b and c", "a implies b"], ABC))[0]
    assert one.sentence() == "`a implies b` follows from `a = b and c` already: it adds nothing, and does no harm."
    assert one.sentence("«{}»").startswith("«a implies b» follows from «a = b and c» already")


@settings(max_examples=100, deadline=None)
@given(st.lists(trees, min_size=1, max_size=4))
def test_leaving_them_out_changes_nothing_and_leaving_out_another_does(rules):
    texts = [render(tree) for tree in rules]
    try:
        parsed = parse_rules(texts, LABELS)
    except RuleError:
        return
    spare = redundant(parsed)
    names = [one.rule.text for one in spare]
    kept = list(zip(texts, rules, strict=True))
    for name in reversed(names):  # of equal texts the first is kept
        last = max(i for i, (text, _) in enumerate(kept) if text == name)
        del kept[last]
    empty = [-1] * len(LABELS)
    every = set(completions(empty, rules))
    assert set(completions(empty, [tree for _, tree in kept])) == every
    for i in range(len(kept)):
        assert set(completions(empty, [tree for n, (_, tree) in enumerate(kept) if n != i])) != every
    for one in spare:
        assert implied(one.rule, one.by, LABELS)
        assert not any(implied(one.rule, [o for o in one.by if o is not by], LABELS) for by in one.by)
