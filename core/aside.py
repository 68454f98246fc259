"""Processes that answer a page's question: with torch in them, which the server must not have."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from typing import Any

from core.workspace import PROJECT


def start_aside(arguments: Sequence[str], **options: Any) -> subprocess.Popen:
    """Start `python ARGUMENTS` in the project's folder; it takes only what the page leaves of the cores.

    Three of them at once, each loading torch, kept a page from showing its title for five seconds on two cores.

    Args:
        options: As subprocess.Popen takes them.
    """
    process = subprocess.Popen([sys.executable, *arguments], cwd=PROJECT, **options)
    with suppress(OSError):  # it has ended already
        os.setpriority(os.PRIO_PROCESS, process.pid, 10)
    return process


def spin_less(environment: MutableMapping[str, str]) -> None:
    """See to it that the threads of a process with this environment sleep soon while they wait; before it loads torch.

    How long torch's threads spin first, images a second of quick-cpu on two cores: always 198, beside two busy
    processes 57; never 110 and 84; 10,000 rounds 181 and 71. What somebody has set stays.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(environment):
        environment["GOMP_SPINCOUNT"] = "10000"
