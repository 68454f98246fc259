"""The table of stages: what the editor says becomes stages."""

from __future__ import annotations

import pytest

from core.training.recipe import Recipe
from core.training.stages import Stage
from pages.ui.training_draft import stage_rows
from pages.ui.training_stages import edited_rows, rows_of, stages_of

REST = {"rand_augment": 0, "dropout": 0.0, "drop_path": 0.0, "weight_decay": 0.0}
FIRST = {"epochs": 2, "height": 32, "width": 32, **REST}
SECOND = {"epochs": 3, "height": 64, "width": 48, **REST, "dropout": 0.2}


def test_rows_and_stages_are_the_same_thing():
    stages = [{"epochs": 2, "size": 32, **REST}, {"epochs": 3, "size": [64, 48], **REST, "dropout": 0.2}]
    assert rows_of(stages) == [FIRST, SECOND]
    assert stages_of([FIRST, SECOND]) == stages


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [FIRST, SECOND]),
        ({"edited_rows": {"1": {"epochs": 5}}}, [FIRST, {**SECOND, "epochs": 5}]),
        ({"edited_rows": {0: {"height": 9}, 1: {"width": 7}}}, [{**FIRST, "height": 9}, {**SECOND, "width": 7}]),
    ],
)
def test_what_was_edited_is_applied_to_the_rows(changes, expected):
    assert edited_rows([FIRST, SECOND], changes) == expected


def test_the_rows_that_were_drawn_stay_as_they_are():
    rows = [dict(FIRST)]
    edited_rows(rows, {"edited_rows": {0: {"epochs": 9}}})
    assert rows == [FIRST]


def test_an_empty_field_takes_what_the_row_above_has():
    assert stages_of([SECOND, dict.fromkeys(FIRST)])[1] == stages_of([SECOND])[0]
    assert stages_of([{**FIRST, "width": None}])[0]["size"] == 32


def test_a_recipe_that_is_shortened_shows_what_its_stages_have_left():
    recipe = Recipe(model="m", stages=(Stage(epochs=10, size=32), Stage(epochs=10, size=64))).changed(epochs=4)
    assert [(row["epochs"], row["size"]) for row in stage_rows(recipe)] == [(2, 32), (2, 64)]
    assert [(row["epochs"], row["size"]) for row in stage_rows(Recipe(model="m", epochs=7, size=96))] == [(7, 96)]
