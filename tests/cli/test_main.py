from __future__ import annotations

import subprocess
import sys

import pytest

from core.__main__ import main, parser
from core.workspace import PROJECT

VERBS = ("demo", "import", "missing", "derive", "train", "predict", "queue", "decide", "maps", "export", "jobs")


def shell(*arguments, **more):
    command = [sys.executable, "-m", "core", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60, **more)


def test_the_help_names_every_verb():
    done = shell("--help")
    assert done.returncode == 0
    for verb in VERBS:
        assert f"    {verb} " in done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_takes_a_workspace(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        parser().parse_args([verb, "--help"])
    assert stop.value.code == 0
    assert "--workspace DIR" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["missing", "--nonsense"]])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: python -m core" in capsys.readouterr().err


def test_a_failure_exits_with_1_and_a_sentence_on_standard_error(tmp_path):
    done = shell("missing", "--json", "--workspace", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: There is no workspace in")
    assert "Traceback" not in done.stderr


def test_what_the_system_refuses_is_no_traceback(capsys):
    assert main(["missing", "--workspace", "x" * 5000]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_a_reader_that_goes_away_is_no_traceback(five_k):
    """The JSON is shorter than a pipe's buffer: it used to fail at exit, with status 120."""
    command = [sys.executable, "-m", "core", "missing", "--json", "--workspace", str(five_k.root)]
    done = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    done.stdout.close()
    errors = done.stderr.read()
    done.stderr.close()
    assert done.wait(60) == 1
    assert errors == b""


@pytest.mark.parametrize(
    "option", ["--workspace", "--table", "--images", "--label", "--rule", "--filename", "--missing"]
)
def test_bytes_that_are_no_text_are_wrong_usage(option, tmp_path, capsys):
    # They went as far as the database, which ended in a traceback after half of the work.
    with pytest.raises(SystemExit) as stop:
        main(["import", "--workspace", str(tmp_path / "ws"), "--images", str(tmp_path), option, "a\udcff", "--yes"])
    assert stop.value.code == 2
    assert "not valid UTF-8" in capsys.readouterr().err
    assert not (tmp_path / "ws").exists()
