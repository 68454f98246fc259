"""`recipes`."""

from __future__ import annotations

import json
import tomllib

import pytest

from core.__main__ import main
from core.training.library import list_recipes, load_recipe, own_folder
from core.training.recipe import parse_recipe


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path / "home"))

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(["recipes", *arguments])
        return status, *capsys.readouterr()

    return call


def test_all_recipes_are_listed_also_those_that_can_not_be_used(run):
    own_folder().mkdir(parents=True)
    (own_folder() / "broken.toml").write_text("model = \n")
    status, out, _ = run()
    assert status == 0
    assert len(out.splitlines()) == len(list_recipes()) + 1
    assert "own  can't be used" in out
    listed = {e["name"]: e for e in json.loads(run("--json")[1])}
    assert listed["quick-cpu"]["settings"]["epochs"] == load_recipe("quick-cpu").epochs
    assert (listed["broken"]["own"], listed["broken"]["settings"]) == (True, None)


def test_a_recipe_is_shown_as_toml_that_gives_it_again(run):
    status, out, _ = run("show", "progressive")
    assert status == 0
    assert parse_recipe(tomllib.loads(out), "x") == load_recipe("progressive")
    for arguments in (("show", "quick-cpu", "--json"), ("--json", "show", "quick-cpu")):
        assert json.loads(run(*arguments)[1])["epochs"] == load_recipe("quick-cpu").epochs


def test_a_recipe_with_changes_is_stored_and_deleted(run):
    status, out, _ = run("save", "mine", "--recipe", "quick-cpu", "--epochs", "3", "--set", "optimizer=sgd")
    assert (status, out.strip()) == (0, str(own_folder() / "mine.toml"))
    mine = load_recipe("mine")
    assert (mine.epochs, mine.optimizer, mine.title, mine.source) == (3, "sgd", "mine", "Your own, made from quick-cpu")
    status, _, err = run("save", "mine", "--recipe", "mine", "--seed", "5")
    assert status == 1
    assert "already" in err
    assert run("save", "mine", "--recipe", "mine", "--seed", "5", "--set", "title=Mine", "--overwrite")[0] == 0
    assert (load_recipe("mine").seed, load_recipe("mine").epochs, load_recipe("mine").title) == (5, 3, "Mine")
    assert run("delete", "mine")[0] == 0
    assert run("delete", "mine")[0] == 1
    assert run("delete", "quick-cpu")[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [("show", "none"), ("save", "a/b", "--recipe", "quick-cpu"), ("save", "x", "--recipe", "none"),
     ("save", "x", "--recipe", "quick-cpu", "--set", "lr=-1")],
)  # fmt: skip
def test_what_does_not_fit_is_told(run, arguments):
    status, out, err = run(*arguments)
    assert (status, out) == (1, "")
    assert err.startswith("error: ")
    assert "Traceback" not in err
