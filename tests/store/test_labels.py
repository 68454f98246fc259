from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.labels.label import Label
from core.store.labels import add_labels, label_id, labels, rules, set_rules


def test_labels_keep_their_order_and_classes(five_k):
    with five_k.write() as connection:
        (added,) = add_labels(connection, [Label("größe", ("a", "b", "c"), ("klein", "mittel", "groß"))])
        found = labels(connection)
    assert [label.name for label in found.values()] == ["mask", "distancing", "5k", "größe"]
    assert found[added].names == ("klein", "mittel", "groß")


def test_an_unknown_label_is_refused_with_those_that_exist(five_k):
    with five_k.read() as connection, pytest.raises(GapwiseError, match="mask, distancing, 5k"):
        label_id(connection, "Mask")


def test_a_name_is_taken_once(five_k):
    for new in ([Label("mask", ("0", "1"))], [Label("a", ("0", "1")), Label("a", ("0", "1"))]):
        with five_k.write() as connection, pytest.raises(GapwiseError, match="already"):
            add_labels(connection, new)


def test_rules_are_replaced_as_a_whole_and_keep_their_order(five_k):
    with five_k.write() as connection:
        set_rules(connection, ["mask implies 5k", "5k implies mask"])
        assert rules(connection) == ["mask implies 5k", "5k implies mask"]
        set_rules(connection, [])
        assert rules(connection) == []
