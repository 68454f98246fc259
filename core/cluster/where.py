"""Where a training runs: here, in one process or several, or on a Ray cluster."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.errors import GapwiseError

VARIABLE = "GAPWISE_RAY"
PORT = 8265  # of Ray's dashboard, which takes jobs as well
MOST = 1024  # processes; a number above it is a typing error


@dataclass(frozen=True)
class Where:
    """
    Attributes:
        processes: Processes on this machine; None for one per CUDA device, else one.
        cluster: Address of a Ray cluster, http://host:8265; None for this machine.
        workers: Machines' worth of work on the cluster: each worker has `gpus_per_worker` GPUs.
        gpus_per_worker: One process per GPU; 0 for one process on the CPU.
        cpus_per_worker: CPU cores kept for each process.
    """

    processes: int | None = None
    cluster: str | None = None
    workers: int = 1
    gpus_per_worker: int = 0
    cpus_per_worker: int = 1

    def __post_init__(self) -> None:
        for name, least in (("processes", 1), ("workers", 1), ("gpus_per_worker", 0), ("cpus_per_worker", 1)):
            value = getattr(self, name)
            if value is not None and not least <= value <= MOST:
                raise GapwiseError(f"--{name.replace('_', '-')} is {value}; expected {least} to {MOST}.")

    @property
    def ranks(self) -> int:
        """Processes on the cluster. A process uses one GPU: with two per worker, two processes run for each."""
        return self.workers * max(1, self.gpus_per_worker)

    @property
    def arguments(self) -> list[str]:
        """The options of `python -m core train` that say this."""
        if self.cluster is None:
            return [] if self.processes is None else ["--processes", str(self.processes)]
        counts = {"workers": self.workers, "gpus-per-worker": self.gpus_per_worker}
        if self.cpus_per_worker != 1:
            counts["cpus-per-worker"] = self.cpus_per_worker
        return [f"--cluster={self.cluster}", *(word for k, v in counts.items() for word in (f"--{k}", str(v)))]

    def check(self) -> None:
        """Tell before anything starts that Ray is missing here.

        Raises:
            GapwiseError: If the cluster is asked for and Ray is not installed.
        """
        if self.cluster is not None and importlib.util.find_spec("ray") is None:
            raise GapwiseError(
                "Training on a cluster needs Ray, which is not installed here."
                " Install it: pip install -r requirements-extras.txt -c constraints.txt"
            )


def read_where(arguments: Sequence[str]) -> Where:
    """Return what a command says, by `Where.arguments`; other words are left alone.

    Raises:
        GapwiseError: If it can't be read.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--cluster")
    for name in ("processes", "workers", "gpus-per-worker", "cpus-per-worker"):
        parser.add_argument(f"--{name}", type=int)
    try:
        found, _ = parser.parse_known_args(list(arguments))
    except argparse.ArgumentError as error:
        raise GapwiseError(f"Where the job ran can't be read: {error}.") from error
    return Where(**{name: value for name, value in vars(found).items() if value is not None})


def cluster_address(text: str | None) -> str:
    """Return the address of a Ray cluster's dashboard, spelled out.

    Args:
        text: host, host:port or http(s)://host:port; empty or None for what GAPWISE_RAY says.

    Raises:
        GapwiseError: If there is none, or it is no such address.
    """
    given = (text or os.environ.get(VARIABLE) or "").strip()
    if not given:
        raise GapwiseError(
            f"No Ray cluster is named. Give the address of its dashboard, for example http://host:{PORT},"
            f" with --cluster or in {VARIABLE}."
        )
    address = given if "://" in given else f"http://{given}"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise _no_address(given) from None
    # Not `ray://`: that is the port of Ray's interactive client, which takes no jobs.
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.:-]+", parts.hostname or "") or " " in address:
        raise _no_address(given)
    whole = address if port or parts.scheme == "https" else address.replace(parts.netloc, f"{parts.netloc}:{PORT}", 1)
    return whole.rstrip("/")


def _no_address(given: str) -> GapwiseError:
    return GapwiseError(
        f"{given!r} is no address of a Ray cluster. Expected that of its dashboard, for example http://host:{PORT}"
        " (`ray start --head` prints it)."
    )
