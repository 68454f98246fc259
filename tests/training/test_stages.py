"""Progressive learning: which epoch has which picture size and regularization. Figures of section 4 typed by hand."""

from __future__ import annotations

import tomllib

import pytest

from core.errors import GapwiseError
from core.training.recipe import parse_recipe
from core.training.stages import boundaries

FASHION = [
    {"epochs": 20, "size": 28, "rand_augment": 5, "dropout": 0.2},
    {"epochs": 30, "size": 50, "rand_augment": 10, "dropout": 0.3, "drop_path": 0.1, "weight_decay": 3e-4},
    {"epochs": 50, "size": 80, "rand_augment": 20, "dropout": 0.4, "drop_path": 0.2, "weight_decay": 3e-3},
]


def staged(**values: object):
    return parse_recipe({"model": "tf_efficientnetv2_s", "stages": FASHION, **values}, "It")


def test_written_stages_hold_in_their_epochs_and_the_last_one_is_the_recipe_as_a_whole():
    recipe = staged()
    assert (recipe.epochs, recipe.size, recipe.rand_augment, recipe.weight_decay) == (100, 80, 20, 3e-3)
    sizes = [recipe.at(epoch).size for epoch in (0, 19, 20, 49, 50, 99)]
    assert sizes == [28, 28, 50, 50, 80, 80]
    assert [(first, r.drop_path) for first, r in recipe.phases] == [(0, 0.0), (20, 0.1), (50, 0.2)]


def test_a_shortened_run_shares_its_epochs_out_in_proportion_and_never_loses_the_last_stage():
    assert boundaries([20, 30, 50], 10) == [0, 2, 5]
    assert boundaries([20, 30, 50], 1) == [0, 0, 0]
    assert [r.size for _, r in staged(epochs=1).phases] == [80]
    assert [(first, r.size) for first, r in staged(epochs=2).phases] == [(0, 50), (1, 80)]


def test_another_size_scales_the_sizes_of_all_stages():
    assert [r.size for _, r in staged(size=40).phases] == [14, 25, 40]
    assert [r.size for _, r in staged(size=(80, 40)).phases] == [(28, 14), (50, 25), (80, 40)]


def test_progressive_learning_goes_from_its_start_to_the_recipes_own_values_in_equal_steps():
    recipe = parse_recipe(
        {"model": "x", "epochs": 8, "size": 300, "rand_augment": 15, "dropout": 0.3, "weight_decay": 0.04,
         "progressive": {"stages": 4, "size": 120, "rand_augment": 3, "dropout": 0.0, "weight_decay": 0.01}},
        "It",
    )  # fmt: skip
    assert [first for first, _ in recipe.phases] == [0, 2, 4, 6]
    assert [r.size for _, r in recipe.phases] == [120, 180, 240, 300]
    assert [r.rand_augment for _, r in recipe.phases] == [3, 7, 11, 15]
    assert [r.dropout for _, r in recipe.phases] == pytest.approx([0, 0.1, 0.2, 0.3])
    assert [r.weight_decay for _, r in recipe.phases] == pytest.approx([0.01, 0.02, 0.03, 0.04])


def test_stages_survive_the_way_through_a_toml_file():
    for recipe in (staged(size=(40, 60)), parse_recipe({"model": "x", "progressive": {"size": [100, 50]}}, "It")):
        assert parse_recipe(tomllib.loads(recipe.to_toml()), "It") == recipe


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"stages": [{"epochs": 1, "size": 3}]}, "stage 1, size: "),
        ({"stages": [{"epochs": 1, "sizes": 30}]}, "stage 1, sizes: is no setting here"),
        ({"stages": 3}, "stages: "),
        ({"stages": FASHION, "progressive": {"size": 30}}, "both stages and progressive"),
        ({"progressive": {"size": 30, "stages": 1}}, "progressive.stages: "),
    ],
)
def test_wrong_stages_are_refused_by_name(values, told):
    with pytest.raises(GapwiseError, match="settings that don't fit") as error:
        parse_recipe({"model": "x", **values}, "It")
    assert told in str(error.value)
