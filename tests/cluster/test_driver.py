"""What the driver on a cluster says, and how it is started there. Without a cluster."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from core.cluster import driver, ray_jobs
from core.cluster.driver import failure_text, waiting_text
from core.cluster.ray_jobs import entrypoint, runtime_env, told_error


@pytest.mark.parametrize(
    ("free", "total", "said"),
    [
        ({"CPU": 8, "GPU": 2}, {"CPU": 8, "GPU": 2}, "Starting 2 training processes on the cluster"),
        (
            {"CPU": 8},
            {"CPU": 8, "GPU": 2},
            "Waiting for the cluster: 2 training processes need 2 CPU cores and 2 GPUs, free are 8 CPU cores and"
            " 0 GPUs",
        ),
        (
            {"CPU": 1},
            {"CPU": 1},
            "Waiting for the cluster to grow: 2 training processes need 2 CPU cores and 2 GPUs, it has 1 CPU cores and"
            " 0 GPUs in all",
        ),
    ],
)
def test_waiting_says_what_is_needed_and_what_is_there(free, total, said):
    assert waiting_text(2, {"CPU": 2, "GPU": 2}, free, total) == said


class _WorkerGroupError(Exception):
    def __init__(self, failures: dict[int, Exception]) -> None:
        super().__init__("Training failed due to worker errors")
        self.worker_failures = failures


def test_a_process_own_words_are_told_before_what_ray_makes_of_them():
    failures = {
        0: RuntimeError("Connection closed by peer"),
        1: RuntimeError("Traceback ...\n  raise GapwiseError(\ncore.errors.GapwiseError: The disk is full. Free some."),
    }
    assert failure_text(_WorkerGroupError(failures), 2) == "The disk is full. Free some."


def test_a_dead_process_is_told_with_what_to_do():
    said = failure_text(_WorkerGroupError({1: RuntimeError("The actor died unexpectedly before finishing")}), 2)
    assert said.startswith("One of the 2 training processes on the cluster died")
    assert "Resume it" in said


def test_other_failures_are_told_with_their_last_line():
    assert failure_text(ValueError("first\nno such thing"), 2).startswith("The training on the cluster failed: no such")


def test_a_driver_that_does_not_see_the_workspace_says_so_where_the_job_hears_it(tmp_path, monkeypatch, capsys):
    words = ["--root", "/far/away", "--run", "1", "--folder", str(tmp_path / "none"), "--attempt", "1-a"]
    monkeypatch.setattr(sys, "argv", ["driver", *words, "--world", "2", "--gpus", "0", "--cpus", "1"])
    assert driver.main() == 1
    said = told_error("some line\n" + capsys.readouterr().out + "more\n")
    assert "does not see the workspace /far/away" in said
    assert "mount at the same path" in said


def test_without_an_error_line_nothing_is_told():
    assert told_error("a\ngapwise-error: {broken\n") is None


def test_the_entrypoint_takes_the_first_python_that_has_what_it_needs(monkeypatch, tmp_path):
    """The machines' own `python` may be any; here it has nothing, and the one named has all."""
    (tmp_path / "python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:/bin"}
    monkeypatch.setattr(ray_jobs.sys, "executable", "/nowhere/python")
    alone = subprocess.run(["/bin/sh", "-c", entrypoint([])], env=env, capture_output=True, text=True, check=False)
    assert alone.returncode == 1
    assert "have no Python with ray, torch, timm, accelerate" in told_error(alone.stdout)
    monkeypatch.setenv("GAPWISE_RAY_PYTHON", _python())
    named = subprocess.run(["/bin/sh", "-c", entrypoint([])], env=env, capture_output=True, text=True, check=False)
    assert named.returncode == 2
    assert "usage: core.cluster.driver" in named.stderr


def test_only_the_package_goes_to_the_cluster(monkeypatch):
    monkeypatch.setenv("GAPWISE_DATABASE_URL", "postgresql://user:secret@host/db")
    sent = runtime_env()
    assert [path.rsplit("/", 1)[1] for path in sent["py_modules"]] == ["core"]
    assert "working_dir" not in sent
    assert "secret" not in str(sent)


def _python() -> str:
    return os.path.join(sys.prefix, "bin", "python")
