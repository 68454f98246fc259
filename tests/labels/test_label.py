from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.labels.label import Label


def test_a_class_is_found_by_its_value_or_its_display_name():
    label = Label("mask", ("0", "1"), ("no", "yes"))
    assert (label.code("1"), label.code("yes"), label.binary) == (1, 1, True)


def test_values_go_before_display_names():
    assert Label("odd", ("0", "1"), ("1", "0")).code("1") == 1


def test_a_display_name_that_two_classes_share_finds_neither():
    with pytest.raises(GapwiseError, match="no class 'same'"):
        Label("kind", ("a", "b", "c"), ("same", "same", "other")).code("same")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((" ", ("0", "1")), "empty name"),
        (("a", ()), "no classes"),
        (("a", ("x", "x")), "twice"),
        (("a", ("x", "y"), ("only",)), "2 classes but 1 display names"),
    ],
)
def test_a_label_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(GapwiseError, match=message):
        Label(*arguments)
