"""Several training processes on this machine, started by `accelerate launch`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core.cluster.engine import Ended
from core.cluster.folder import Attempt, RankFolder, end_here
from core.jobs import process
from core.workspace import PROJECT


class LocalRanks:
    """Processes of this machine; the launcher ends all when one dies."""

    def __init__(self, folder: RankFolder, count: int, log: Path) -> None:
        """
        Args:
            count: Processes, at least 2.
            log: Where their output goes.
        """
        self.folder, self.count, self.log = folder, count, log
        self._launcher: subprocess.Popen | None = None

    def describe(self) -> str:
        return f"{self.count} training processes"

    def start(self, arguments: Sequence[str], attempt: Attempt) -> None:
        """Start them with the arguments of core.training.rank.

        Raises:
            OSError: If the launcher can't be started.
        """
        with open(self.log, "ab") as output:
            self._launcher = subprocess.Popen(
                [*launch_command(self.count), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=PROJECT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # ctrl-C is the job's to hear, which then asks for a stop
            )
        pid = self._launcher.pid
        attempt.launcher = {**attempt.supervisor, "pid": pid, "started": process.started_at(pid)}
        self.folder.set_attempt(attempt)

    def waiting(self) -> str | None:
        return None

    def ended(self) -> Ended | None:
        status = self._launcher.poll()
        if status is None:
            return None
        return Ended(status == 0, "" if status == 0 else f"exit status {status}")

    def end(self) -> None:
        end_all_here(self.folder)
        if self._launcher is not None:
            self._launcher.wait()


def end_all_here(folder: RankFolder) -> None:
    """End what an attempt left running on this machine: the launcher first, or it would tell of dead processes."""
    attempt = folder.attempt()
    if attempt is not None:
        end_here(attempt.launcher)
    for member in folder.members():
        end_here(member)


def launch_command(count: int) -> list[str]:
    """Return the command that starts `count` processes of core.training.rank on this machine."""
    # `--cpu` would start a single process: without MPI, Accelerate's launcher knows several on GPUs only. With
    # `--multi_gpu` it is torchrun, and core.training.rank tells Accelerate about processes without a GPU.
    options = {
        "num_processes": count,
        "num_machines": 1,
        "main_process_port": 0,  # any free one
        "mixed_precision": "no",  # the recipe says it
        "dynamo_backend": "no",
        "num_cpu_threads_per_process": _threads(count),
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    launcher = [sys.executable, "-m", "accelerate.commands.launch"]
    return [*launcher, "--multi_gpu", *words, "-m", "core.training.rank"]


def _threads(count: int) -> int:
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) else max(1, (os.cpu_count() or 1) // count)
