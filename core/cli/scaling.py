"""`scale`, `cost` and `zoo`: networks by formula, counted without allocating a weight."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from core.cli.common import add_verb, emit, say
from core.models import families, scaling
from core.models.baselines import BASELINES

if TYPE_CHECKING:
    from core.models.cost import Cost


def register(verbs: argparse._SubParsersAction) -> None:
    scale = add_verb(verbs, "scale", "scale a network and count what comes out", _scale, json_output=True)
    scale.add_argument(
        "--baseline", choices=list(BASELINES), default=scaling.BASELINE, help="what is scaled (default: %(default)s)"
    )
    scale.add_argument("--phi", type=float, metavar="P", help="compound: depth α^P, width β^P, resolution γ^P")
    paper = scaling.PAPER
    scale.add_argument("--alpha", type=float, metavar="A", help=f"depth per step of φ (default: {paper.alpha})")
    scale.add_argument("--beta", type=float, metavar="B", help=f"width per step of φ (default: {paper.beta})")
    scale.add_argument("--gamma", type=float, metavar="C", help=f"resolution per step of φ (default: {paper.gamma})")
    for name, of in (("depth", "layers"), ("width", "channels"), ("resolution", "picture side")):
        help_ = f"multiple of the baseline's {of} (default: 1)"
        scale.add_argument(f"--{name}", type=float, metavar=name[0].upper(), help=help_)
    scale.set_defaults(usage_error=scale.error)

    cost = add_verb(verbs, "cost", "count a timm network's parameters and multiply-adds", _cost, json_output=True)
    cost.add_argument("name", metavar="NAME", help="a timm model name")
    cost.add_argument("--size", type=int, metavar="PX", help="side of the picture (default: the model's own)")

    zoo = add_verb(verbs, "zoo", "list timm's EfficientNets", _zoo, json_output=True)
    zoo.add_argument("--family", choices=list(families.FAMILIES), help="only this family")


def _scale(args: argparse.Namespace) -> int:
    factors, how = _asked(args)  # before torch, which takes seconds to import

    from core.models.cost import count_scaled

    counted, built = count_scaled(factors, args.baseline)
    value = {
        "baseline": args.baseline,
        "depth": factors.depth,
        "width": factors.width,
        "resolution": counted.resolution,
        "parameters": counted.parameters,
        "multiply_adds": counted.multiply_adds,
        "activations": counted.activations,
        "resolution_factor": factors.resolution,
        "cost_factor": factors.cost,
        **how,
        "stages": [asdict(stage) for stage in built],
    }
    if how.get("note"):
        say(f"note: {how['note']}")
    text = (
        f"depth {factors.depth:.4g}, width {factors.width:.4g}, resolution {counted.resolution} px\n"
        f"{_counted(counted)}\nd·w²·r² = {factors.cost:.4g}"
    )
    emit(args, value, text)
    return 0


def _asked(args: argparse.Namespace) -> tuple[scaling.Factors, dict]:
    given = {k: getattr(args, k) for k in scaling.DIMENSIONS if getattr(args, k) is not None}
    steps = {k: getattr(args, k) for k in ("alpha", "beta", "gamma") if getattr(args, k) is not None}
    if args.phi is not None and given:
        args.usage_error("--phi scales all three: it goes without --depth, --width and --resolution")
    if args.phi is None and steps:
        args.usage_error("--alpha, --beta and --gamma are what one step of --phi multiplies by: give --phi as well")
    if args.phi is None:
        return scaling.Factors(**given), {}
    coefficients = scaling.Coefficients(**steps)
    how = {"phi": args.phi, **asdict(coefficients), "note": scaling.off_constraint(coefficients)}
    return scaling.compound(args.phi, coefficients), how


def _cost(args: argparse.Namespace) -> int:
    from core.models.cost import cost

    found = cost(args.name, args.size)
    value = {"name": args.name, "depth": 1.0, "width": 1.0, **found.as_json()}  # as published, not scaled
    emit(args, value, f"{args.name} at {found.resolution} px\n{_counted(found)}")
    return 0


def _counted(cost: Cost) -> str:
    return (
        f"parameters {cost.parameters:,}\nmultiply-adds {cost.multiply_adds:,}\n"
        f"activations {cost.activations:,} that a training keeps of one picture"
    )


def _zoo(args: argparse.Namespace) -> int:
    found = families.efficientnets(args.family)
    text = "\n".join(f"{name}\t{family}" for name, family in found)
    emit(args, [{"name": name, "family": family} for name, family in found], text)
    return 0
