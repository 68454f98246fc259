from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.labels.label import Label
from core.labels.rules import parse_rules
from core.labels.truth_table import MOST_ROWS, truth_table

LABELS = [
    Label("mask", ("0", "1")),
    Label("hat", ("0", "1")),
    Label("sky", ("sun", "rain", "snow")),
    Label("5k", ("0", "1")),
]


def table(text: str):
    return truth_table(parse_rules([text], LABELS).rules[0], LABELS)


def test_every_combination_of_the_mentioned_labels_is_there_once_and_judged():
    found = table("5k = mask and hat")
    assert found.labels == (0, 1, 3)
    allowed = [row for row, holds in zip(found.rows, found.holds, strict=True) if holds]
    assert len(set(found.rows)) == 8
    assert allowed == [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 1)]


def test_labels_of_several_classes_have_a_row_for_each():
    found = table('sky = "rain" implies hat')
    assert [row for row, holds in zip(found.rows, found.holds, strict=True) if not holds] == [(0, 1)]
    assert len(found.rows) == 6


def test_a_table_that_nobody_could_read_is_refused():
    many = [Label(f"l{i}", ("0", "1")) for i in range(9)]
    rule = parse_rules([" and ".join(label.name for label in many[:8]) + " implies l8"], many).rules[0]
    with pytest.raises(GapwiseError, match=f"512.*{MOST_ROWS}"):
        truth_table(rule, many)
