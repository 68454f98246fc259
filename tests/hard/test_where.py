"""Where errors look, on maps whose places are known."""

from __future__ import annotations

import numpy as np
import pytest

from core.hard.groups import grouped
from core.hard.regions import REGIONS, region, sitting, weights
from core.hard.where import where_errors_look
from core.store import schema
from tests.conftest import BINARY, propose

BORDER, CENTRE = np.zeros((2, 8, 8), np.uint8)
BORDER[0], BORDER[:, 0] = 255, 200
CENTRE[3:5, 3:5] = 255


@pytest.mark.parametrize("size", [(7, 7), (8, 8), (5, 9), (1, 1), (24, 10)])
def test_a_region_covers_the_same_share_of_a_picture_at_every_resolution(size):
    areas = {name: region(name, *size).mean() for name in REGIONS}
    assert areas == pytest.approx(
        {"border": 7 / 16, "corners": 1 / 4, "centre": 1 / 4, "top": 1 / 3, "bottom": 1 / 3, "left": 1 / 3,
         "right": 1 / 3}
    )  # fmt: skip
    assert all((region(name, *size) >= -1e-9).all() and (region(name, *size) <= 1 + 1e-9).all() for name in REGIONS)


def test_an_even_map_sits_nowhere_and_one_in_a_corner_there():
    corner = np.zeros((8, 8))
    corner[0, 0] = 1
    found = sitting(weights(np.stack([np.ones((8, 8)), corner, CENTRE])))
    assert {name: sits.tolist() for name, sits in found.items() if sits.any()} == {
        "border": [False, True, False], "corners": [False, True, False], "top": [False, True, False],
        "left": [False, True, False], "centre": [False, False, True],
    }  # fmt: skip


def test_groups_are_found_as_many_as_there_are_the_largest_first():
    random = np.random.default_rng(1)
    centres = np.array([[0, 0, 0], [9, 0, 0], [0, 9, 0]])
    points = np.repeat(centres, (30, 50, 20), axis=0) + random.standard_normal((100, 3))
    group, found = grouped(points)
    assert np.bincount(group).tolist() == [50, 30, 20]
    assert np.abs(found - centres[[1, 0, 2]]).max() < 1


def test_points_without_groups_are_one():
    assert len(grouped(np.random.default_rng(0).standard_normal((200, 20)))[1]) == 1
    assert grouped(np.ones((40, 4)))[0].tolist() == [0] * 40
    assert grouped(np.ones((1, 4)))[1].tolist() == [[1.0] * 4]


def made(build, known, said, maps):
    ws = build({"mask": [str(v) for v in known]}, {"mask": BINARY})
    probs = {f"{i}.png": [0.9, 0.1] if v == 0 else [0.1, 0.9] for i, v in enumerate(said)}
    run = propose(ws, "mask", probs, heldout=True)
    p = schema.proposal
    with ws.write() as connection:
        for i, one in enumerate(maps, start=1):
            size = {"map_height": None, "map_width": None} if one is None else dict(
                zip(("map_height", "map_width"), one.shape, strict=True)
            )  # fmt: skip
            values = {"map": None if one is None else one.tobytes(), **size}
            connection.execute(p.update().where(p.c.image_id == i).values(values))
    with ws.read() as connection:
        return where_errors_look(connection, run)


def test_what_errors_look_at_is_told_with_its_interval(build):
    known, said = [1] * 40 + [0] * 20, [1] * 60  # 20 wrong ones say 1 where 0 is known
    maps = [BORDER] * 4 + [CENTRE] * 36 + [BORDER] * 15 + [CENTRE] * 5
    found = made(build, known, said, maps)
    assert (found.wrong_count, found.right_count, found.left_out) == (20, 40, 0)
    border = next(f for f in found.findings if f.region == "border")
    assert (border.wrong, border.right) == (0.75, 0.1)
    assert border.told
    assert found.sentences[0].startswith("When wrong on mask, the map sits on the border in 75% of cases (right: 10%; ")
    assert any("in the centre in 25% of cases (right: 90%" in s and "points less often" in s for s in found.sentences)
    assert found.wrong[0, 0] > 1 > found.wrong[5, 5]
    assert found.right[3, 3] > found.wrong[3, 3]


def test_wrong_maps_of_two_kinds_are_two_clusters_the_larger_first(build):
    maps = [CENTRE] * 30 + [BORDER] * 15 + [CENTRE] * 10
    found = made(build, [1] * 30 + [0] * 25, [1] * 55, maps)
    assert [(c.share, c.right_share) for c in found.clusters] == [(0.6, 0.0), (0.4, 1.0)]
    assert set(found.clusters[0].image_ids.tolist()) == set(range(31, 46))
    assert found.clusters[1].map[3, 3] == pytest.approx(16)  # all of the weight on 4 of 64 cells


def test_a_difference_by_chance_is_not_told(build):
    random = np.random.default_rng(0)
    maps = [BORDER if random.random() < 0.3 else CENTRE for _ in range(90)]
    found = made(build, [1] * 60 + [0] * 30, [1] * 90, maps)
    assert found.sentences == (
        "Nothing shows that maps of wrong answers on mask lie elsewhere than those of right ones"
        " (30 wrong, 60 right, 7 places looked at).",
    )


def test_answers_are_held_against_the_same_answers(build):
    """Maps for 0 always lie on the border, and most wrong answers say 0: that is no finding about errors."""
    known = [0] * 20 + [1] * 80 + [1] * 18 + [0] * 4
    said = [0] * 20 + [1] * 80 + [0] * 18 + [1] * 4
    found = made(build, known, said, [BORDER if v == 0 else CENTRE for v in said])
    assert not any(f.told for f in found.findings)
    assert next(f for f in found.findings if f.region == "border").right == pytest.approx(18 / 22)


def test_few_wrong_ones_show_nothing_and_no_maps_neither(build):
    few = made(build, [1] * 20 + [0] * 3, [1] * 23, [CENTRE] * 23)
    assert few.left_out_told == ""
    assert few.sentences == ("Only 3 wrong answers on mask have a map: too few to say where errors look.",)
    assert len(few.clusters) == 1


def test_maps_of_another_size_empty_ones_and_none_are_left_out(build):
    odd = [None, np.zeros((8, 8), np.uint8), np.ones((4, 4), np.uint8)]
    found = made(build, [1, 1, 1, 1], [1] * 4, [*odd, CENTRE])
    assert (found.right_count, found.left_out) == (1, 3)
    assert found.left_out_told == (
        "3 held-out images left out: 1 without a map; 1 whose map has another size; 1 whose map is 0 all over: nothing"
        " speaks for the answer."
    )
    none = made(lambda *a: build(*a, where="other"), [1, 1], [1, 0], [None, None])
    assert none.sentences == ("There are no maps of known held-out images of mask.",)
    assert none.wrong is None
    assert none.clusters == ()
