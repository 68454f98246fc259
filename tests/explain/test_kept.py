"""What the server keeps has a bound in bytes, whatever the number of classes."""

from __future__ import annotations

from core.explain.asking import Answer
from core.explain.kept import MOST, Kept, size


def answer(classes: int) -> Answer:
    return Answer(1, 7, 7, bytes(49), "1", [0.5] * classes, "blocks.6", None, True, 1)


def test_answers_of_a_network_with_very_many_classes_are_kept_within_the_same_bound():
    """512 answers were kept whatever their size: 360 MB with the 21,841 classes of ImageNet-21k."""
    kept = Kept()
    for n in range(200):
        kept.put(n, answer(21_841))
    assert 0 < len(kept) * size(answer(21_841)) <= MOST
    assert kept.get(199) is not None
    assert kept.get(0) is None
    few = Kept()
    for n in range(600):
        few.put(n, answer(1000))
    assert len(few) == 600


def test_what_was_asked_for_longest_ago_goes_first():
    kept = Kept(most=2 * size(answer(10)))
    for key in "ab":
        kept.put(key, answer(10))
    kept.get("a")
    kept.put("c", answer(10))
    assert [kept.get(key) is not None for key in "abc"] == [True, False, True]
    kept.put("c", answer(10))  # in its own place
    assert kept.get("a") is not None


def test_what_is_larger_than_all_that_may_be_kept_takes_nothing_else_away():
    kept = Kept(most=2 * size(answer(10)))
    kept.put("a", answer(10))
    kept.put("b", [{"name": f"blocks.{i}"} for i in range(100)])
    assert kept.get("b") is None
    assert kept.get("a") is not None
