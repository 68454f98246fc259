"""Plans: what is refused before anything starts, what is kept, and which trial is best."""

from __future__ import annotations

import json

import pytest

from core.errors import GapwiseError
from core.training.sweep.plan import FILE, Plan, leaders, make_plan, read_plan, write_plan
from core.training.sweep.space import parse_setting
from tests import tiny

RECIPE = tiny.recipe()


def plan(*sets: str, **values: object) -> Plan:
    settings = [parse_setting(text, RECIPE) for text in sets]
    return make_plan("bright", "tiny", RECIPE, settings, sources=("given",), **values)


def finish(made: Plan, scores: list[float]) -> Plan:
    for trial, score in zip(made.trials, scores, strict=True):
        trial.state, trial.figures = "finished", {"f1": score, "accuracy": 1 - score}
    return made


def test_a_grid_is_all_there_from_the_start_and_single_values_hold_for_all():
    made = plan("dropout=0,0.2", "epochs=7", "lr=1e-3,1e-2")
    assert made.total == len(made.trials) == 4
    assert made.changes == {"epochs": 7}
    assert (
        made.recipe_of(made.trials[3].values).model_dump() == tiny.recipe(epochs=7, dropout=0.2, lr=0.01).model_dump()
    )
    assert [t.number for t in made.trials] == [1, 2, 3, 4]


def test_seeds_repeat_every_combination_and_one_seed_is_only_another_start():
    made = plan("dropout=0,0.2", "seed=3,4")
    assert [(t.values["dropout"], t.values["seed"]) for t in made.trials] == [(0, 3), (0, 4), (0.2, 3), (0.2, 4)]
    single = plan("dropout=0,0.2", "seed=9")
    assert single.base().seed == 9
    assert [t.values for t in single.trials] == [{"dropout": 0.0}, {"dropout": 0.2}]
    assert plan("seed=0,1,2").total == 3


@pytest.mark.parametrize(
    ("sets", "values", "message"),
    [
        (["dropout=0"], {}, "nothing to compare"),
        (["dropout=0", "dropout=0.1"], {}, "dropout is given twice"),
        (["lr=1e-3..1e-2"], {}, "no end of values"),
        (["seed=1..9"], {"search": "optuna"}, "list the seeds"),
        (["dropout=0,0.1"], {"trials": 5}, "a grid tries every combination"),
        (["dropout=0,0.1"], {"search": "optuna", "trials": 0}, "at least 1"),
        (["seed=0,1"], {"search": "optuna"}, "nothing to search"),
        (["seed=" + ",".join(map(str, range(30))), "epochs=" + ",".join(map(str, range(1, 18)))], {}, "has 510 trials"),
        (["lr=1e-3..1e-2"], {"search": "optuna", "trials": 501}, "has 501 trials"),
        (["progressive=none,{size=16}", "stages=[],[{epochs=2,size=16}]"], {}, "both stages and progressive"),
    ],
)  # fmt: skip
def test_what_can_not_be_done_is_refused_before_anything_starts(sets, values, message):
    with pytest.raises(GapwiseError, match=message):
        plan(*sets, **values)


def test_optuna_tries_no_more_than_there_is_and_proposes_as_it_goes():
    assert plan("dropout=0,0.1", "lr=1e-3,1e-2", search="optuna", trials=50).total == 4
    ranged = plan("lr=1e-4..1e-2", "seed=0,1", search="optuna", trials=5)
    assert (ranged.total, ranged.trials) == (10, [])


def test_a_stored_plan_comes_back_as_it_was(tmp_path):
    made = finish(plan("scale=[0.8,1],[0.9,1]", "seed=0,1", "epochs=2"), [0.1, 0.2, 0.3, 0.4])
    write_plan(tmp_path, made)
    assert read_plan(tmp_path) == made
    searched = plan("lr=1e-4..1e-2", "optimizer=sgd,adamw", search="optuna", trials=3)
    write_plan(tmp_path, searched)
    assert read_plan(tmp_path) == searched
    assert json.loads((tmp_path / FILE).read_text())["proposals"] == 3


def test_a_missing_plan_is_none_and_a_broken_one_is_told(tmp_path):
    assert read_plan(tmp_path) is None
    for content in ("{", "[]", '{"label": "x"}', '{"settings": [{}], "trials": []}'):
        (tmp_path / FILE).write_text(content)
        with pytest.raises(GapwiseError, match="can't be read"):
            read_plan(tmp_path)


def test_the_best_trial_is_of_the_combination_whose_seeds_did_best_together():
    made = finish(plan("dropout=0,0.2,0.4", "seed=0,1"), [0.9, 0.1, 0.6, 0.7, 0.2, 0.2])
    assert [t.number for t in leaders(made)] == [4]
    by_accuracy = finish(plan("dropout=0,0.2,0.4", objective="accuracy"), [0.9, 0.2, 0.2])
    assert [t.number for t in leaders(by_accuracy)] == [2, 3]


def test_failed_and_waiting_trials_are_never_the_best():
    made = finish(plan("dropout=0,0.2"), [0.4, 0.9])
    made.trials[1].state = "failed"
    assert [t.number for t in leaders(made)] == [1]
    assert leaders(plan("dropout=0,0.2")) == []
