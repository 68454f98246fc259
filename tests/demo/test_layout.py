from __future__ import annotations

import math

import numpy as np
import pytest

from core.demo.layout import APART, FOCAL, HEADS, NEAR, Layout, Person, distance, draw_layout


def person(x: float, head: float = 40.0, wears: str = "mask") -> Person:
    return Person(x=x, foot=200.0, head=head, wears=wears)


def layout(*people: Person) -> Layout:
    return Layout(320, 240, 90.0, people)


def test_side_by_side_one_body_height_apart_is_a_distance_of_one():
    assert distance(person(50), person(50 + 40 * HEADS)) == pytest.approx(1.0)


def test_someone_half_as_large_right_behind_stands_one_depth_of_the_first_farther_away():
    # A figure of 40 * 3.6 = 144 units stands 320 / 144 heights away, one of 72 twice as far.
    assert distance(person(50, 40), person(50, 20)) == pytest.approx(FOCAL / 144)


def test_distance_does_not_depend_on_how_large_both_appear():
    small = distance(person(0, 20), person(30, 20))
    large = distance(person(0, 60), person(90, 60))
    assert small == pytest.approx(large)


def test_one_person_alone_keeps_distance():
    assert layout(person(100)).distancing == 1
    assert layout(person(100)).closest() == math.inf


def test_a_mask_at_the_chin_a_scarf_and_a_beard_are_no_masks():
    for wears in ("bare", "chin", "scarf", "beard"):
        assert layout(person(50), person(250, wears=wears)).mask == 0
    assert layout(person(50), person(250)).mask == 1


@pytest.mark.parametrize("mask", [0, 1])
@pytest.mark.parametrize("distancing", [0, 1])
def test_a_layout_has_the_labels_it_was_asked_for_and_leaves_no_room_for_opinion(mask, distancing):
    for seed in range(150):
        found = draw_layout(mask, distancing, np.random.default_rng(seed))
        assert (found.mask, found.distancing) == (mask, distancing)
        closest = found.closest()
        assert closest <= NEAR if distancing == 0 else closest >= APART
        assert 1 <= len(found.people) <= 4


def test_heads_lie_inside_the_picture_and_the_nearest_person_is_drawn_last():
    for seed in range(200):
        found = draw_layout(seed % 2, seed // 2 % 2, np.random.default_rng(seed))
        for p in found.people:
            assert p.foot - HEADS * p.head >= 0
            assert 0.5 * p.head <= p.x <= found.width - 0.5 * p.head
            assert p.face + 0.5 * p.head <= found.height
        heads = [p.head for p in found.people]
        assert heads == sorted(heads)


def test_nobody_covers_the_face_of_somebody_else():
    for seed in range(200):
        found = draw_layout(1, seed % 2, np.random.default_rng(seed))
        for i, back in enumerate(found.people):
            for front in found.people[i + 1 :]:
                # Faces are 0.86 heads wide.
                assert abs(back.x - front.x) >= 0.43 * (back.head + front.head)
