from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels.bound import bind
from core.labels.label import Label
from core.labels.rules import parse_rules
from core.labels.solver import TRUE, truth
from core.labels.syntax import MAX_DEPTH, MAX_LENGTH, RuleError

LABELS = [
    Label("mask", ("0", "1"), ("no", "yes")),
    Label("distancing", ("0", "1")),
    Label("5k", ("0", "1")),
    Label("species", ("bird", "cat", "big dog")),
    Label("flies", ("no", "yes")),
    Label("my label", ("0", "1")),
    Label("größe", ("klein", "groß")),
    Label("and", ("0", "1")),
]
MASK, DISTANCING, FIVE, SPECIES, FLIES, SPACED, UMLAUT, KEYWORD = range(8)


def tree(text: str) -> tuple:
    return bind(text, LABELS).tree


def place(text: str) -> int:
    """Return the position that the error points at, after checking that its caret stands there."""
    with pytest.raises(RuleError) as caught:
        bind(text, LABELS)
    shown, caret = str(caught.value).splitlines()[-2:]
    column = caret.index("^")
    if caught.value.position < len(text) <= 50:
        assert shown[column] == text[caught.value.position]
    return caught.value.position


def test_equals_binds_weakest_so_that_5k_is_all_of_mask_and_distancing():
    assert tree("5k = mask and distancing") == ("=", ("is", FIVE, 1), ("and", ("is", MASK, 1), ("is", DISTANCING, 1)))


def test_mask_and_distancing_can_stand_on_the_left():
    assert tree("mask and distancing = 5k") == ("=", ("and", ("is", MASK, 1), ("is", DISTANCING, 1)), ("is", FIVE, 1))


def test_a_name_with_a_class_is_one_test_and_binds_strongest():
    assert tree('species = "bird" implies flies') == ("implies", ("is", SPECIES, 0), ("is", FLIES, 1))
    assert tree('flies = species = "bird"') == ("=", ("is", FLIES, 1), ("is", SPECIES, 0))
    assert tree("mask = 1 = distancing = 0") == ("=", ("is", MASK, 1), ("is", DISTANCING, 0))


def test_mask_equals_0_is_the_class_not_a_negation_of_a_number():
    assert tree("mask = 0 implies not 5k") == ("implies", ("is", MASK, 0), ("not", ("is", FIVE, 1)))
    assert tree("mask == 1") == ("is", MASK, 1)


def test_and_binds_stronger_than_or_and_or_stronger_than_implies():
    a, b, c, d = ("is", MASK, 1), ("is", DISTANCING, 1), ("is", FIVE, 1), ("is", FLIES, 1)
    assert tree("mask or distancing and 5k implies flies") == ("implies", ("or", a, ("and", b, c)), d)


def test_not_binds_to_the_next_test_only():
    assert tree("not mask and 5k") == ("and", ("not", ("is", MASK, 1)), ("is", FIVE, 1))
    assert tree("not mask = 0") == ("not", ("is", MASK, 0))


def test_implies_groups_to_the_right():
    a, b, c = ("is", MASK, 1), ("is", DISTANCING, 1), ("is", FIVE, 1)
    assert tree("mask implies distancing implies 5k") == ("implies", a, ("implies", b, c))


def test_parentheses_change_the_order():
    assert tree("not (mask and 5k)") == ("not", ("and", ("is", MASK, 1), ("is", FIVE, 1)))
    assert tree("5k=(mask)and(distancing)") == tree("5k = mask and distancing")


def test_unequal_is_the_negation_of_a_class():
    assert tree('species != "cat"') == ("not", ("is", SPECIES, 1))
    assert tree("mask!=1") == ("not", ("is", MASK, 1))


def test_backquotes_name_labels_with_blanks_keywords_and_umlauts():
    assert tree("`my label` implies `and`") == ("implies", ("is", SPACED, 1), ("is", KEYWORD, 1))
    assert tree("größe = groß") == ("is", UMLAUT, 1)


def test_classes_may_be_bare_single_or_double_quoted_or_the_display_name():
    assert tree("species = bird") == tree("species='bird'") == tree('species = "bird"') == ("is", SPECIES, 0)
    assert tree('species = "big dog"') == ("is", SPECIES, 2)
    assert tree("mask = yes") == ("is", MASK, 1)


def test_keywords_and_label_names_do_not_care_about_case():
    assert tree("5K = Mask AND Distancing") == tree("5k = mask and distancing")


def test_a_class_goes_before_a_label_that_differs_from_it_in_case():
    labels = [Label("species", ("bird", "cat")), Label("Bird", ("0", "1"))]
    assert bind("species = bird", labels).tree == ("is", 0, 0)
    assert bind("species = Bird", labels).tree == ("=", ("is", 0, 1), ("is", 1, 1))


def test_a_label_whose_case_is_ambiguous_is_not_guessed():
    labels = [Label("Mask", ("0", "1")), Label("mask", ("0", "1"))]
    with pytest.raises(RuleError, match="There is no label 'MASK'"):
        bind("MASK", labels)
    assert bind("Mask implies mask", labels).tree == ("implies", ("is", 0, 1), ("is", 1, 1))


def test_a_display_name_that_two_classes_share_is_refused():
    with pytest.raises(RuleError, match="Several classes"):
        bind('kind = "same"', [Label("kind", ("a", "b", "c"), ("same", "same", "other"))])


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("   ", 3),
        ("mask and", 8),
        ("and mask", 0),
        ("mask mask", 5),
        ("mask & distancing", 5),
        ("5k = mask and distncing", 14),
        ("(mask", 0),
        ("mask)", 4),
        ("(mask distancing)", 6),
        ("mask = distancing = 5k", 18),
        ('species = "brid"', 10),
        ("species", 0),
        ("5k = species", 5),
        ('mask = "1', 7),
        ("mask ! 1", 5),
        ("mask != distancing", 8),
        ("not", 3),
        ('"bird" implies flies', 0),
        ("mask = ", 7),
        ("`no such label`", 0),
    ],
)
def test_an_error_points_at_the_place(text, position):
    assert place(text) == position


def test_the_caret_stays_under_the_place_in_long_and_broken_lines():
    text = "mask and " * 30 + "\n\tnonsense"
    with pytest.raises(RuleError) as caught:
        bind(text, LABELS)
    shown, caret = str(caught.value).splitlines()[-2:]
    assert shown[caret.index("^") :] == "nonsense"


def test_too_long_and_too_deep_rules_are_refused():
    with pytest.raises(RuleError, match="characters long"):
        bind("mask" + " " * MAX_LENGTH, LABELS)
    for text in ("(" * 900 + "mask" + ")" * 900, "not " * 400 + "mask"):
        with pytest.raises(RuleError, match="nested"):
            bind(text, LABELS)
    assert bind("(" * (MAX_DEPTH - 1) + "mask" + ")" * (MAX_DEPTH - 1), LABELS).tree == ("is", MASK, 1)


def test_the_longest_chain_of_implications_that_fits_is_no_problem():
    text = "`5k`implies" * 180 + "`5k`"
    assert truth(bind(text, LABELS).tree, [1] * len(LABELS)) == TRUE


NAMES = ["mask", "5k", "species", "`my label`", '"bird"', "bird", "1", "0", "größe"]
SIGNS = ["and", "or", "not", "implies", "=", "!=", "==", "(", ")"]
NOISE = ["'", '"', "`", "!", "\n", "é", "\x00", "𝔘", "\u202e"]
words = st.lists(st.sampled_from([*NAMES, *SIGNS, *NOISE]), max_size=25)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), words.map(" ".join), words.map("".join)))
def test_any_text_is_a_rule_or_a_rule_error_and_nothing_else(text):
    error = None
    try:
        parse_rules([text], LABELS)
    except RuleError as raised:
        error = raised
    if error is not None:
        assert error.text == text
        assert 0 <= error.position <= len(text)
        assert str(error).splitlines()[-1].strip() == "^"
