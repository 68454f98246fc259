"""Recipes are checked in full, and survive being written and read."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import GapwiseError
from core.training.recipe import Recipe, parse_recipe


def test_every_wrong_setting_is_named_at_once():
    with pytest.raises(GapwiseError) as caught:
        parse_recipe({"lr": -1, "epochs": "many", "lerning_rate": 1}, "The recipe x.toml")
    text = str(caught.value)
    for part in ("The recipe x.toml", "model: is missing", "lr: ", "got -1", "epochs: ", "lerning_rate: is no setting"):
        assert part in text


@pytest.mark.parametrize(
    "values",
    [{"size": 4}, {"size": [64, 64, 64]}, {"scale": [0.9, 0.5]}, {"scale": [0.0, 1.0]}, {"ratio": [2.0, 1.0]},
     {"lr": float("nan")}, {"epochs": 0}, {"dropout": 1.0}, {"schedule": "wild"}, {"model": ""}],
)  # fmt: skip
def test_settings_out_of_bounds_are_refused(values):
    with pytest.raises(GapwiseError):
        parse_recipe({"model": "resnet18", **values}, "The recipe")


def test_pixels_are_height_and_width():
    assert Recipe(model="m", size=96).pixels == (96, 96)
    assert Recipe(model="m", size=(96, 160)).pixels == (96, 160)


def test_changed_ignores_none_and_checks_the_rest():
    recipe = Recipe(model="m", epochs=5)
    assert recipe.changed(epochs=None, seed=3) == Recipe(model="m", epochs=5, seed=3)
    with pytest.raises(GapwiseError, match="batch_size"):
        recipe.changed(batch_size=0)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.floats(1e-9, 10), st.booleans())
def test_what_is_written_is_read_back(name, lr, balance):
    recipe = Recipe(model=name, title=name, lr=lr, balance=balance, size=(64, 32))
    assert parse_recipe(tomllib.loads(recipe.to_toml()), "x") == recipe
