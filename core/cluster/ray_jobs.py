"""Training processes on a Ray cluster, started through its job submission API. Imports ray only when used."""

from __future__ import annotations

import json
import logging
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.cluster.driver import DIED, ERROR
from core.cluster.engine import Ended
from core.cluster.folder import Attempt, RankFolder
from core.cluster.where import Where
from core.errors import GapwiseError
from core.workspace import PROJECT

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

log = logging.getLogger("gapwise")

POLL_SECONDS = 1.0
SILENT_SECONDS = 60.0  # without an answer from the cluster: a restart of its head takes less
END_SECONDS = 30.0  # Ray gives a job 3 s to end before it kills it
# Which processes may tell: for tests and doubts (core.training.witness).
_PASSED_ON = ("GAPWISE_WITNESS", "GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
_NEEDS = "ray", "torch", "timm", "accelerate"


class RayRanks:
    """One submitted job, and a thread that asks how it does: a slow network must not hold up the heartbeat."""

    def __init__(self, folder: RankFolder, where: Where, log_file: Path) -> None:
        """
        Args:
            where: With the address of the cluster.
            log_file: Where the output on the cluster is copied to.
        """
        self.folder, self.where, self.log_file, self.count = folder, where, log_file, where.ranks
        self._client: JobSubmissionClient | None = None
        self._submission = ""
        self._ended: Ended | None = None
        self._over = threading.Event()
        self._copied = 0
        self._answered = time.monotonic()

    def describe(self) -> str:
        return f"{self.count} training processes on the Ray cluster {self.where.cluster}"

    def start(self, arguments: Sequence[str], attempt: Attempt) -> None:
        """Submit the job.

        Raises:
            GapwiseError: If the cluster can't be reached or does not take it.
        """
        self._client = connect(str(self.where.cluster))
        # Named before it is submitted: whoever comes after a crash knows what to look for.
        self._submission = f"gapwise-{attempt.id}"
        attempt.cluster, attempt.submission = self.where.cluster, self._submission
        self.folder.set_attempt(attempt)
        try:
            self._client.submit_job(
                entrypoint=entrypoint([*arguments, *self._resources()]),
                submission_id=self._submission,
                runtime_env=runtime_env(),
                metadata={"gapwise": str(self.folder.root)},
            )
        except (RuntimeError, OSError, ValueError) as error:
            raise GapwiseError(f"The Ray cluster {self.where.cluster} did not take the job: {_line(error)}.") from error
        self._answered = time.monotonic()
        threading.Thread(target=self._watch, name="ray-watch", daemon=True).start()

    def waiting(self) -> str | None:
        if self.folder.members():
            return None
        return self.folder.waits() or f"Waiting for the Ray cluster {self.where.cluster} to start the job"

    def ended(self) -> Ended | None:
        silent = time.monotonic() - self._answered
        if self._ended is None and silent > SILENT_SECONDS:
            return Ended(
                False,
                f"The Ray cluster {self.where.cluster} has not answered for {silent:.0f} seconds. Its processes save"
                " and end by themselves when they hear nothing of this job. Resume once the cluster is back.",
                clear=True,
                passing=True,
            )
        return self._ended

    def end(self) -> None:
        self._over.set()
        if self._client is not None and self._submission:
            end_submission(self._client, self._submission)

    def _resources(self) -> list[str]:
        where = self.where
        return ["--gpus", str(min(1, where.gpus_per_worker)), "--cpus", str(where.cpus_per_worker)]

    def _watch(self) -> None:
        while not self._over.is_set():
            try:
                info = self._client.get_job_info(self._submission)
                self._copy_log()
                self._answered = time.monotonic()
                if info.status.is_terminal():
                    self._ended = self._how(str(info.status.value), info.message or "")
                    return
            except (RuntimeError, OSError) as error:
                log.info("the cluster does not answer: %s", _line(error))
            self._over.wait(POLL_SECONDS)

    def _copy_log(self) -> None:
        text = self._client.get_job_logs(self._submission)
        with open(self.log_file, "a", encoding="utf-8") as file:
            file.write(text[self._copied :])
        self._copied = len(text)

    def _how(self, status: str, message: str) -> Ended:
        if status == "SUCCEEDED":
            return Ended(True)
        told = told_error(self._client.get_job_logs(self._submission))
        if told:
            return Ended(False, told, clear=True, passing=DIED in told)
        text = f"Ray's job {self._submission} is {status.lower()}: {_line(message)} (The log has the details.)"
        return Ended(False, text, clear=True, passing=True)


def connect(address: str) -> JobSubmissionClient:
    """Return a client of a cluster.

    Raises:
        GapwiseError: If Ray is not installed, or nothing answers there.
    """
    Where(cluster=address).check()
    from ray.job_submission import JobSubmissionClient

    try:
        return JobSubmissionClient(address)
    except (ConnectionError, RuntimeError, OSError, ValueError) as error:
        raise GapwiseError(
            f"No Ray cluster answers at {address}: {_line(error)} Expected the address of its dashboard, as"
            " `ray start --head` prints it. Is the cluster up, and may this machine reach that port?"
        ) from ConnectionError(str(error))


def end_submission(client: JobSubmissionClient, submission: str) -> None:
    """End a submitted job, and wait until it has ended; one that the cluster does not know has.

    Raises:
        GapwiseError: If it goes on running, or the cluster does not answer.
    """
    end = time.monotonic() + END_SECONDS
    while True:
        status = _ask(lambda: client.get_job_status(submission))
        if status is None or status.is_terminal():
            return
        _ask(lambda: client.stop_job(submission))
        if time.monotonic() > end:
            raise GapwiseError(
                f"Ray's job {submission} of an earlier attempt does not end. Stop it on the cluster's dashboard"
                f" (`ray job stop {submission}`), then try again."
            )
        time.sleep(0.5)


def _ask(call: Callable[[], object]) -> object:
    try:
        return call()
    except RuntimeError as error:
        if "404" in str(error) or "does not exist" in str(error):
            return None
        raise GapwiseError(f"The Ray cluster does not answer: {_line(error)}") from ConnectionError(str(error))
    except OSError as error:
        raise GapwiseError(f"The Ray cluster does not answer: {_line(error)}") from ConnectionError(str(error))


def entrypoint(arguments: Sequence[str]) -> str:
    """Return the shell command that starts the driver, with the first Python there that has what it needs."""
    mine = shlex.quote(sys.executable)
    probe = f"import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, {_NEEDS!r})))"
    missing = ERROR + json.dumps(
        f"The machines of the cluster have no Python with {', '.join(_NEEDS)}. Install requirements.txt and"
        " requirements-extras.txt there, or name one that has them in GAPWISE_RAY_PYTHON."
    )
    named = shlex.quote(os.environ.get("GAPWISE_RAY_PYTHON", ""))
    return (
        f'for python in {named} {mine} python python3; do [ -n "$python" ] && "$python" -c {shlex.quote(probe)}'
        f' >/dev/null 2>&1 && exec "$python" -m core.cluster.driver {shlex.join(arguments)}; done;'
        f" echo {shlex.quote(missing)}; exit 1"
    )


def runtime_env() -> dict:
    """Return what goes to the cluster: the package `core` and nothing else, no workspace and no environment."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        "py_modules": [str(PROJECT / "core")],
        "excludes": ["__pycache__", "*.pyc"],
        # The log is read by people, and every process's word counts.
        "env_vars": {**passed, "RAY_COLOR_PREFIX": "0", "RAY_DEDUP_LOGS": "0"},
    }


def told_error(text: str) -> str | None:
    """Return what the driver said last about why it failed, in words for people."""
    for line in reversed(text.splitlines()):
        if line.startswith(ERROR):
            try:
                return str(json.loads(line.removeprefix(ERROR)))
            except ValueError:
                continue
    return None


def _line(error: object) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0][:300]
