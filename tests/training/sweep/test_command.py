"""What is asked for, from the shell or the page, and the command line that it becomes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core import jobs
from core.__main__ import parser
from core.cli.sweep import _asked
from core.errors import GapwiseError
from core.jobs import process
from core.training.sweep.command import Asked, start
from core.training.sweep.plan import read_plan
from core.training.train import TRUSTED
from tests import tiny


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.recipe().to_toml())
    return str(path)


def test_the_command_line_asks_for_the_same_again(recipe_file, tmp_path):
    weights = tmp_path / "w, 1.safetensors"
    weights.touch()
    sets = ("dropout=0,0.2", "scale=[0.8,1],[0.9,1]", f'weights="{weights}",random', "seed=0,1")
    for asked in (
        Asked("bright", recipe_file, sets),
        Asked("--job", recipe_file, ("lr=1e-4..1e-2",), None, "optuna", 7, "accuracy", False, True),
    ):
        parsed = parser().parse_args(asked.command())
        assert _asked(parsed).plan() == asked.plan()
        assert _asked(parsed).command() == asked.command()


def test_trials_learn_from_the_same_sources_as_a_training(recipe_file):
    asked = Asked("bright", recipe_file, ("dropout=0,0.2",))
    assert asked.plan().sources == list(TRUSTED)
    assert replace(asked, pseudo=True).plan().sources == [*TRUSTED, "pseudo"]


def test_paths_hold_from_any_folder(recipe_file, tmp_path, monkeypatch):
    (tmp_path / "w.pth").touch()
    monkeypatch.chdir(tmp_path)
    asked = Asked("bright", "tiny.toml", ("weights=w.pth,random",))
    assert f"--recipe={recipe_file}" in asked.command()
    assert f'--set=weights="{tmp_path}/w.pth","random"' in asked.command()
    assert asked.plan().settings[0].values == (f"{tmp_path}/w.pth", "random")
    with pytest.raises(GapwiseError, match="no weights file"):
        Asked("bright", "tiny.toml", ("weights=x.pth,random",)).plan()


def test_a_plan_file_is_a_recipe_with_a_table_or_the_table_alone(recipe_file, tmp_path):
    table = '\n[sweep]\ndropout = [0, 0.2]\nlr = "1e-4..1e-2"\nseed = [1, 2]\n'
    whole, alone = tmp_path / "whole.toml", tmp_path / "alone.toml"
    whole.write_text(tiny.recipe(epochs=9).to_toml() + table)
    alone.write_text(table)
    one = Asked("bright", None, (), str(whole), "optuna").plan()
    two = Asked("bright", recipe_file, ("epochs=9",), str(alone), "optuna").plan()
    assert (one.recipe_name, two.recipe_name) == ("whole", "tiny")
    assert (one.settings, one.seeds, one.recipe) == (two.settings, two.seeds, two.recipe)
    for asked, message in (
        (Asked("bright", recipe_file, (), str(whole)), "recipe of its own"),
        (Asked("bright", None, ("dropout=0,1",), recipe_file), "no .sweep. table"),
        (Asked("bright", None, (), str(tmp_path / "no.toml")), "can't be read"),
        (Asked("bright", None, ("dropout=0,0.1",)), "needs a recipe"),
    ):
        with pytest.raises(GapwiseError, match=message):
            asked.plan()


def test_the_plan_lies_there_before_the_process_begins(ws, recipe_file, monkeypatch):
    seen = []

    def spawn(arguments, log):
        seen.append(read_plan(log.parent).total)
        return 2**22 + 1

    monkeypatch.setattr(process, "spawn", spawn)
    job_id = start(ws, Asked("bright", recipe_file, ("dropout=0,0.2,0.4",)))
    assert seen == [3]
    assert jobs.get_job(ws, job_id).kind == "sweep"
    with pytest.raises(GapwiseError, match="no label 'brihgt'"):
        start(ws, Asked("brihgt", recipe_file, ("dropout=0,0.2",)))
    assert len(jobs.list_jobs(ws)) == 1
