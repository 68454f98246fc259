"""Which runs are one network scaled in different ways."""

from __future__ import annotations

from core.explain.scaled import compared, scaled

B0 = {"model": "efficientnet_b0", "width": 1.0, "depth": 1.0, "size": 224}


def test_the_five_networks_of_the_paper_in_its_order():
    runs = [
        (5, {**B0, "width": 1.4, "depth": 1.8, "size": 380}),
        (4, {**B0, "size": 560}),
        (3, {**B0, "width": 2.0}),
        (2, {**B0, "depth": 4.0}),
        (1, B0),
    ]
    assert scaled(runs) == {1: "baseline", 2: "depth", 3: "width", 4: "resolution", 5: "compound"}
    assert list(scaled(runs)) == [1, 2, 3, 4, 5]


def test_b3_is_b0_scaled_in_all_three():
    assert scaled([(2, {**B0, "model": "efficientnet_b3", "size": 300}), (1, B0)]) == {1: "baseline", 2: "compound"}


def test_of_several_at_one_place_the_newest_stays():
    runs = [(4, {**B0, "width": 2.0}), (3, {**B0, "width": 1.5}), (2, B0), (1, B0)]
    assert scaled(runs) == {2: "baseline", 4: "width"}


def test_two_dimensions_at_once_or_one_smaller_have_no_place():
    assert scaled([(2, {**B0, "width": 2.0, "depth": 2.0}), (1, B0)]) == {}
    assert scaled([(2, {**B0, "width": 3.0, "depth": 0.5}), (1, B0)]) == {}


def test_other_families_are_told_apart_and_the_fuller_one_is_returned():
    v2 = {**B0, "model": "tf_efficientnetv2_b0"}
    assert scaled([(4, {**B0, "width": 2.0}), (3, {**v2, "depth": 2.0}), (2, {**v2, "size": 300}), (1, v2)]) == {
        1: "baseline", 3: "depth", 2: "resolution",
    }  # fmt: skip


def test_runs_alike_or_without_settings_have_no_places():
    assert scaled([(2, B0), (1, B0)]) == {}
    assert scaled([(1, {})]) == {}
    assert scaled([]) == {}


def test_a_size_of_two_sides_counts_by_the_shorter():
    assert scaled([(2, {**B0, "size": [448, 600]}), (1, {**B0, "size": [224, 300]})]) == {
        1: "baseline",
        2: "resolution",
    }


def trained(job: int, point: str, seed: int) -> dict:
    return {"id": job, "trial": 1, "point": point, "values": {"seed": seed}}


def test_a_trained_comparison_is_found_by_its_newest_job_and_the_first_seed_that_is_whole():
    runs = [
        (9, trained(2, "depth", 1)),
        (8, trained(2, "baseline", 1)),
        (7, None),
        (6, trained(2, "compound", 0)),
        (5, trained(2, "depth", 0)),
        (4, trained(2, "baseline", 0)),
        (3, trained(1, "width", 0)),
        (2, {"id": 3, "trial": 1, "values": {"dropout": 0.1}}),
    ]
    assert compared(runs) == {4: "baseline", 5: "depth", 6: "compound"}
    assert list(compared(runs)) == [4, 5, 6]


def test_runs_of_no_comparison_or_a_single_one_have_no_places():
    assert compared([]) == {}
    assert compared([(1, None), (2, {"id": 1, "trial": 1, "values": {}})]) == {}
    assert compared([(1, trained(1, "baseline", 0))]) == {}
    assert compared([(1, trained(1, "1.2 / 1.1 / 1.15", 0)), (2, trained(1, "1 / 1.4 / 1", 0))]) == {}
