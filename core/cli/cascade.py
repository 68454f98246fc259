"""`cascade`: label after label: train, accept what keeps a promise, derive, stop for review, go on."""

from __future__ import annotations

import argparse
import getpass
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from core import jobs
from core.cascade import control
from core.cascade.command import Asked, in_order, read_own
from core.cascade.estimate import Estimate, estimates, sentence
from core.cascade.order import COUNTS, OWN, argument
from core.cascade.plan import (
    ACCEPTS,
    AFTER,
    FILE,
    NEVER,
    PRECISION,
    PROMISE,
    STOPS,
    Plan,
    Stage,
    read_plan,
    write_plan,
)
from core.cascade.words import BY_CHANCE, filled, left, promise, stages
from core.cli.common import add_verb, emit, id_number, job_options, open_workspace, say, text
from core.cli.training import check
from core.errors import GapwiseError
from core.jobs.plan_file import plan_bytes
from core.jobs.reporter import Reporter
from core.training.command import add_recipe_options, read_recipe_options
from core.workspace import Workspace

ACTIONS = {
    "start": "begin one (without a word)",
    "go-on": "end the stop at which cascade JOB waits for review, and go on with what is known now",
    "end": "end it there; what was accepted stays",
    "show": "what it did so far",
}
_STOPS = {AFTER: "stops for review where cells are left open", NEVER: "never stops for review"}
_ALWAYS = ("help", "workspace", "json", "detach", "job")  # options that go with every action
_HELP = """
A cascade trains one label after the other. Each stage trains on what is known, accepts in bulk what keeps a promised
precision on held-out cells, and lets the rules write what follows; then it stops, where cells are left open, for
people to review, and holds no device meanwhile. `cascade go-on JOB` goes on with all that is known by then. Labels
that others define by rules (as 5k = mask and distancing) need no stage.
"""


def register(verbs: argparse._SubParsersAction) -> None:
    cascade = add_verb(verbs, "cascade", "train and fill label after label, with stops for review", _cascade,
                       json_output=True)  # fmt: skip
    cascade.description, cascade.formatter_class = _HELP, argparse.RawDescriptionHelpFormatter
    told = "; ".join(f"{name}: {what}" for name, what in ACTIONS.items())
    cascade.add_argument("action", nargs="?", choices=list(ACTIONS), default="start", help=told)
    cascade.add_argument("id", nargs="?", type=id_number, metavar="JOB")
    cascade.add_argument("--label", action="append", default=[], type=text, metavar="NAME",
                         help="only this one, may be given often (default: all that need a model)")  # fmt: skip
    about = "counts: fewest gaps first; quality: by the labels' newest runs; or the labels in your order"
    cascade.add_argument("--order", nargs="+", action="extend", default=[], type=text, metavar="WORD",
                         help=f"{about} (default: {COUNTS})")  # fmt: skip
    about = "share of right ones that is promised of what is accepted (default: %(default)s)"
    cascade.add_argument("--precision", type=float, default=PRECISION, metavar="SHARE", help=about)
    cascade.add_argument("--accept", choices=list(ACCEPTS), default=PROMISE,
                         help="what a stage accepts by itself (default: %(default)s)")  # fmt: skip
    cascade.add_argument("--stop", choices=list(STOPS), default=AFTER,
                         help="for review: after a stage that leaves cells open (default), or never")  # fmt: skip
    about = "for one label: precision, accept, stop, recipe or any setting, as 'mask: epochs=5'; may be given often"
    cascade.add_argument("--for", action="append", default=[], type=text, metavar="LABEL:NAME=VALUE", dest="own",
                         help=about)  # fmt: skip
    add_recipe_options(cascade)
    next(action for action in cascade._actions if action.dest == "recipe").required = False  # go-on needs none
    cascade.add_argument("--reviewer", metavar="NAME", type=text, default=None, help="(default: your login name)")
    about = "only show the stages and how long they may take; nothing is started"
    cascade.add_argument("--dry-run", action="store_true", help=about)
    job_options(cascade)
    defaults = {action.dest: (action.option_strings[0], action.default) for action in cascade._actions
                if action.option_strings and action.dest not in _ALWAYS}  # fmt: skip
    cascade.set_defaults(usage_error=cascade.error, start_options=defaults)


def _cascade(args: argparse.Namespace) -> int:
    begins = args.action == "start"
    if (args.id is None) != begins:
        args.usage_error("a new cascade has no number yet" if begins else f"{args.action} needs a job's number")
    if begins and args.recipe is None:
        args.usage_error("the following arguments are required: --recipe")
    if not begins and (given := [name for dest, (name, default) in args.start_options.items()
                                 if getattr(args, dest) != default]):  # fmt: skip
        # Going on as if it had been heard would train, or accept, what nobody asked for.
        args.usage_error(f"{', '.join(given)} can't go with {args.action}: its plan was made when it was started")
    ws = open_workspace(args)
    return {"start": _start, "go-on": _go_on, "end": _end, "show": _show}[args.action](args, ws)


def _start(args: argparse.Namespace, ws: Workspace) -> int:
    if args.job is not None:
        return _work(args, ws, args.job)
    asked = _asked(args, ws)
    plan = asked.plan(ws)
    for stage in plan.stages:
        check(stage.full_recipe())
    foreseen = estimates(ws, plan)
    lines = "\n".join(_foretold(plan, foreseen))
    if args.dry_run:
        emit(args, {**plan.as_dict(), "estimates": [asdict(one) for one in foreseen]}, lines)
        return 0
    say(lines)
    if args.detach:
        job_id = jobs.start(ws, "cascade", asked.command(), files={FILE: plan_bytes(plan)})
        emit(args, {"id": job_id}, str(job_id))
        return 0
    job_id = jobs.register(ws, "cascade", asked.command())
    write_plan(ws.job_dir(job_id), plan)
    status = _work(args, ws, job_id)
    return _told(args, ws, job_id) if status == 0 else status


def _go_on(args: argparse.Namespace, ws: Workspace) -> int:
    control.go_on(ws, args.id, here=not args.detach)
    if args.detach:
        emit(args, {"id": args.id}, f"Cascade {args.id} goes on.")
        return 0
    status = _work(args, ws, args.id)
    return _told(args, ws, args.id) if status == 0 else status


def _end(args: argparse.Namespace, ws: Workspace) -> int:
    control.end(ws, args.id)
    return _told(args, ws, args.id)


def _show(args: argparse.Namespace, ws: Workspace) -> int:
    return _told(args, ws, args.id)


def _work(args: argparse.Namespace, ws: Workspace, job_id: int) -> int:
    from core.jobs.worker import run_job

    def work(reporter: Reporter) -> str:
        from core.cascade.run import run_cascade

        folder = ws.job_dir(job_id)
        if read_plan(folder) is None:  # the same command as another job's, which had one
            write_plan(folder, _asked(args, ws).plan(ws))
        return run_cascade(ws, job_id, reporter)

    return run_job(ws, job_id, work, foreground=args.job is None)


def _asked(args: argparse.Namespace, ws: Workspace) -> Asked:
    recipe = str(Path(args.recipe).expanduser().resolve()) if args.recipe.endswith(".toml") else args.recipe
    order, names = in_order(args.order, args.label)
    if order == OWN and not names:
        raise GapwiseError("An order of your own needs labels: --order mask distancing.")
    return Asked(
        recipe, read_recipe_options(args), order, names, args.accept, args.precision, args.stop,
        read_own(ws, args.own), args.reviewer or _login(), args.standalone,
    )  # fmt: skip


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user entry
        return "reviewer"


def _told(args: argparse.Namespace, ws: Workspace, job_id: int) -> int:
    plan, job = control.plan_of(ws, job_id), jobs.get_job(ws, job_id)
    from core.cascade.accept import taken_back  # NumPy, which other verbs start without

    with ws.read() as connection:
        back = {stage.label_id: taken_back(connection, stage) for stage in plan.stages}
    emit(args, {**job.as_dict(), "cascade": plan.as_dict()}, "\n".join(_lines(plan, job, back)))
    return 0


def _foretold(plan: Plan, foreseen: list[Estimate]) -> Iterator[str]:
    yield textwrap.fill(f"{stages(plan)}. {argument(plan.order)}", 118)
    for number, (stage, one) in enumerate(zip(plan.stages, foreseen, strict=True), 1):
        yield (
            f"{number}. {stage.label} ({stage.why}): {stage.open:,} open cells, recipe {stage.recipe_name}, accepts"
            f" {promise(stage)}, {_STOPS[stage.stop]}; training {one.time}"
        )
    yield from (f"   {name}: no stage, {why}" for name, why in plan.left_out.items())
    yield textwrap.fill(sentence(foreseen), 118)


def _lines(plan: Plan, job: jobs.Job, back: Mapping[int, int]) -> Iterator[str]:
    yield textwrap.fill(f"Cascade {job.id}, {job.state}. {job.message}", 118)
    for number, stage in enumerate(plan.stages, 1):
        yield f"\n{number}. {stage.label} ({stage.why}): {stage.state}{', ' + stage.reason if stage.reason else ''}"
        yield from (f"   {line}" for line in _stage_lines(stage, back[stage.label_id]))
    if job.state == "waiting":
        if plan.stop is not None and plan.stages[plan.stop - 1].accept == PROMISE:
            label = plan.stages[plan.stop - 1].label
            yield "\n" + textwrap.fill(BY_CHANCE.format(how=f"accept --label {shlex.quote(label)} --review N"), 118)
        yield f"\nReview, then: python -m core cascade go-on {job.id} (or end {job.id})"


def _stage_lines(stage: Stage, back: int) -> Iterator[str]:
    if stage.figures:
        found = f"accuracy {stage.figures['accuracy']:.3f}, F1 {stage.figures['f1']:.3f}"
        yield f"run {stage.run}: {found} on {stage.figures['images']:,} held-out images"
    if stage.looks:
        yield f"{filled(stage, back)} {left(stage)}"
        for look in stage.telling:
            for row in look["classes"]:
                where = f", where {row['where']}" if row["where"] else ""
                yield f"  {row['class']}{where}: {row['accepted']:,} of {row['waiting']:,}. {row['rests on']}"
            yield from look["notes"]
