"""Shipped recipes and people's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import GapwiseError
from core.training import library
from core.training.library import delete_recipe, entries, list_recipes, load_recipe, own_folder, save_recipe
from core.training.recipe import Recipe

MINE = Recipe(model="resnet18", epochs=2, scale=(0.9, 1.0), stages=({"epochs": 2, "size": 32, "dropout": 0.1},))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_shipped_recipes_can_be_read_and_name_their_source():
    found = entries()
    assert {"quick-cpu", "5k-v2b3"} <= {e.name for e in found}
    assert all(e.recipe.title and e.recipe.source and not e.own for e in found)


def test_an_unknown_recipe_names_those_there_are(tmp_path: Path):
    with pytest.raises(GapwiseError, match="no recipe 'quikc'.*5k-v2b3.*quick-cpu"):
        load_recipe("quikc")
    with pytest.raises(GapwiseError, match="no recipe"):
        load_recipe(str(tmp_path / "none.toml"))


def test_what_is_saved_is_listed_behind_the_shipped_ones_and_loaded_by_name(home: Path):
    path = save_recipe("my.first_recipe-1", MINE)
    assert path == home / "recipes" / "my.first_recipe-1.toml"
    assert load_recipe("my.first_recipe-1") == MINE
    last = entries()[-1]
    assert (last.name, last.own, last.recipe, last.problem) == ("my.first_recipe-1", True, MINE, "")
    assert os.listdir(path.parent) == ["my.first_recipe-1.toml"]  # no half-written file stays behind


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "a/b", "../a", "..", ".hidden", "-x", "a" * 61, "ünder", "a\n", "a\x00", "a.toml", "a.TOML"],
)
def test_a_name_that_is_no_plain_file_name_is_refused(name, home: Path):
    with pytest.raises(GapwiseError, match="can't be called"):
        save_recipe(name, MINE)
    assert not home.exists()


def test_a_name_may_have_sixty_characters():
    assert save_recipe("a" * 60, MINE).is_file()


@pytest.mark.parametrize("name", ["quick-cpu", "Quick-CPU"])
def test_a_shipped_recipe_is_never_replaced(name):
    with pytest.raises(GapwiseError, match="comes with Gapwise"):
        save_recipe(name, MINE, overwrite=True)


def test_ones_own_recipe_is_replaced_only_on_request():
    save_recipe("mine", MINE)
    with pytest.raises(GapwiseError, match="already"):
        save_recipe("mine", MINE.changed(seed=5))
    assert load_recipe("mine") == MINE
    save_recipe("mine", MINE.changed(seed=5), overwrite=True)
    assert load_recipe("mine").seed == 5


def test_names_that_differ_in_capitals_only_are_one():
    save_recipe("Mine", Recipe(model="m"))
    with pytest.raises(GapwiseError, match="Mine"):
        save_recipe("mine", Recipe(model="m"), overwrite=True)
    save_recipe("Mine", Recipe(model="m"), overwrite=True)


def test_only_ones_own_recipes_can_be_deleted():
    save_recipe("mine", MINE)
    delete_recipe("mine")
    assert "mine" not in list_recipes()
    with pytest.raises(GapwiseError, match="stays"):
        delete_recipe("quick-cpu")
    with pytest.raises(GapwiseError, match="no recipe of your own"):
        delete_recipe("../../mine")
    assert "quick-cpu" in list_recipes()


def test_one_broken_file_is_listed_with_its_problem_and_takes_nothing_else_down(home: Path):
    save_recipe("good", MINE)
    folder = own_folder()
    (folder / "broken.toml").write_text("model = \n")
    (folder / "wrong.toml").write_text('model = "m"\nepochs = 0\n')
    (folder / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (folder / "folder.toml").mkdir()
    (folder / "large.toml").write_text("#" * 1_000_001)
    (folder / "quick-cpu.toml").write_text('model = "m"\n')
    (folder / ".half.toml.7.part").write_text("")
    (folder / ".hidden.toml").write_text("")
    problems = {e.name: e.problem for e in entries() if e.own}
    assert problems.pop("good") == ""
    for name, part in {
        "broken": "line 1", "wrong": "epochs", "binary": "can't be read", "folder": "no file", "large": "1,000,000",
        "quick-cpu": "Rename",
    }.items():  # fmt: skip
        assert part in problems.pop(name)
    assert problems == {}
    assert set(list_recipes()) >= {"quick-cpu", "good"}
    assert load_recipe("quick-cpu").model != "m"
    with pytest.raises(GapwiseError, match="line 1"):
        load_recipe("broken")


def test_a_pipe_among_the_recipes_is_not_waited_for():
    own_folder().mkdir(parents=True)
    os.mkfifo(own_folder() / "pipe.toml")
    assert "no file" in entries()[-1].problem


def test_a_broken_recipe_can_be_deleted_or_replaced():
    own_folder().mkdir(parents=True)
    (own_folder() / "broken.toml").write_text("model = \n")
    save_recipe("broken", MINE, overwrite=True)
    assert load_recipe("broken") == MINE
    (own_folder() / "broken.toml").write_text("model = \n")
    delete_recipe("broken")
    assert not any(e.own for e in entries())


def test_a_file_name_that_is_no_text_can_be_shown(home: Path):
    own_folder().mkdir(parents=True)
    (own_folder() / os.fsdecode(b"caf\xe9.toml")).write_text("model = \n")
    entry = entries()[-1]
    assert (entry.name + entry.problem).encode()
    delete_recipe(entry.name)
    assert not list(own_folder().iterdir())


def test_a_recipe_file_may_lie_anywhere(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text('model = "resnet18"\nepochs = 2\n')
    assert load_recipe(str(path)) == Recipe(model="resnet18", epochs=2)
    path.write_text("model = \n")
    with pytest.raises(GapwiseError, match="line 1"):
        load_recipe(str(path))


def test_a_folder_that_cannot_be_written_is_told(home: Path):
    home.mkdir()
    (home / "recipes").write_text("a file where the folder should be")
    with pytest.raises(GapwiseError, match="can't be written"):
        save_recipe("mine", MINE)
    assert not any(e.own for e in entries())


def test_only_the_recipes_of_the_project_count_as_shipped():
    save_recipe("mine", MINE)
    assert library.is_shipped("quick-cpu")
    assert not library.is_shipped("mine")
    assert not library.is_shipped(str(library.RECIPES / "quick-cpu.toml"))
