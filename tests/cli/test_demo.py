from __future__ import annotations

import json
import subprocess
import sys

import pytest

from core.__main__ import main
from core.workspace import PROJECT


def run(*arguments: str) -> int:
    return main(["demo", *arguments])


def test_demo_makes_a_workspace_once_and_then_leaves_it_as_it_is(tmp_path, capsys):
    where = tmp_path / "ws"
    assert run("--workspace", str(where), "--images", "5", "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert first == {"workspace": str(where), "images": 5, "made": True}
    assert run("--workspace", str(where), "--images", "8", "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"workspace": str(where), "images": 5, "made": False}
    assert "left as it is" in err


def test_without_json_it_says_where_the_demo_is(tmp_path, capsys):
    assert run("--workspace", str(tmp_path), "--images", "2", "--seed", "4") == 0
    assert capsys.readouterr().out == f"{tmp_path}: 2 street scenes\n"


def test_a_size_that_makes_no_sense_is_an_error_and_makes_nothing(tmp_path, capsys):
    assert run("--workspace", str(tmp_path / "ws"), "--images", "0") == 1
    assert "0 scenes" in capsys.readouterr().err
    assert not (tmp_path / "ws").exists()


def test_a_number_that_is_none_is_wrong_usage(tmp_path):
    with pytest.raises(SystemExit) as stop:
        run("--workspace", str(tmp_path), "--images", "many")
    assert stop.value.code == 2


def test_the_verb_is_registered_without_loading_what_draws():
    code = "import sys, core.cli.demo; print(sorted({'PIL', 'numpy', 'pandas', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
