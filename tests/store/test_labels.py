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


def test_rules_that_were_replaced_are_seen_in_the_same_transaction_and_after_it(build):
    """They are read once in a transaction, which must not outlive their replacement."""
    ws = build({"mask": ["1"], "twin": [""]}, {"mask": ("0", "1"), "twin": ("0", "1")}, ["twin = mask"])
    with ws.write() as connection:
        assert rules(connection) == ["twin = mask"]
        rules(connection).append("what a caller does to the list is its own")
        set_rules(connection, ["twin implies mask", "mask implies twin"])
        assert rules(connection) == ["twin implies mask", "mask implies twin"]
        set_rules(connection, [])
        assert rules(connection) == []
    with ws.read() as connection:
        assert rules(connection) == []


def test_rules_that_were_rolled_back_are_not_seen(build):
    ws = build({"mask": ["1"], "twin": [""]}, {"mask": ("0", "1"), "twin": ("0", "1")}, ["twin = mask"])

    def broken():
        with ws.write() as connection:
            set_rules(connection, [])
            assert rules(connection) == []
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    with ws.read() as connection:
        assert rules(connection) == ["twin = mask"]
