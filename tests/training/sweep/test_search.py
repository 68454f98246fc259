"""Optuna's proposals: the same history gives the same next one, whoever asks."""

from __future__ import annotations

import importlib.util
import json

import pytest

from core.errors import GapwiseError
from core.training.sweep import search
from core.training.sweep.plan import Plan, read_plan, write_plan
from core.training.sweep.search import propose
from tests.training.sweep.test_plan import plan


def play(made: Plan, trials: int) -> list[dict[str, object]]:
    """Go through a search whose score is best at lr 0.003 with adamw."""
    for _ in range(trials):
        values = propose(made)
        made.extend(values)
        for trial in made.trials[-max(1, len(made.seeds)) :]:
            off = abs(values["lr"] - 3e-3) / 1e-2 + 0.2 * (values["optimizer"] != "adamw")
            trial.state, trial.figures = "finished", {"f1": max(0.0, 1 - off)}
    return [t.values for t in made.trials]


def searched(**values: object) -> Plan:
    return plan("lr=1e-4..1e-2", "optimizer=sgd,adamw,lamb", search="optuna", trials=24, **values)


def test_a_search_that_was_broken_off_proposes_what_an_unbroken_one_would(tmp_path):
    whole = play(searched(), 16)
    broken = searched()
    play(broken, 7)
    write_plan(tmp_path, broken)
    assert play(read_plan(tmp_path), 9) == whole


def test_another_seed_of_the_recipe_gives_another_search():
    other = searched()
    other.recipe["seed"] = 1
    assert play(other, 3) != play(searched(), 3)


def test_what_was_learned_is_used():
    found = play(searched(), 24)
    early = [abs(v["lr"] - 3e-3) for v in found[:8]]
    late = [abs(v["lr"] - 3e-3) for v in found[-8:]]
    assert sum(late) < sum(early)
    assert sum(v["optimizer"] == "adamw" for v in found[-8:]) >= 5


def test_lists_are_searched_without_trying_anything_twice_until_all_is_tried():
    made = plan("scale=[0.8,1],[0.9,1]", "dropout=0,0.2,0.4", search="optuna", trials=6)
    for _ in range(made.total):
        made.extend(propose(made))
        made.trials[-1].state = "failed" if len(made.trials) == 2 else "finished"
        made.trials[-1].figures = {} if len(made.trials) == 2 else {"f1": 0.5}
    assert len({json.dumps(t.values) for t in made.trials}) == 6
    assert made.trials[0].values["scale"] in ([0.8, 1.0], [0.9, 1.0])


def test_numbers_stay_in_their_range_and_have_four_digits():
    made = plan("epochs=2..9", "dropout=0..0.5", search="optuna", trials=20)
    for _ in range(20):
        values = propose(made)
        assert 2 <= values["epochs"] <= 9
        assert isinstance(values["epochs"], int)
        assert 0 <= values["dropout"] <= 0.5
        assert float(f"{values['dropout']:.4g}") == values["dropout"]
        made.extend(values)
        made.trials[-1].state, made.trials[-1].figures = "finished", {"f1": 0.5}


def test_a_combination_is_judged_by_the_mean_of_its_seeds(monkeypatch):
    made = searched()
    made.seeds = [0, 1]
    made.extend({"lr": 1e-3, "optimizer": "sgd"})
    for trial, score in zip(made.trials, (0.2, 0.6), strict=True):
        trial.state, trial.figures = "finished", {"f1": score}
    assert search._outcomes(made) == [({"lr": 1e-3, "optimizer": "sgd"}, pytest.approx(0.4))]


def test_without_optuna_the_search_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(GapwiseError, match="requirements-extras.txt.*grid"):
        propose(searched())
