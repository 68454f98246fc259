"""One column's text to classes and codes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.importing.plan import DEFAULT_MISSING
from core.importing.values import complete, display_names, distinct, encode, normalize, order, without_strays


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1.0", "1"), (" 1 ", "1"), ("+1", "1"), ("1.", "1"), ("-1.0", "-1"), ("-0.0", "0"), ("0", "0"),
        ("TRUE", "true"), ("Yes", "yes"), ("N", "n"), ("Cat", "Cat"), ("1.5", "1.5"), ("007", "007"), ("", ""),
        ("\xa0cat\ufeff", "cat"), ("1e3", "1e3"),
    ],
)  # fmt: skip
def test_different_spellings_mean_the_same(text, meaning):
    assert normalize(text) == meaning


@given(st.text())
def test_normalizing_twice_changes_nothing(text):
    assert normalize(normalize(text)) == normalize(text)


def test_values_become_codes_and_the_commonest_spelling_is_kept():
    codes, spelling = encode(["1.0", "0.0", "", "1.0", "1", "NaN", "maybe", "?", "-1"], ["0", "1"], DEFAULT_MISSING)
    assert codes.tolist() == [1, 0, -1, 1, 1, -1, -2, -1, -1]
    assert spelling == {"1": "1.0", "0": "0.0"}


def test_a_value_that_is_a_class_is_never_missing():
    codes, _ = encode(["-1", "1", "none", ""], ["-1", "1", "none"], DEFAULT_MISSING)
    assert codes.tolist() == [0, 1, 2, -1]


def test_counting_merges_spellings_and_leaves_missing_ones_out():
    assert distinct(["1", "1.0", " 0", "", "N/A", "null"], DEFAULT_MISSING) == Counter({"1": 2, "0": 1})


@pytest.mark.parametrize(
    ("classes", "ordered"),
    [
        (["1", "0"], ["0", "1"]), (["yes", "no"], ["no", "yes"]), (["true", "false"], ["false", "true"]),
        (["y", "n"], ["n", "y"]), (["present", "absent"], ["absent", "present"]), (["good", "bad"], ["bad", "good"]),
        (["bad guy", "good guy"], ["bad guy", "good guy"]), (["good_guy", "bad_guy"], ["bad_guy", "good_guy"]),
        (["with_mask", "without_mask"], ["without_mask", "with_mask"]), (["mask", "no mask"], ["no mask", "mask"]),
        (["masked", "unmasked"], ["unmasked", "masked"]), (["valid", "invalid"], ["invalid", "valid"]),
        (["1", "-1"], ["-1", "1"]),
        (["10", "9", "2"], ["2", "9", "10"]), (["dog", "cat"], ["cat", "dog"]),
        (["c10", "c9", "b"], ["b", "c9", "c10"]),
    ],
)  # fmt: skip
def test_the_negative_class_comes_first(classes, ordered):
    assert order(classes) == ordered


def test_the_other_class_of_a_pair_is_added_when_only_one_occurs():
    assert complete(["1"]) == ["0", "1"]
    assert complete(["no"]) == ["no", "yes"]
    assert complete(["cat"]) == ["cat"]


def test_only_zeros_and_ones_get_other_names():
    assert display_names(["0", "1"]) == ["no", "yes"]
    assert display_names(["cat", "dog"]) == ["cat", "dog"]


@pytest.mark.parametrize(
    ("counts", "classes"),
    [
        ({"0": 5, "1": 5, "maybe": 1}, {"0", "1"}),
        ({"0": 50, "1": 50, "7": 2}, {"0", "1"}),
        ({"0": 5, "1": 5, "2": 5}, {"0", "1", "2"}),
        ({"0": 40, "1": 40, "2": 3}, {"0", "1", "2"}),
        ({"0": 400, "1": 400, "2": 3}, {"0", "1"}),
        ({"no": 5, "yes": 5, "unsure": 4}, {"no", "yes", "unsure"}),
        ({"cat": 5, "dog": 5, "bird": 1}, {"cat", "dog", "bird"}),
    ],
)
def test_a_rare_value_beside_a_pair_is_no_class(counts, classes):
    assert set(without_strays(Counter(counts))) == classes
