"""Held-out images are chosen once, fairly, and stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GapwiseError
from core.labels.label import Label
from core.store.cells import known, put
from core.store.labels import label_id
from core.training.split import choose_heldout, split
from tests import tiny

TRUSTED = ("given", "human", "derived")


def split_of(ws, sources=TRUSTED):
    with ws.write() as connection:
        return split(connection, label_id(connection, "bright"), tiny.LABEL, sources)


def test_a_fifth_of_each_class_is_held_out():
    held = choose_heldout([0] * 50 + [1] * 25, [str(i) for i in range(75)])
    assert (held[:50].sum(), held[50:].sum()) == (10, 5)


def test_the_choice_is_the_same_every_time():
    values, groups = [0, 1] * 20, [str(i) for i in range(40)]
    np.testing.assert_array_equal(choose_heldout(values, groups), choose_heldout(values, groups))


def test_two_images_of_each_class_are_enough_for_one_on_each_side():
    held = choose_heldout([0, 0, 1, 1], list("abcd"))
    assert sorted(np.array([0, 0, 1, 1])[held]) == [0, 1]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), min_size=30, max_size=80))
def test_identical_images_are_never_on_both_sides(rows):
    values, groups = [0, 0, 1, 1] + [v for v, _ in rows], ["a", "b", "c", "d"] + [str(g) for _, g in rows]
    held = choose_heldout(values, groups)
    assert held.any()
    assert not set(np.array(groups)[held]) & set(np.array(groups)[~held])


def test_a_class_with_a_single_image_stays_in_training():
    values = [0] * 20 + [1] * 20 + [2]
    held = choose_heldout(values, [str(i) for i in range(41)])
    assert not held[40]


def test_the_first_run_chooses_and_later_ones_keep_the_held_out_images(tmp_path):
    ws = tiny.workspace(tmp_path / "ws", [0, 1] * 10 + [-1] * 4)
    first = split_of(ws)
    with ws.write() as connection:
        for image_id in range(21, 25):
            put(connection, image_id, 1, 1, "human")
    second = split_of(ws)
    assert [r.image_id for r in second.heldout] == [r.image_id for r in first.heldout]
    assert {r.image_id for r in second.train} - {r.image_id for r in first.train} == {21, 22, 23, 24}


def test_a_newly_known_twin_of_a_held_out_image_is_left_out(tmp_path):
    values = [0, 1] * 10 + [-1] * 20
    ws = tiny.workspace(tmp_path / "ws", values, twins=[(i, 20 + i) for i in range(20)])
    held = {r.image_id for r in split_of(ws).heldout}
    with ws.write() as connection:
        for image_id in range(21, 41):
            put(connection, image_id, 1, 0, "human")
    second = split_of(ws)
    trained = {r.image_id for r in second.train}
    assert {r.image_id for r in second.heldout} == held
    assert trained == set(range(1, 41)) - held - {i + 20 for i in held}


def test_pseudo_labels_are_learned_from_on_request_and_never_measured_on(tmp_path):
    ws = tiny.workspace(tmp_path / "ws", [0, 1] * 10 + [-1] * 30)
    with ws.write() as connection:
        for image_id in range(21, 51):
            put(connection, image_id, 1, 1, "pseudo")
    assert all(r.source == "given" for r in split_of(ws).train)
    wide = split_of(ws, (*TRUSTED, "pseudo"))
    assert sum(r.source == "pseudo" for r in wide.train) == 30
    assert all(r.source == "given" for r in wide.heldout)


def test_one_class_only_is_told_with_what_to_do(tmp_path):
    ws = tiny.workspace(tmp_path / "ws", [1] * 8 + [-1])
    with pytest.raises(GapwiseError, match="8 known cells, all of class 'bright'.*two classes"):
        split_of(ws)


def test_no_known_cell_at_all_is_told(tmp_path):
    with pytest.raises(GapwiseError, match="0 known cells, none at all"):
        split_of(tiny.workspace(tmp_path / "ws", [-1] * 3))


def test_two_images_in_all_are_too_few(tmp_path):
    with pytest.raises(GapwiseError, match="too few different images.*'dark' 1, 'bright' 1"):
        split_of(tiny.workspace(tmp_path / "ws", [0, 1]))


def test_copies_of_one_image_are_no_second_image(tmp_path):
    ws = tiny.workspace(tmp_path / "ws", [0, 0, 0, 1, 1], twins=[(3, 4)])
    with pytest.raises(GapwiseError, match="too few"):
        split_of(ws)


def test_held_out_images_that_lost_their_values_are_told(tmp_path):
    ws = tiny.workspace(tmp_path / "ws", [0, 1] * 10)
    held = split_of(ws).heldout
    with ws.write() as connection:
        for row in held:
            put(connection, row.image_id, 1, None, None)
    with pytest.raises(GapwiseError, match="held-out images has a value"):
        split_of(ws)


def test_a_label_of_many_classes_is_split_too(tmp_path):
    label = Label("kind", tuple("abcde"))
    ws = tiny.workspace(tmp_path / "ws", list(range(5)) * 6, label)
    with ws.write() as connection:
        parts = split(connection, 1, label, TRUSTED)
        assert len(known(connection, 1)) == len(parts.train) + len(parts.heldout)
    assert {r.value for r in parts.heldout} == set(range(5))
