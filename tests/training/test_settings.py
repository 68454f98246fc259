"""Settings as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import GapwiseError
from core.training.recipe import Recipe
from core.training.settings import applied, checked_name, differing, names, read_setting, read_value, spelled
from core.training.stages import Progressive, Stage

PLAIN = Recipe(model="m")
STAGED = Recipe(model="m", stages=(Stage(epochs=2, size=32), Stage(epochs=3, size=64, dropout=0.2)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lr=0.01", ("lr", 0.01)),
        ("lr = 1e-3", ("lr", 0.001)),
        ("batch-size=8", ("batch_size", 8)),
        ("optimizer=sgd", ("optimizer", "sgd")),
        ('optimizer="sgd"', ("optimizer", "sgd")),
        ("size=64x96", ("size", [64, 96])),
        ("size=[64, 96]", ("size", [64, 96])),
        ("balance=true", ("balance", True)),
        ("scale=[0.9, 1]", ("scale", [0.9, 1])),
        ("model=a=b", ("model", "a=b")),
        ("weights=/a folder/w.pth", ("weights", "/a folder/w.pth")),
        ("progressive=none", ("progressive", None)),
        ("progressive.size=32", ("progressive.size", 32)),
        ("stages=[{epochs = 2, size = 32}]", ("stages", [{"epochs": 2, "size": 32}])),
        ("title=", ("title", "")),
        ("title=1\nlr = 5", ("title", "1\nlr = 5")),
    ],
)
def test_a_setting_is_a_name_an_equals_sign_and_a_toml_value_or_a_word(text, expected):
    assert read_setting(text) == expected


def test_an_unknown_name_is_told_with_close_ones():
    with pytest.raises(GapwiseError, match="no setting 'dropuot'. Close ones: dropout"):
        read_setting("dropuot=1")
    with pytest.raises(GapwiseError, match="no setting 'zzz'. The settings are: title, "):
        read_setting("zzz=1")
    with pytest.raises(GapwiseError, match="'lr' is no setting: expected a name, an equals sign"):
        read_setting("lr")


def test_every_field_of_a_recipe_can_be_set():
    assert set(Recipe.model_fields) <= set(names())
    assert all(checked_name(n) == n for n in names())


_VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.from_regex(r"[a-z_]+", fullmatch=True), inner),
    max_leaves=6,
)  # fmt: skip


@given(_VALUES)
def test_what_is_spelled_is_read_back(value):
    assert read_value("title", spelled(value)) == value


def test_other_settings_stay_as_they_are():
    assert applied(PLAIN, {"lr": 0.5}) == Recipe(model="m", lr=0.5)
    with pytest.raises(GapwiseError, match="lr"):
        applied(PLAIN, {"lr": -1})


def test_new_stages_bring_their_last_ones_values_along():
    recipe = applied(Recipe(model="m", epochs=9, size=99, dropout=0.9), {"stages": [{"epochs": 4, "size": 48}]})
    assert (recipe.epochs, recipe.size, recipe.dropout) == (4, 48, 0.0)
    shorter = applied(PLAIN, {"stages": [{"epochs": 4, "size": 48}], "epochs": 2})
    assert (shorter.epochs, shorter.size) == (2, 48)


def test_a_start_is_changed_where_there_is_one():
    with pytest.raises(GapwiseError, match="progressive.size needs"):
        applied(PLAIN, {"progressive.size": 32})
    grown = applied(PLAIN, {"progressive": {"size": 64}, "progressive.size": 32})
    assert grown.progressive == Progressive(size=32)
    assert applied(grown, {"progressive": None}) == PLAIN


@pytest.mark.parametrize(
    ("base", "other", "expected"),
    [
        (PLAIN, PLAIN, {}),
        (PLAIN, Recipe(model="m", lr=0.5, size=(32, 48)), {"lr": 0.5, "size": [32, 48]}),
        (PLAIN, Recipe(model="m", progressive=Progressive(size=32)), {
            "progressive": {"stages": 4, "size": 32, "rand_augment": 0, "dropout": 0.0, "drop_path": 0.0,
                            "weight_decay": 0.0}}),
        (Recipe(model="m", progressive=Progressive(size=32)), PLAIN, {"progressive": None}),
        (STAGED, STAGED.changed(lr=0.5), {"lr": 0.5}),
        (STAGED, STAGED.changed(epochs=3), {"epochs": 3}),
    ],
)  # fmt: skip
def test_the_difference_is_what_was_changed(base, other, expected):
    assert differing(base, other) == expected


def test_of_stages_only_what_they_do_not_say_themselves_is_listed():
    assert list(differing(PLAIN, STAGED)) == ["stages"]
    shortened = STAGED.changed(epochs=2, dropout=0.0)
    assert {"stages", "epochs", "dropout"} <= set(differing(PLAIN, shortened))


RECIPES = [
    PLAIN, STAGED, STAGED.changed(epochs=2, dropout=0.0), STAGED.changed(size=(32, 48)),
    Recipe(model="m", progressive=Progressive(size=(16, 24), stages=2), epochs=3),
    Recipe(model="n", lr=0.5, scale=(0.5, 0.6), balance=True, title='a "b"\n'),
]  # fmt: skip


@pytest.mark.parametrize("base", RECIPES)
@pytest.mark.parametrize("other", RECIPES)
def test_the_difference_makes_one_recipe_of_another(base, other):
    assert applied(base, differing(base, other)) == other
