"""`fits`: the network that a memory and a time budget allow."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from core.cli.common import add_verb, emit
from core.errors import GapwiseError
from core.models.measured import Machine, machines, measurements
from core.training.budget import Budget, in_units
from core.training.fit import Answer, Candidate, Seconds, what_fits
from core.training.need import size


def register(verbs: argparse._SubParsersAction) -> None:
    about = "propose a network that a memory and a time budget allow"
    verb = add_verb(verbs, "fits", about, _fits, json_output=True)
    verb.add_argument("--memory", type=float, metavar="GB", help="of the device, for training (GB are 10^9 bytes)")
    verb.add_argument("--latency", type=float, metavar="MS", help="milliseconds for one picture")
    verb.add_argument("--minutes", type=float, metavar="M", help="for a whole training")
    verb.add_argument("--pictures", type=int, metavar="N", help="that a training goes through; --minutes needs it")
    verb.add_argument("--epochs", type=int, default=20, metavar="N", help="(default: %(default)s)")
    verb.add_argument("--batch", type=int, default=32, metavar="N", help="pictures of a step (default: %(default)s)")
    verb.add_argument("--size", type=int, metavar="PX", help="no larger pictures than this")
    verb.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="(default: %(default)s)")


def _fits(args: argparse.Namespace) -> int:
    if args.minutes is not None and args.pictures is None:
        raise GapwiseError(
            "--minutes is for a whole training: say with --pictures N how many pictures it goes through."
        )
    memory = in_units("memory", args.memory)
    budget = Budget(
        memory=None if memory is None else int(memory),
        latency=in_units("latency", args.latency), training=in_units("training", args.minutes),
        batch=args.batch, device=args.device, px=args.size, pictures=args.pictures or 0, epochs=args.epochs,
    )  # fmt: skip
    found = [m for m in measurements() if m.machine.device == args.device]
    machine = next(iter(machines(found)), None)
    answer = what_fits(budget, found, machine)
    emit(args, _value(answer, machine), _text(answer))
    return 0


def _value(answer: Answer, machine: Machine | None) -> dict:
    found = {"best": answer.best, "compound": answer.compound}
    lines = {task: line and line.told for task, line in answer.lines.items()}
    return {
        **{name: candidate and asdict(candidate) for name, candidate in found.items()},
        "unknown": answer.unknown,
        "fitting": [c.title for c in answer.candidates if c.fits],
        "machine": machine and asdict(machine),
        "times": lines,
    }


def _text(answer: Answer) -> str:
    lines, which = [], "that fits"
    if answer.unknown:
        which = "within the other budgets"
        lines.append(
            f"Nothing is known about {' and '.join(answer.unknown)} on this machine until something was measured"
            " (`latency`): networks are judged by the other budgets only."
        )
    if answer.best is not None:
        lines.append(f"Highest reported accuracy {which}: {told(answer.best)}")
    if answer.compound is not None:
        lines.append(f"Largest compound-scaled B0 {which}: {told(answer.compound)}")
    lines += [f"{task}: {line.told if line else 'nothing was measured here'}" for task, line in answer.lines.items()]
    return "\n".join(lines)


def _sure(time: Seconds) -> str:
    if time.measured:
        return "measured"
    return "by the line" if time.near else "by the line, far from anything measured"


def told(candidate: Candidate) -> str:
    """Return a candidate in one line."""
    rated = f", {candidate.top1:g}% top-1 reported" if candidate.top1 is not None else ""
    parts = [
        f"{candidate.title} ({candidate.network.spelled()}){rated}",
        f"{size(candidate.memory)} to train, with a tenth kept free",
    ]
    for name in ("latency", "training"):
        time = getattr(candidate, name)
        if time is not None:
            unit, each = ("ms", 1000) if name == "latency" else ("min", 1 / 60)
            parts.append(f"{name} {each * time.likely:.3g} {unit} ({_sure(time)})")
    if candidate.unknown:
        parts.append(f"not judged, since nothing was measured: {' and '.join(candidate.unknown)}")
    return ", ".join(parts)
