"""What trained networks gave: intervals and differences, by hand."""

from __future__ import annotations

import math

import pytest
from scipy.stats import t

from core.training.scaled import results, words
from core.training.scaled.results import Mean, Outcome, Run


def outcome(name: str, *scores: float, seeds=range(9), **about: object) -> Outcome:
    curve = [{"epoch": 1, "train_loss": 1.0, "loss": 2.0, "accuracy": 0.5}]
    runs = [Run(seed, score, 60.0, curve, seed + 1) for seed, score in zip(seeds, scores, strict=False)]
    settings = {"depth": 0.5, "width": 0.5, "size": 32}
    return Outcome(name, settings, {"px": 32, "parameters": 10, "multiply_adds": 1000, **about}, runs)


def test_the_interval_is_students():
    # Mean 0.5, standard deviation 0.1, three values: 4.303 · 0.1 / √3.
    found = results.mean([0.4, 0.5, 0.6])
    half = 4.303 * 0.1 / math.sqrt(3)
    assert (found.mean, found.n) == (pytest.approx(0.5), 3)
    assert (found.low, found.high) == (pytest.approx(0.5 - half), pytest.approx(0.5 + half))


@pytest.mark.parametrize("degrees", [1, 2, 4, 30, 31, 40, 120])
def test_the_quantiles_are_those_of_scipy(degrees):
    assert results._quantile(degrees) == pytest.approx(t.ppf(0.975, degrees), abs=6e-4)


def test_one_seed_has_no_interval_and_proves_nothing():
    assert results.mean([0.5]) == Mean(0.5, 1)
    assert not results.mean([0.5]).beyond


def test_seeds_that_all_differ_by_the_same_prove_nothing_on_few_images():
    assert not results.mean([0.1, 0.1, 0.1]).beyond
    assert results.mean([0.1, 0.11, 0.1]).beyond


def test_networks_that_are_equally_good_share_the_best_mean():
    found = [outcome(n, 0.5, 0.6) for n in ("baseline", "depth", "width", "compound")]
    assert words.verdict(found, "compound").startswith("Deeper, wider and compound share the best mean, 55.0%")


def test_differences_are_paired_by_seed_over_the_seeds_that_both_have():
    one, other = outcome("compound", 0.8, 0.9, 0.7), outcome("width", 0.7, 0.8, seeds=(0, 1))
    found = results.difference(one, other)
    assert (found.mean, found.n) == (pytest.approx(0.1), 2)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1))  # both seeds differ by as much
    assert results.difference(one, outcome("depth", 0.5, seeds=(7,))) is None


def test_the_winner_is_not_the_baseline_and_is_judged_by_the_seeds_that_all_have():
    found = [outcome("baseline", 0.9, 0.9), outcome("width", 0.8, 0.8), outcome("depth", 0.7, 0.99)]
    assert results.winner(found).name == "depth"
    assert results.winner([*found, outcome("compound", 0.75)]).name == "width"
    assert results.winner([*found, outcome("compound")]) is None
    assert results.winner([outcome("baseline", 0.9)]) is None


def test_the_mean_curve_ends_where_the_shortest_does():
    curve = [{"epoch": e, "train_loss": 1.0, "loss": 1.0, "accuracy": a} for e, a in ((1, 0.2), (2, 0.4))]
    two = Outcome("width", {}, {}, [Run(0, 0.4, 1.0, curve), Run(1, 0.6, 1.0, [{**curve[0], "accuracy": 0.6}])])
    assert results.mean_curve(two).to_dict("list") == {
        "epoch": [1], "train_loss": [1.0], "loss": [1.0], "accuracy": [pytest.approx(0.4)],
    }  # fmt: skip


def test_the_verdict_names_what_leads_what_lags_and_what_may_be_luck():
    found = [
        outcome("baseline", 0.5, 0.5, 0.5),
        outcome("depth", 0.60, 0.62, 0.61),
        outcome("width", 0.70, 0.80, 0.75),
        outcome("resolution", 0.90, 0.92, 0.91),
        outcome("compound", 0.75, 0.76, 0.77),
    ]
    told = words.verdict(found, "compound")
    assert told.startswith("Larger pictures has the best mean, 91.0% (88.5 to 93.5).")
    assert "Compound is ahead of deeper." in told
    assert "Compound is behind larger pictures." in told
    assert "Compound can't be told from wider." in told
    assert words.verdict(found[:2], "compound") == "Not all networks have been trained yet."


def test_one_seed_is_said_to_say_nothing_about_chance():
    found = [outcome("baseline", 0.5), outcome("depth", 0.6), outcome("compound", 0.7)]
    assert "One seed says nothing about chance" in words.verdict(found, "compound")


def test_the_table_holds_every_network_against_the_baseline_and_another_one():
    found = [outcome("baseline", 0.5, 0.5), outcome("compound", 0.7, 0.7), outcome("depth")]
    table = words.table(found, "compound")
    assert table["network"].tolist() == ["Baseline", "Compound", "Deeper"]
    assert table["over_baseline"].tolist() == ["–", "+20.0 (+20.0 to +20.0)", "–"]
    assert table["over"].tolist() == ["−20.0 (−20.0 to −20.0)", "–", "–"]
    assert table["time"].tolist() == ["1 min 0 s", "1 min 0 s", "–"]
