"""Which networks a budget allows."""

from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.models.measured import TRAINING
from core.models.network import Network
from core.models.published import counted, published
from core.training.fit import Budget, what_fits
from core.training.needs import training_need
from tests.models.measured_by_hand import HERE, measurement

NETWORKS = {p.name: p for p in published()}
B0 = NETWORKS["B0"].network
# 1 ms and 10 ns for a multiply-add, on four networks: a line without error.
POINTS = [
    measurement(p.network.model, 1e-3 + 1e-11 * p.counted.multiply_adds, p.counted.multiply_adds, p.px)
    for name in ("B0", "V2-B1", "B3", "V2-B3")
    for p in [NETWORKS[name]]
]


def fits(**budget: object):
    return what_fits(Budget(**budget), POINTS, HERE)


def titles(answer) -> set[str]:
    return {c.title for c in answer.candidates if c.fits}


def test_without_a_budget_everything_fits_and_the_best_reported_one_is_proposed():
    answer = fits()
    assert answer.best.title == "V2-XL (21k)"
    assert answer.compound.title == "B0, φ = 7"
    assert titles(answer) == {c.title for c in answer.candidates}
    costs = [c.multiply_adds for c in answer.candidates]
    assert costs == sorted(costs, reverse=True)


def test_a_memory_budget_leaves_what_its_estimate_keeps():
    limit = training_need(NETWORKS["V2-B3"].network, "cpu").with_batch(32, 1).needed()
    exactly, less = fits(memory=limit), fits(memory=limit - 1)
    assert "V2-B3" in titles(exactly)
    assert "V2-B3" not in titles(less)
    assert next(c for c in less.candidates if c.title == "V2-B3").breaks == ("memory",)
    for c in exactly.candidates:
        assert c.fits == (c.memory <= limit)
    rated = [c for c in exactly.candidates if c.fits and c.top1]
    assert exactly.best.top1 == max(c.top1 for c in rated)
    largest = max((c for c in exactly.candidates if c.fits and c.phi), key=lambda c: c.phi)
    assert exactly.compound == largest


def test_smaller_batches_and_smaller_pictures_need_less():
    whole, few, small = (fits(**b).best for b in ({}, {"batch": 1}, {"px": 128}))
    assert few.memory < whole.memory
    assert small.network.px == 128
    assert small.memory < whole.memory
    # B0 at half its side costs a quarter; the classifier's 1.3M of 386M multiply-adds stay and are left aside.
    half = next(c for c in fits(px=112).candidates if c.title == "B0")
    assert half.multiply_adds == counted()[B0].multiply_adds / 4
    # A network for smaller pictures keeps its own size.
    assert next(c for c in fits(px=300).candidates if c.title == "B0").network.px == 224


def test_a_measured_network_is_judged_by_its_measurement_and_others_by_the_line():
    by_title = {c.title: c for c in fits().candidates}
    b0, b4 = by_title["B0"].latency, by_title["B4"].latency
    assert (b0.measured, b0.value) == (True, POINTS[0].median)
    assert not b4.measured
    assert b4.likely == pytest.approx(1e-3 + 1e-11 * NETWORKS["B4"].counted.multiply_adds)
    assert b4.value == pytest.approx(1.1 * b4.likely)  # even a perfect line is not trusted further


def test_a_latency_budget_leaves_what_is_quick_enough():
    answer = fits(latency=0.035)
    assert titles(answer) >= {"B0", "V2-B3"}  # 31 ms
    assert "B4" not in titles(answer)  # 45 ms
    assert answer.best.title == "V2-B3"


def test_a_training_takes_its_steps():
    step = measurement(B0.model, 2.0, counted()[B0].multiply_adds, 224, batch=32, task=TRAINING)
    answer = what_fits(Budget(training=3600.0, pictures=6400, epochs=9), [*POINTS, step], HERE)
    b0 = next(c for c in answer.candidates if c.title == "B0")
    assert b0.training.value == 9 * 200 * 2.0  # epochs, steps, seconds: exactly the budget
    assert b0.fits
    assert {c.title for c in answer.candidates if c.multiply_adds > b0.multiply_adds and c.fits} == set()


def test_without_a_measurement_a_time_budget_is_left_open_and_said():
    answer = what_fits(Budget(latency=0.001, training=1.0, pictures=10), [], None)
    assert answer.best.unknown == ("latency", "training")
    assert answer.best.latency is None
    assert answer.lines == {"inference": None, "training": None}


def test_measurements_of_another_machine_do_not_count():
    from dataclasses import replace

    assert what_fits(Budget(), POINTS, replace(HERE, threads=1)).best.latency is None


def test_nothing_fits_says_the_least_need_of_each_budget():
    with pytest.raises(GapwiseError) as told:
        fits(memory=10**6, latency=1e-4)
    text = str(told.value)
    assert "memory: the least is" in text
    assert "you have 1 MB" in text
    assert "latency: the least is" in text
    assert "you have 0.1 ms" in text
    assert "smaller pictures or batches" in text


def test_budgets_that_only_clash_together_are_told():
    # Of what is quick enough for 6 ms (B0 and its like), nothing trains within the memory of the least one but itself.
    least = min(fits().candidates, key=lambda c: c.memory)
    quickest = min(fits().candidates, key=lambda c: c.latency.value)
    if least.title == quickest.title:
        pytest.fail("the case needs two networks")
    with pytest.raises(GapwiseError, match="Each budget alone is kept by some network"):
        fits(memory=least.memory, latency=quickest.latency.value)


@pytest.mark.parametrize(
    ("budget", "problem"),
    [
        ({"batch": 0}, "The batch is 0 pictures"),
        ({"px": 7}, "The side of the pictures is 7 px; it must be a whole number from 32"),
        ({"device": "abacus"}, "no device 'abacus'"),
        ({"memory": -3 * 10**9}, "The budget for memory is -3 GB; it must be above 0"),
        ({"epochs": 0}, "The number of epochs is 0"),
        ({"pictures": -1}, "The number of pictures is -1"),
        ({"latency": float("nan")}, "The budget for latency is nan"),
        ({"latency": float("inf")}, "The budget for latency is inf"),
        ({"training": 60.0}, "The number of pictures is 0"),
    ],
)
def test_what_is_no_budget_is_refused(budget, problem):
    with pytest.raises(GapwiseError, match=problem):
        fits(**budget)


def test_networks_that_are_equal_to_one_another_are_candidates_once_each():
    answer = fits()
    assert len({c.title for c in answer.candidates}) == len(answer.candidates)
    assert Network("efficientnet_b0", 1.1, 1.2, 258) in {c.network for c in answer.candidates}
