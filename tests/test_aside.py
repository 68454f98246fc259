"""Processes beside the server."""

from __future__ import annotations

import subprocess

from core.aside import start_aside
from core.workspace import PROJECT


def test_a_process_aside_runs_in_the_project_and_gives_way_to_the_page():
    code = "import os, sys; sys.stdin.read(); print(os.getcwd(), os.getpriority(os.PRIO_PROCESS, 0))"
    process = start_aside(["-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    said = process.communicate("")[0].split()
    assert said == [str(PROJECT), "10"]


def test_a_process_aside_that_ended_at_once_is_no_trouble():
    process = start_aside(["-c", "pass"])
    assert process.wait(timeout=30) == 0
