"""`python -m core import` as a person and as a script use it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

import pandas as pd
import pytest

from core import __main__ as command_line
from core.cli import importing
from core.store import cells
from core.store.labels import rules as read_rules
from core.workspace import PROJECT, Workspace
from tests.importing.sets import HEADER, ROWS, RULE, images, table

FIVE = ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"]


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the verb in this process, the way `python -m core` does."""
    monkeypatch.setattr(command_line, "GROUPS", ("importing",))
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GAPWISE_WORKSPACE", raising=False)
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115 - pytest's own stdin must not be closed

    def verb(*arguments: object) -> int:
        return command_line.main(["import", *map(str, arguments)])

    return verb


@pytest.fixture
def given(tmp_path):
    """The five-row set: `--table` and `--images` of it."""
    images(tmp_path / "images", FIVE)
    return "--table", table(tmp_path / "t.csv", HEADER, *ROWS), "--images", tmp_path / "images"


def test_it_creates_the_workspace_and_imports(run, given, tmp_path, capsys):
    assert run(*given, "--rule", RULE, "--yes", "--workspace", tmp_path / "ws") == 0
    assert "5 images imported" in capsys.readouterr().out
    ws = Workspace.open(tmp_path / "ws")
    with ws.read() as connection:
        assert cells.load(connection).values.tolist()[1] == [0, -1, -1]
        assert read_rules(connection) == [RULE]
    assert all(ws.preview_path(i).is_file() for i in range(1, 6))


def test_without_yes_and_without_a_terminal_nothing_is_written(run, given, tmp_path, capsys):
    assert run(*given, "--workspace", tmp_path / "ws") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "--yes" in err
    assert "'mask': 0 2, 1 3" in err
    assert not (tmp_path / "ws").exists()


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("yes\n", 0), ("n\n", 1), ("", 1)])
def test_on_a_terminal_it_asks(run, given, tmp_path, monkeypatch, answer, status):
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert run(*given, "--workspace", tmp_path / "ws") == status
    assert (tmp_path / "ws").exists() == (status == 0)


def test_the_same_table_again_is_a_success_and_changes_nothing(run, given, tmp_path, capsys):
    options = (*given, "--yes", "--json", "--workspace", tmp_path / "ws")
    assert run(*options) == 0
    first = json.loads(capsys.readouterr().out)
    assert run(*options) == 0
    again = json.loads(capsys.readouterr().out)
    assert (first["changed"], first["images"], first["previews"]) == (True, 5, 5)
    assert (again["changed"], again["images"], again["known"], again["previews"]) == (False, 0, 5, 0)


def test_only_the_named_labels_come_in(run, given, tmp_path, capsys):
    assert run(*given, "--label", "mask", "--label", "5k", "--yes", "--json", "--workspace", tmp_path / "ws") == 0
    assert json.loads(capsys.readouterr().out)["new_labels"] == ["mask", "5k"]


def test_several_rules_hold_at_once(run, given, tmp_path):
    rules = ("--rule", RULE, "--rule", "5k implies mask")
    assert run(*given, *rules, "--yes", "--workspace", tmp_path / "ws") == 0
    with Workspace.open(tmp_path / "ws").read() as connection:
        assert read_rules(connection) == [RULE, "5k implies mask"]


def test_a_wrong_rule_is_shown_with_a_caret_and_nothing_is_written(run, given, tmp_path, capsys):
    assert run(*given, "--rule", "5k = mask adn distancing", "--yes", "--workspace", tmp_path / "ws") == 1
    lines = capsys.readouterr().err.splitlines()
    caret = next(i for i, line in enumerate(lines) if line.strip() == "^")
    assert lines[caret - 1][lines[caret].index("^") :].startswith("adn")
    assert not (tmp_path / "ws").exists()


def test_the_whole_report_goes_to_a_file_even_when_nothing_is_written(run, given, tmp_path):
    (tmp_path / "images" / "3.jpg").write_bytes(b"")
    assert run(*given, "--report", tmp_path / "r.csv", "--workspace", tmp_path / "ws") == 1
    report = pd.read_csv(tmp_path / "r.csv")
    assert report[["row", "file", "problem"]].to_numpy().tolist() == [[4, "3.jpg", "empty"]]


def test_folder_per_class_and_a_plain_folder_need_no_table(run, tmp_path, capsys):
    images(tmp_path / "set", ["cat/1.jpg", "dog/2.jpg", "3.jpg"])
    options = ("--images", tmp_path / "set", "--label", "species", "--yes", "--json")
    assert run(*options, "--workspace", tmp_path / "a") == 0
    assert json.loads(capsys.readouterr().out)["labels"] == [{"name": "species", "classes": ["cat", "dog"]}]
    images(tmp_path / "plain", FIVE)
    assert run("--images", tmp_path / "plain", "--yes", "--json", "--workspace", tmp_path / "b") == 0
    assert json.loads(capsys.readouterr().out)["labels"] == []
    again = ("--images", tmp_path / "plain", "--label", "hat=no,yes", "--yes", "--json", "--workspace", tmp_path / "b")
    assert run(*again) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["images"], result["new_labels"]) == (0, ["hat"])


def test_a_missing_token_can_be_named(run, tmp_path, capsys):
    images(tmp_path / "images", FIVE)
    lines = ["fname,k", "1.jpg,a", "2.jpg,b", "3.jpg,unsure", "4.jpg,a", "5.jpg,unsure"]
    options = ("--table", table(tmp_path / "t.csv", *lines), "--yes", "--json", "--missing", "unsure", "x")
    assert run(*options, "--workspace", tmp_path / "ws") == 0  # the images are found beside the table
    assert json.loads(capsys.readouterr().out)["labels"] == [{"name": "k", "classes": ["a", "b"]}]


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        ([], 2, "--table"),
        (["--table", "gone.csv", "--images", "."], 1, "no table"),
        (["--images", "gone"], 1, "no folder"),
    ],
)
def test_wrong_use_and_missing_files_differ_in_their_status(run, tmp_path, capsys, options, status, message):
    assert run(*options, "--yes", "--workspace", tmp_path / "ws") == status
    assert message in capsys.readouterr().err
    assert not (tmp_path / "ws").exists()


def test_a_table_of_which_nothing_can_be_used_makes_no_workspace(run, tmp_path, capsys):
    images(tmp_path / "images", ["x.jpg"])
    path = table(tmp_path / "t.csv", HEADER, *ROWS)
    assert run("--table", path, "--images", tmp_path / "images", "--yes", "--workspace", tmp_path / "ws") == 1
    assert "None of the 5 rows" in capsys.readouterr().err
    assert not (tmp_path / "ws").exists()


def test_the_demo_is_not_mixed_with_other_data_by_accident(run, given, tmp_path, capsys):
    demo = Workspace.create(tmp_path / "home" / "demo")
    demo.set_setting("demo", {"n": 5})
    assert run(*given, "--yes") == 1
    assert "--workspace" in capsys.readouterr().err


def test_registering_the_verb_imports_nothing_heavy():
    code = (
        "import argparse, sys; from core.cli import importing;"
        "importing.register(argparse.ArgumentParser().add_subparsers());"
        "print([m for m in ('torch', 'pandas', 'PIL', 'pyarrow', 'streamlit') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_help_names_every_option():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers()
    importing.register(verbs)
    text = verbs.choices["import"].format_help()
    for option in (
        "--table",
        "--images",
        "--label",
        "--rule",
        "--yes",
        "--filename",
        "--missing",
        "--report",
        "--json",
    ):
        assert option in text


def test_columns_without_any_value_are_said_to_be_no_labels_and_a_named_one_is_not(run, tmp_path, capsys):
    images(tmp_path / "images", FIVE)
    lines = [f"{HEADER},weather,indoors,place", *(f"{row},NA,?,{n % 2}" for n, row in enumerate(ROWS))]
    given = ("--table", table(tmp_path / "t.csv", *lines), "--images", tmp_path / "images")
    run(*given, "--workspace", tmp_path / "ws")
    told = capsys.readouterr().err
    assert "no label  weather, indoors: these columns have no value in any row, so nothing says which classes" in told
    run(*given, "--workspace", tmp_path / "ws", "--label", "mask", "--label", "weather=no,yes", "--missing", "?")
    assert "no label  indoors: this column has no value" in capsys.readouterr().err
