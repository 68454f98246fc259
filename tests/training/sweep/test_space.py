"""Values as people type them, and the combinations they make."""

from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.training.recipe import Recipe
from core.training.settings import applied
from core.training.stages import Progressive
from core.training.sweep.space import (
    MAX_TRIALS,
    Range,
    Setting,
    count,
    fitted,
    grid,
    names,
    parse_setting,
    typed,
    typed_table,
)
from tests import tiny

RECIPE = tiny.recipe()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("dropout=0,0.2,.5", (0.0, 0.2, 0.5)),
        ("weight-decay = 0.01 , 0.1", (0.01, 0.1)),
        ("scale=[0.8,1],[0.9, 1.0]", ([0.8, 1.0], [0.9, 1.0])),
        ("size=64,[64,96],64x128", (64, [64, 96], [64, 128])),
        ("optimizer=sgd,'adamw',\"lamb\"", ("sgd", "adamw", "lamb")),
        ("balance=true,false", (True, False)),
        ("weights=../a,b.pth,'with, comma'", ("../a", "b.pth", "with, comma")),
        ("epochs=3", (3,)),
    ],
)
def test_values_are_cut_at_commas_outside_brackets_and_quotes(text, values):
    found = parse_setting(text, RECIPE)
    assert found.values == values
    assert parse_setting(str(found), RECIPE) == found


def test_tables_are_values_too_and_a_recipe_can_be_tried_without_its_own():
    found = parse_setting("progressive=none,{stages=2,size=16}", RECIPE)
    assert found.values[0] is None
    assert found.values[1]["stages"] == 2
    assert parse_setting(str(found), RECIPE) == found
    stages = parse_setting("stages=[],[{epochs=1,size=16},{epochs=4,size=24,dropout=0.5}]", RECIPE)
    assert [len(v) for v in stages.values] == [0, 2]
    # The last stage is what the recipe is, as in a file.
    recipe = applied(RECIPE, {"stages": stages.values[1]})
    assert (recipe.size, recipe.epochs, recipe.dropout) == (24, 5, 0.5)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("lr=1e-4..1e-2", Range(1e-4, 1e-2, log=True, whole=False)),
        ("lr=1e-3..5e-3", Range(1e-3, 5e-3, log=False, whole=False)),
        ("dropout=0..0.5", Range(0.0, 0.5, log=False, whole=False)),
        ("epochs=2..9", Range(2, 9, log=False, whole=True)),
        ("batch_size=8..80", Range(8, 80, log=True, whole=True)),
    ],
)
def test_two_numbers_with_dots_between_are_a_range_and_a_factor_of_ten_makes_it_logarithmic(text, span):
    found = parse_setting(text, RECIPE)
    assert found == Setting(found.name, range=span)
    assert parse_setting(str(found), RECIPE) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dropot=1", "no setting 'dropot'. Close ones: dropout"),
        ("dropout", "no equals sign"),
        ("dropout=", "empty value"),
        ("dropout=0,,1", "empty value"),
        ("scale=[0.8,1", "not closed"),
        ("dropout=2,0", "dropout can't be 2: .*less than 1"),
        ("dropout=0,0.0", "the value 0.0 twice"),
        ("dropout=[0,0.2]", "valid number.*separated by commas"),
        ("scale=0.8,1.0", "scale can't be 0.8.*tuple"),
        ("scale=0.1..0.4", "scale can't be 0.1"),
        ("dropout=0.4..0.1", "lower number first"),
        ("balance=0..1", "no single numbers"),
        ("title=a", "no training depends on it"),
        ("lr=nan", "finite"),
        ("progressive.size=16", "needs a recipe with a .progressive. table"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(text, message):
    with pytest.raises(GapwiseError, match=message):
        parse_setting(text, RECIPE)


def test_every_setting_of_a_recipe_can_be_swept():
    recipe = tiny.recipe(progressive=Progressive(size=16))
    assert set(names()) >= set(Recipe.model_fields) - {"title", "source"}
    for name in names():
        value = recipe.model_dump(mode="json")
        for part in name.split("."):
            value = value[part]
        assert parse_setting(str(Setting(name, (value,))), recipe).values == (value,)


def test_a_stages_start_is_changed_without_the_rest_of_its_table():
    recipe = tiny.recipe(progressive=Progressive(size=16, dropout=0.1))
    changed = applied(recipe, {"progressive.stages": 2})
    assert changed.progressive == Progressive(size=16, dropout=0.1, stages=2)


def test_single_values_are_brought_in_first_and_together():
    texts = ["progressive.stages=2,3", "progressive={size=16}", "stages=[]"]
    found = fitted([typed(text) for text in texts], tiny.recipe(stages=({"epochs": 1, "size": 24},)))
    assert found[0].values == (2, 3)
    with pytest.raises(GapwiseError, match="dropout can't be 2"):
        fitted([typed("dropout=2"), typed("lr=0.1,0.2")], RECIPE)


def test_a_plan_files_table_takes_lists_single_values_and_ranges():
    table = {"dropout": [0, 0.2], "epochs": 3, "lr": "1e-4..1e-2", "progressive": {"size": [16, 24]}}
    found = fitted(typed_table(table), tiny.recipe(progressive=Progressive(size=16)))
    assert [str(s) for s in found] == ["dropout=0.0,0.2", "epochs=3", "lr=0.0001..0.01", "progressive.size=16,24"]
    with pytest.raises(GapwiseError, match="has no values"):
        fitted(typed_table({"dropout": []}), RECIPE)


def test_a_grid_has_every_combination_once_and_the_last_setting_changes_fastest():
    settings = [Setting("dropout", (0.0, 0.2)), Setting("lr", (1, 2, 3))]
    found = [(v["dropout"], v["lr"]) for v in grid(settings)]
    assert found == [(0.0, 1), (0.0, 2), (0.0, 3), (0.2, 1), (0.2, 2), (0.2, 3)]
    assert count(settings) == 6
    assert MAX_TRIALS == 500
