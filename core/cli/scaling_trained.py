"""`scaling-compare` and `scaling-search`: scaled networks, each trained with several seeds."""

from __future__ import annotations

import argparse
import re
from dataclasses import asdict

from core import jobs
from core.cli import planned
from core.cli.common import add_verb, emit, id_number, job_options, open_workspace, say, text
from core.errors import GapwiseError
from core.models.constraint import STEP, TOLERANCE
from core.models.scaling import PAPER, Coefficients
from core.training.scaled import command, results, words
from core.training.scaled.command import COMPARE, SEARCH, SEEDS, TRIED, Asked
from core.training.scaled.results import Outcome
from core.training.sweep.plan import Plan, read_plan, write_plan
from core.workspace import Workspace

_SHORT = ("epochs", "size")
_COMPARE = """
The recipe's network is the baseline. It is trained as it is, with more layers, wider, with larger pictures, and with
all three (compound scaling, Tan and Le 2019), the last four at equal multiply-adds as counted, from random weights, on
the same images and with the same seeds. It is one job: `jobs stop` and `jobs resume` work on it.
"""
_SEARCH = """
The search of Tan and Le 2019, section 3.3, with a budget of your own: points of a grid around α·β²·γ² = 2 at φ = 1 are
networks, each is trained from random weights on the same images with the same seeds, and the best is held against the
paper's 1.2, 1.1, 1.15. Points are taken whose counted cost is near that of the paper's. It is one job, as
`scaling-compare` is.
"""


def register(verbs: argparse._SubParsersAction) -> None:
    compare = add_verb(verbs, COMPARE, "train a network scaled five ways at equal cost", _run, json_output=True)
    compare.description, compare.formatter_class = _COMPARE, argparse.RawDescriptionHelpFormatter
    _common(compare)
    compare.add_argument("--phi", type=float, default=1.0, metavar="P",
                         help="of the compound network, about (default: %(default)s)")  # fmt: skip
    for name, of in (("alpha", "depth"), ("beta", "width"), ("gamma", "resolution")):
        own = getattr(PAPER, name)
        compare.add_argument(f"--{name}", type=float, default=own, help=f"{of} per step of φ (default: {own})")
    compare.set_defaults(kind=COMPARE)

    search = add_verb(verbs, SEARCH, "search α, β, γ on a label, as the paper did", _run, json_output=True)
    search.description, search.formatter_class = _SEARCH, argparse.RawDescriptionHelpFormatter
    _common(search)
    search.add_argument("--step", type=float, default=STEP, help="of the grid (default: %(default)s)")
    search.add_argument("--tolerance", type=float, default=TOLERANCE,
                        help="how far α·β²·γ² may be off 2, as a share (default: %(default)s)")  # fmt: skip
    search.add_argument("--most", type=int, default=TRIED, metavar="N",
                        help="points of the grid, far apart, with the paper's (default: %(default)s)")  # fmt: skip
    search.set_defaults(kind=SEARCH)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--label", type=text, metavar="NAME")
    parser.add_argument("--recipe", type=text, metavar="NAME", help="a recipe of data/recipes, or a .toml file")
    parser.add_argument("--set", action="append", default=[], type=text, metavar="NAME=VALUE", dest="sets",
                        help="a value instead of the recipe's, once for each setting")  # fmt: skip
    for name in _SHORT:
        parser.add_argument(f"--{name}", type=text, metavar="VALUE", help=f"short for --set {name}=VALUE")
    parser.add_argument("--seeds", type=_seeds, default=SEEDS, metavar="LIST",
                        help=f"train every network once with each (default: {','.join(map(str, SEEDS))})")  # fmt: skip
    parser.add_argument("--pseudo", action="store_true", help="learn from values accepted in bulk as well")
    parser.add_argument("--dry-run", action="store_true", help="only say which networks would be trained")
    parser.add_argument("--show", type=id_number, metavar="JOB", help="only show what a job's networks gave so far")
    job_options(parser)
    parser.set_defaults(usage_error=parser.error)


def _seeds(value: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d+(,\d+)*", value):
        raise argparse.ArgumentTypeError(f"{value!r} is no list of seeds: expected whole numbers, as 0,1,2")
    return tuple(map(int, value.split(",")))


def _run(args: argparse.Namespace) -> int:
    ws = open_workspace(args)
    if args.show is not None:
        return _show(args, ws, args.show)
    if args.label is None or args.recipe is None:
        args.usage_error("the following arguments are required: --label, --recipe")
    if args.job is not None:
        return planned.work(args, ws, args.job, lambda: command.check(ws, _asked(args)))
    asked = _asked(args)
    plan = command.check(ws, asked)
    for line in _networks(plan):
        say(line)
    if args.dry_run:
        emit(args, plan.as_dict(), f"{plan.total} trainings")
        return 0
    if args.detach:
        job_id = command.start(ws, asked)
        emit(args, {"id": job_id, "trials": plan.total}, str(job_id))
        return 0
    job_id = jobs.register(ws, asked.kind, asked.command())
    write_plan(ws.job_dir(job_id), plan)
    status = planned.work(args, ws, job_id, lambda: plan)
    return _show(args, ws, job_id) if status == 0 else status


def _asked(args: argparse.Namespace) -> Asked:
    given = [(name, getattr(args, name)) for name in _SHORT]
    sets = (*args.sets, *(f"{name}={value}" for name, value in given if value is not None))
    common = {"sets": sets, "seeds": args.seeds, "pseudo": args.pseudo}
    if args.kind == SEARCH:
        own = {"step": args.step, "tolerance": args.tolerance, "most": args.most}
    else:
        own = {"phi": args.phi, "coefficients": Coefficients(args.alpha, args.beta, args.gamma)}
    return Asked(args.kind, args.label, args.recipe, **common, **own)


def _networks(plan: Plan) -> list[str]:
    def line(name: str, values: dict, about: dict) -> str:
        return (
            f"{name:>18}: depth {values['depth']:g}, width {values['width']:g}, {about['px']} px,"
            f" {about['multiply_adds']:,} multiply-adds, {about['parameters']:,} parameters"
        )

    return [line(p.name, p.values, p.about) for p in plan.points]


def _show(args: argparse.Namespace, ws: Workspace, job_id: int) -> int:
    job, plan = jobs.get_job(ws, job_id), read_plan(ws.job_dir(job_id))
    if job.kind != args.kind and job.kind in (COMPARE, SEARCH):
        raise GapwiseError(f"Job {job_id} is a {job.kind}, no {args.kind}: `{job.kind} --show {job_id}` shows it.")
    if plan is None or not plan.points:
        raise GapwiseError(f"Job {job_id} compares no scaled networks, or has not begun: it has no plan for them.")
    found, of = results.of_plan(ws, plan), results.asked_about(plan)
    table = words.table(found, of)
    value = {**job.as_dict(), "plan": plan.as_dict(), "networks": [_network(o, found, of) for o in found]}
    shown = table.rename(columns={"over_baseline": "over baseline", "over": f"over {of}"})
    emit(args, value, f"{words.verdict(found, of)}\n\n{shown.to_string(index=False)}\n\n{results.METHOD}")
    return 0


def _network(one: Outcome, found: list[Outcome], of: str) -> dict:
    named = {o.name: o for o in found}
    over = {"over_baseline": named["baseline"], "over_asked": named[of]}
    means = {"accuracy": one.accuracy, **{key: results.difference(one, other) for key, other in over.items()}}
    runs = [{"seed": r.seed, "run": r.run, "accuracy": r.accuracy, "seconds": r.seconds} for r in one.runs]
    return {"name": one.name, **one.settings, **one.about, "runs": runs,
            **{k: None if m is None else asdict(m) for k, m in means.items()}}  # fmt: skip
