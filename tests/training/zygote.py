"""Forks workers that have torch in memory already: a start takes milliseconds, where importing torch takes seconds.

Reads one JSON list a line, [arguments after `python -m core`, log file], and answers with the worker's pid. Each
worker is a process of its own in a session of its own, as `core.jobs.process.spawn` makes it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import core.cluster.supervise
import core.training.train  # noqa: F401  what a training imports
from core.__main__ import main


def work(arguments: list[str], log: str) -> None:
    """Become a worker."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    status = 1
    try:
        status = main(arguments)
    finally:
        os._exit(status)


signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are gone at once
print("ready", flush=True)
for line in sys.stdin:
    request = json.loads(line)
    pid = os.fork()
    if pid == 0:
        work(*request)
    print(pid, flush=True)
