"""How fast networks were on this machine: what `core.models.latency` measured, kept beside the workspaces. No torch.

One JSON file for all workspaces of a home, since they share the machine. A figure means something on the machine, with
the threads and with the version of torch that it was measured with, so those are part of its key.
"""

from __future__ import annotations

import fcntl
import json
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from core.errors import GapwiseError
from core.files import write_atomic
from core.models.network import Network
from core.workspace import home

FILE = "latency.json"
INFERENCE, TRAINING = "inference", "training"
TASKS = (INFERENCE, TRAINING)


@dataclass(frozen=True)
class Machine:
    """What a measurement hangs on beside the network.

    Attributes:
        host: The CPU's name.
        device: cpu, cuda or mps.
        name: What people read for the device: the CPU's or the GPU's name.
        threads: That torch computes an operation with on the CPU.
        torch: Its version.
    """

    host: str
    device: str
    name: str
    threads: int
    torch: str

    @property
    def told(self) -> str:
        threads = f", {self.threads} thread{'s' * (self.threads > 1)}" if self.device == "cpu" else ""
        return f"{self.name}{threads}, torch {self.torch}"

    @property
    def here(self) -> bool:
        """Whether this machine, with the torch that is installed, would measure the same."""
        return (self.host, self.torch) == (cpu_name(), torch_version())


@dataclass(frozen=True)
class Measurement:
    """Seconds of one step: a forward pass, or a training step with its way back and AdamW's update.

    Attributes:
        network: With its side of the pictures.
        task: inference or training.
        batch: Pictures of a step.
        precision: Number format of the computation.
        layout: channels_last or contiguous.
        parameters, multiply_adds: Counted, for one picture.
        median, lower, upper: Seconds of a step, with the quartiles.
        steps, warm_up: How many were timed, and how many were done before.
        busy: Share of the machine's cores that others took just before.
        time: Seconds since the epoch.
    """

    network: Network
    machine: Machine
    task: str
    batch: int
    precision: str
    layout: str
    parameters: int
    multiply_adds: int
    median: float
    lower: float
    upper: float
    steps: int
    warm_up: int
    busy: float
    time: float

    @property
    def each(self) -> float:
        """Seconds for one picture."""
        return self.median / self.batch

    @property
    def throughput(self) -> float:
        """Pictures a second."""
        return self.batch / self.median

    @property
    def spread(self) -> float:
        """Distance of the quartiles as a share of the median."""
        return (self.upper - self.lower) / self.median

    @property
    def key(self) -> tuple:
        """What a newer measurement replaces an older one by."""
        return self.network, self.machine, self.task, self.batch, self.precision, self.layout

    def as_json(self) -> dict:
        return {**asdict(self), "throughput": self.throughput}

    @classmethod
    def from_json(cls, value: dict) -> Measurement:
        known = {k: v for k, v in value.items() if k != "throughput"}
        return cls(**{**known, "network": Network(**value["network"]), "machine": Machine(**value["machine"])})


def measurements(here: bool = True) -> list[Measurement]:
    """Return what was measured, newest first.

    Args:
        here: Only what this machine and its torch would measure again.

    Raises:
        GapwiseError: If the file can't be read.
    """
    found = sorted(_read(home() / FILE), key=lambda m: -m.time)
    return [m for m in found if m.machine.here] if here else found


def note(new: Sequence[Measurement]) -> None:
    """Store measurements; each replaces an older one with the same key.

    Raises:
        GapwiseError: If the file can't be read or written.
    """
    path = home() / FILE
    try:
        with _locked(path):
            kept = {m.key: m for m in (*_read(path), *new)}
            write_atomic(path, json.dumps([m.as_json() for m in kept.values()], indent=1).encode())
    except OSError as error:
        raise GapwiseError(f"What was measured can't be written to {path}: {error.strerror}.") from error


def stamp() -> tuple[int, int]:
    """Return what changes when something new was measured: for caches."""
    try:
        found = (home() / FILE).stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def machines(found: Sequence[Measurement]) -> list[Machine]:
    """Return the machines of measurements, in their order, each once: without regard to batches and networks."""
    return list(dict.fromkeys(m.machine for m in found))


@cache
def cpu_name() -> str:
    """Return what the CPU calls itself, as well as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


@cache
def torch_version() -> str:
    """Return the installed torch's version, without what says how it was built."""
    return version("torch").partition("+")[0]


def _read(path: Path) -> list[Measurement]:
    try:
        return [Measurement.from_json(value) for value in json.loads(path.read_bytes())]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise GapwiseError(
            f"What was measured in {path} can't be read: {error}. Delete the file and measure again."
        ) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time read and replace the file: jobs of two workspaces may end together."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name(f".{path.name}.lock"), "a") as lock:
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
        yield
