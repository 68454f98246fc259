"""`latency`: how long networks take on this machine, measured."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from core.cli.common import add_verb, emit, job_options, open_workspace, say, text, work_as_job
from core.errors import GapwiseError
from core.jobs.reporter import Console, Reporter
from core.models.measured import INFERENCE, TRAINING, Measurement, measurements, note
from core.models.network import Network, checked, read_network

_HELP = """
Measures networks with random weights on pictures of noise: warm-up, then at least 40 steps and 2 seconds, told by
median and quartiles. A NETWORK is a timm name, with what differs from it behind commas, as
efficientnet_b0,width=1.1,depth=1.2,size=240. What was measured is kept beside the workspaces, for the Scaling page;
without a NETWORK it is printed.
"""
_WAIT_SECONDS = 0.5


def register(verbs: argparse._SubParsersAction) -> None:
    verb = add_verb(verbs, "latency", "measure how long networks take on this machine", _latency, json_output=True)
    verb.description, verb.formatter_class = _HELP, argparse.RawDescriptionHelpFormatter
    verb.add_argument("networks", nargs="*", type=text, metavar="NETWORK")
    verb.add_argument("--size", type=int, metavar="PX", help="side of the picture (default: the network's own)")
    verb.add_argument("--width", type=float, metavar="W", help="multiple of its channels (default: 1)")
    verb.add_argument("--depth", type=float, metavar="D", help="multiple of its layers (default: 1)")
    verb.add_argument("--batch", type=int, default=1, metavar="N", help="pictures of a step (default: %(default)s)")
    about = "time steps of training, with the way back and AdamW's update, instead of forward passes"
    verb.add_argument("--training", action="store_true", help=about)
    verb.add_argument("--threads", type=int, metavar="T", help="CPU threads (default: torch's choice)")
    verb.add_argument("--device", choices=("cuda", "mps", "cpu"), help="(default: the best that is there)")
    job_options(verb)


def _latency(args: argparse.Namespace) -> int:
    networks = [_network(args, name) for name in args.networks]
    if not networks:
        found = measurements()
        emit(args, [m.as_json() for m in found], _table(found) or "Nothing was measured on this machine yet.")
        return 0
    if args.job is None and not args.detach:
        return _here(args, networks)
    ws = open_workspace(args)

    def work(reporter: Reporter, _job: int) -> str:
        found, refused = _measured(args, networks, reporter)
        left = "".join(f" Not measured: {problem}" for problem in refused)
        return f"{len(found)} of {len(networks)} networks measured{_slowest(found)}.{left}"

    return work_as_job(args, ws, "latency", arguments(networks, args), work)


def arguments(networks: Sequence[Network], args: argparse.Namespace) -> list[str]:
    """Return the command that measures the same in another process, after `python -m core`."""
    options = ["--batch", str(args.batch), *(["--training"] if args.training else [])]
    options += [
        word for name in ("threads", "device") if (value := getattr(args, name)) for word in (f"--{name}", str(value))
    ]
    return ["latency", *(n.spelled() for n in networks), *options]


def _here(args: argparse.Namespace, networks: Sequence[Network]) -> int:
    """Measure in this process, without a job. What trains meanwhile would be measured with it: that is waited for."""
    from core.aside import spin_less
    from core.jobs.turn import turn

    spin_less(os.environ)  # as jobs do

    def wait() -> bool:
        print("waiting: a job has the device", end="\r", file=sys.stderr)
        time.sleep(_WAIT_SECONDS)
        return True

    with turn(wait):
        found, refused = _measured(args, networks, Console())
    for problem in refused:
        say(f"not measured: {problem}")
    emit(args, [m.as_json() for m in found], _table(found))
    return 1 if refused else 0


def _measured(
    args: argparse.Namespace, networks: Sequence[Network], reporter: Reporter
) -> tuple[list[Measurement], list[str]]:
    """Measure one after the other; return what came out, and why some could not be measured.

    Raises:
        GapwiseError: If none could.
    """
    from core.training.latency import measure
    from core.training.latency_limits import Way

    way = Way(args.batch, TRAINING if args.training else INFERENCE, args.threads, args.device)
    found: list[Measurement] = []
    refused: list[str] = []
    for number, network in enumerate(networks):
        reporter.progress(number, len(networks), f"Measuring {network.spelled()}")
        try:
            measurement = measure(network, way, reporter)
        except GapwiseError as error:  # too large for this machine, say: the others are measured all the same
            if len(networks) == len(refused) + 1:
                raise
            refused.append(str(error))
            continue
        if measurement is None:
            return found, refused
        note([measurement])  # at once: what a stopped job has measured is kept
        found.append(measurement)
    reporter.progress(len(networks), len(networks), "Measured")
    return found, refused


def _network(args: argparse.Namespace, name: str) -> Network:
    network = read_network(name)
    given = {"width": args.width, "depth": args.depth, "px": args.size}
    words = {"width": 1.0, "depth": 1.0, "px": None}
    twice = [k for k, v in given.items() if v is not None and getattr(network, k) != words[k]]
    if twice:
        raise GapwiseError(f"{name} says {' and '.join(twice)} itself: leave the option out, or say it there only.")
    return checked(replace(network, **{k: v for k, v in given.items() if v is not None}))


def _slowest(found: Sequence[Measurement]) -> str:
    if not found:
        return ""
    slow = max(found, key=lambda m: m.median)
    return f", the slowest: {slow.network.spelled()}, {1000 * slow.median:.1f} ms a step of {slow.batch}"


def _table(found: Sequence[Measurement]) -> str:
    lines = []
    for m in found:
        busy = f", {m.busy:.0%} of the cores were busy" if m.busy > 0.1 else ""
        lines.append(
            f"{m.network.spelled()}: {1000 * m.median:.2f} ms a step of {m.batch} ({m.task}; quartiles"
            f" {1000 * m.lower:.2f} and {1000 * m.upper:.2f}, {m.steps} steps), {m.throughput:.1f} pictures/s;"
            f" {m.machine.told}, {m.precision}, {m.layout}{busy}"
        )
    return "\n".join(lines)
