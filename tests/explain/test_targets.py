"""What a map is asked to explain, as text."""

from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.explain.targets import codes, parse


@pytest.mark.parametrize(
    ("text", "resolved"),
    [("predicted", "2"), ("true", "1"), ("0", "0"), (" 02 ", "2"), ("2-0", "2-0"), ("predicted - true", "2-1")],
)
def test_targets_resolve_to_codes(text, resolved):
    assert parse(text, 3).resolve(predicted=2, truth=1) == resolved


@pytest.mark.parametrize("text", ["", "cat", "-1", "1-", "1-2-0", "1--2", "predicted true"])
def test_other_texts_are_refused_with_what_is_expected(text):
    with pytest.raises(GapwiseError, match="Expected predicted, true, a class by its number"):
        parse(text, 3)


def test_classes_that_are_not_there_are_refused():
    with pytest.raises(GapwiseError, match="no class 3: the classes are 0 to 2"):
        parse("0-3", 3)


def test_the_true_class_of_an_image_must_be_known():
    target = parse("true", 2)
    assert target.needs_truth
    with pytest.raises(GapwiseError, match="Nobody knows"):
        target.resolve(predicted=1)


def test_a_class_against_itself_is_nothing():
    with pytest.raises(GapwiseError, match="from itself"):
        parse("1-1", 2)
    with pytest.raises(GapwiseError, match="Both sides"):
        parse("predicted-true", 2).resolve(predicted=1, truth=1)


def test_codes_of_a_resolved_target():
    assert codes("2") == (2, None)
    assert codes("12-0") == (12, 0)
