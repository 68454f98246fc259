"""Worker processes: started so that they outlive whoever started them, and told apart from strangers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import psutil

from core.workspace import PROJECT


def spawn(arguments: Sequence[str], log: Path) -> int:
    """Start `python -m core ARGUMENTS` in a session of its own, output appended to `log`; return its pid.

    Raises:
        OSError: If the process can't be started or the log can't be opened.
    """
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=PROJECT,
            env=environment,
            close_fds=True,
            start_new_session=True,  # closing the terminal, or ctrl-C in it, must not reach the worker
        )
    # A dead child stays a zombie until its parent asks for its status; the thread asks.
    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
    return process.pid


def started_at(pid: int) -> float | None:
    """Return when a process was created, seconds since the epoch; None when there is no such process."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def alive(pid: int | None, created: float | None) -> bool:
    """Whether that very process runs: a zombie does not, nor does another one that got the same pid.

    Args:
        created: What `started_at` said when the pid was noted.
    """
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return False
        # Linux derives the time from the boot time, which moves when the clock is set.
        return created is None or abs(process.create_time() - created) < 2.0
    except psutil.Error:
        return False


def kill(pid: int, created: float | None) -> None:
    """End a worker that does not answer, and its children, at once. Nothing happens when it is gone already."""
    if not alive(pid, created):
        return
    try:
        worker = psutil.Process(pid)
        family = [*worker.children(recursive=True), worker]
    except psutil.Error:
        return
    for process in family:
        try:
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(family, timeout=5)
