"""`memory`: what a training will need of a device's memory, before it starts."""

from __future__ import annotations

import argparse

from core.cli.common import add_verb, emit
from core.training.command import add_recipe_options, read_options
from core.training.need import Need, Room, judge, size

_MEANINGS = {
    "weights": "the network",
    "gradients": "what the optimizer learns from",
    "optimizer": "what it remembers of earlier steps",
    "ema": "running mean of the weights",
    "activations": "kept from the way forward for the way back",
    "temporary": "needed for a moment at the peak",
    "batch": "the pictures",
    "libraries": "allowance for what libraries take themselves",
}


def register(verbs: argparse._SubParsersAction) -> None:
    verb = add_verb(
        verbs, "memory", "estimate the memory that a training will need, and the largest batch that fits", _memory,
        json_output=True,
    )  # fmt: skip
    add_recipe_options(verb)
    verb.add_argument("--classes", type=_count, default=2, metavar="C", help="classes of the label (default: 2)")
    verb.add_argument("--processes", type=_count, default=1, metavar="N", help="that share a batch (default: 1)")
    about = "estimate for this kind of device (default: the one that a training here would use)"
    verb.add_argument("--device", choices=("cuda", "mps", "cpu"), help=about)
    about = "free memory in GB (10^9 bytes), of a device that is not here (default: what this machine's has)"
    verb.add_argument("--free", type=_gigabytes, metavar="GB", help=about)
    verb.set_defaults(label="", pseudo=False)


def _memory(args: argparse.Namespace) -> int:
    asked = read_options(args)
    recipe = asked.full_recipe()
    from core.training.device import describe
    from core.training.memory import estimate

    here = describe()
    device = args.device or str(here["device"])
    room = _room(device, str(here["device"]), args.free)
    need = estimate(recipe, args.classes, device, args.processes)
    name = here["name"] if args.device is None and args.free is None else device
    value = _value(need, room, str(name))
    emit(args, {"recipe": asked.recipe_name, "model": recipe.model, **value}, _text(need, room, str(name)))
    return 0


def _room(device: str, here: str, free: int | None) -> Room | None:
    from core.training.room import room

    if free is not None:
        return Room(device, free, free)
    return room(device) if device == here or device == "cpu" else None


def _value(need: Need, room: Room | None, name: str) -> dict:
    """Return the report; what hangs on the room is null where it is not known."""
    verdict = None if room is None else judge(need, room)
    return {
        "device": name,
        "batch_size": need.batch_size,
        "accumulate": need.accumulate,
        "processes": need.processes,
        "at_once": need.at_once,
        "parts": need.parts(),
        "needed": need.needed(),
        "free": room and room.free,
        "total": room and room.total,
        "fits": verdict and verdict.fits,
        "largest_batch": verdict and verdict.largest_batch,
        "accumulate_that_fits": verdict and verdict.accumulate,
    }


def _text(need: Need, room: Room | None, name: str) -> str:
    lines = [f"{need.at_once:,} pictures at once (batches of {need.batch_size:,})", ""]
    lines += [f"{size(count):>9}  {part:<12} {_MEANINGS[part]}" for part, count in need.parts().items() if count]
    lines += ["", f"{size(need.needed()):>9}  has to be free, a tenth more than the sum"]
    if room is None:
        return "\n".join([*lines, f"No {name} device is here: say with --free how much memory it has."])
    lines.append(f"{size(room.free):>9}  are free of {size(room.total)} ({name})")
    return "\n".join([*lines, "", judge(need, room).advice()])


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 100000, got {text!r}")
    return int(text)


def _gigabytes(text: str) -> int:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"expected gigabytes, as 24 or 11.5, got {text!r}")
    return int(value * 1e9)
