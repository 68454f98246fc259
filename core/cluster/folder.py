"""How a job and its training processes talk: small files in the job's folder, each with one writer.

The folder may lie on a disk that several machines share; nothing here needs the database.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from core.errors import GapwiseError
from core.files import write_atomic
from core.jobs import process
from core.jobs.beat import ask_stop, stop_asked

ATTEMPT = "attempt.json"  # the job's: who trains for it at present
TOLD = "rank.json"  # the first process's: progress, best epoch, end
WAITS = "waits.json"  # the cluster's driver's: what the processes wait for before they can begin
MEMBERS = "ranks"  # each process's own: who it is, why it failed
_READ = (OSError, ValueError, TypeError, AttributeError)


@dataclass
class Told:
    """What the first process says.

    Attributes:
        attempt: Which attempt of the job it belongs to.
        done, total, message, figures: As in a heartbeat.
        world: How many processes train one model together.
        best: Metrics of the best epoch so far; empty before the first.
        epoch, seconds: Epochs done and time spent, at the end.
        heldout: Images that are measured on.
        end: Empty while it trains; then over, stopped or orphaned.
    """

    attempt: str = ""
    done: float = 0.0
    total: float = 0.0
    message: str = ""
    figures: dict = field(default_factory=dict)
    world: int = 0
    best: dict = field(default_factory=dict)
    epoch: int = 0
    seconds: float = 0.0
    heldout: int = 0
    end: str = ""


@dataclass
class Attempt:
    """Who trains for a job at present.

    Attributes:
        id: Differs from attempt to attempt.
        supervisor: The job's own process, as `me` gives it.
        launcher: The process that started the others on this machine.
        cluster, submission: Ray's address and its name for the job.
        over: Whether all of them are known to have ended.
    """

    id: str
    supervisor: dict = field(default_factory=dict)
    launcher: dict | None = None
    cluster: str | None = None
    submission: str | None = None
    over: bool = False


class RankFolder:
    """The files of one job that its processes share."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def attempt(self) -> Attempt | None:
        """Return who trains at present, None when nobody ever did or the file is not seen here."""
        return _read(self.root / ATTEMPT, Attempt)

    def set_attempt(self, attempt: Attempt) -> None:
        write_atomic(self.root / ATTEMPT, json.dumps(asdict(attempt)).encode())

    def begin(self, attempt: Attempt) -> None:
        """Make room for a new attempt: what the one before said is gone."""
        for name in (TOLD, WAITS):
            (self.root / name).unlink(missing_ok=True)
        shutil.rmtree(self.root / MEMBERS, ignore_errors=True)
        (self.root / MEMBERS).mkdir(parents=True)
        self.set_attempt(attempt)

    def told(self, attempt: str) -> Told | None:
        """Return what the first process of an attempt says; None before its first word."""
        found = _read(self.root / TOLD, Told)
        return found if found and found.attempt == attempt else None

    def tell(self, told: Told) -> None:
        write_atomic(self.root / TOLD, json.dumps(asdict(told)).encode(), sync=False)

    def waits(self) -> str:
        """Return what the processes wait for on the cluster; empty before anything is known."""
        found = _json(self.root / WAITS)
        return str(found["message"]) if found and "message" in found else ""

    def say_waits(self, message: str) -> None:
        write_atomic(self.root / WAITS, json.dumps({"message": message}).encode(), sync=False)

    def ask_stop(self) -> None:
        """Leave the job's own stop sign, which the processes look for as well."""
        ask_stop(self.root)

    @property
    def stop_asked(self) -> bool:
        return stop_asked(self.root)

    def join(self, rank: int) -> None:
        """Note that this process is one of those that train."""
        write_atomic(self.root / MEMBERS / f"{rank}.json", json.dumps(me()).encode(), sync=False)

    def members(self) -> list[dict]:
        """Return the processes that trained last, as `me` gives them."""
        files = sorted((self.root / MEMBERS).glob("[0-9]*.json"))
        return [found for path in files if (found := _json(path))]

    def note_failure(self, rank: int, message: str, clear: bool) -> None:
        """Say why a process fails.

        Args:
            clear: Whether people can do something about what the message says.
        """
        what = {"time": time.time(), "rank": rank, "message": message, "clear": clear}
        write_atomic(self.root / MEMBERS / f"failed-{rank}.json", json.dumps(what).encode(), sync=False)

    def failure(self) -> dict | None:
        """Return the first failure, one with a clear message before all others: the rest only lost their partner."""
        found = [f for path in (self.root / MEMBERS).glob("failed-*.json") if (f := _json(path))]
        return min(found, key=lambda f: (not f["clear"], f["time"]), default=None)


def me() -> dict:
    """Return this process: host, pid and when it started."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "started": process.started_at(pid)}


def lives(who: dict | None) -> bool:
    """Whether a process runs, as far as this machine can tell: one elsewhere is taken for alive."""
    if not who:
        return False
    return who["host"] != socket.gethostname() or process.alive(who["pid"], who["started"])


def end_here(who: dict | None) -> None:
    """End a process of this machine and its children, if it is still that one."""
    if who and who["host"] == socket.gethostname():
        process.kill(who["pid"], who["started"])


def check_seen(folder: RankFolder, attempt: str, workspace: Path) -> None:
    """Make sure that this machine sees the job's folder as the job does.

    Raises:
        GapwiseError: If the workspace is not there, or is another one, or another attempt has taken over.
    """
    found = folder.attempt()
    if found is None:
        raise GapwiseError(
            f"The machine {socket.gethostname()} does not see the workspace {workspace}. Training on a cluster needs"
            " the workspace on storage that all its machines mount at the same path."
        )
    if found.id != attempt:
        raise GapwiseError(f"Another attempt ({found.id}) has taken over from this one ({attempt}).")


def _read(path: Path, kind: type):
    stored = _json(path)
    known = {f.name for f in fields(kind)}
    try:
        return None if stored is None else kind(**{k: v for k, v in stored.items() if k in known})
    except _READ:
        return None


def _json(path: Path) -> dict | None:
    try:
        return json.loads(path.read_bytes())
    except _READ:
        return None
