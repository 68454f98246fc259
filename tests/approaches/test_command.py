"""The command line of a comparison."""

from __future__ import annotations

import pytest

from core import jobs
from core.__main__ import main, parser
from core.approaches.command import Asked, read_names, spelled_names, start
from core.approaches.plan import read_plan, read_snapshot
from core.errors import GapwiseError
from core.jobs import process
from tests import tiny


@pytest.mark.parametrize("names", [(), ("mask",), ("mask", "5k"), ("a,b", "c\\d", "e\\,f"), ("Größe", " x ")])
def test_names_are_read_as_they_were_spelled(names):
    assert read_names(spelled_names(names)) == names


def test_a_command_is_understood_by_the_command_line():
    asked = Asked("quick-cpu", {"epochs": 3}, ("mask", "a,b"), (0, 5), 0.9)
    args = parser().parse_args(asked.command())
    assert (args.order, args.seeds, args.precision, args.epochs) == (("mask", "a,b"), (0, 5), 0.9, 3)


def test_the_table_lies_there_before_the_process_begins(ws, monkeypatch):
    spawned = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: spawned.append(arguments) or 2**22 + 1)
    job_id = start(ws, Asked("quick-cpu", {"epochs": 2}, seeds=(4,)))
    plan = read_plan(ws.job_dir(job_id))
    assert plan.recipe_of(4).epochs == 2
    assert plan.recipe_of(4).seed == 4
    assert read_snapshot(ws.job_dir(job_id)).truth.shape == (120, 2)
    assert spawned[0][0] == "compare"
    with pytest.raises(GapwiseError, match="no recipe"):
        start(ws, Asked("nosuch"))
    assert len(jobs.list_jobs(ws)) == 1


def test_from_the_shell(ws, tmp_path, capsys):
    recipe = tmp_path / "mine.toml"
    recipe.write_text(tiny.recipe(epochs=2).to_toml())
    where = ["--workspace", str(ws.root)]
    assert main(["compare", *where, "--recipe", str(recipe), "--seeds", "0", "--order", "bright"]) == 0
    shown = capsys.readouterr().out
    assert "Drop rows with a gap (seeds 0;" in shown
    assert "bright: accuracy" in shown
    job_id = jobs.list_jobs(ws)[0].id
    assert main(["compare", *where, "--show", str(job_id), "--json"]) == 0
    assert '"approaches"' in capsys.readouterr().out


def test_wrong_wishes_from_the_shell(ws, capsys):
    where = ["compare", "--workspace", str(ws.root)]
    for options, words in (
        (["--recipe", "quick-cpu", "--seeds", "a"], "expected whole numbers"),
        (["--recipe", "quick-cpu", "--seed", "3"], "give --seeds"),
        ([], "--recipe"),
    ):
        with pytest.raises(SystemExit):
            main([*where, *options])
        assert words in capsys.readouterr().err
    assert main([*where, "--recipe", "quick-cpu", "--order", "nose"]) == 1
    assert "no label 'nose'" in capsys.readouterr().err
    assert main([*where, "--show", "1"]) == 1
    assert jobs.list_jobs(ws) == []
