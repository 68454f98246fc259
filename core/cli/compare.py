"""`compare`: three ways to deal with gaps, on the same held-out images, with the same recipe and several seeds."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from core import jobs
from core.approaches.command import Asked, read_names
from core.approaches.filling import APPROACHES, ORIGINS, OURS
from core.approaches.plan import PRECISION, SEEDS, Plan, Snapshot, files, read_plan
from core.approaches.score import ALL
from core.approaches.words import number, percent, points, score, seeds
from core.cli.common import add_verb, emit, id_number, job_options, open_workspace, say, text
from core.cli.training import check
from core.errors import GapwiseError
from core.files import write_atomic
from core.jobs.reporter import Reporter
from core.training.command import add_recipe_options, read_recipe_options
from core.workspace import Workspace

_HELP = """
Three ways to deal with gaps, made comparable: drop every row with a gap; the cascade, where each label's model fills
every gap of its column and the rules fill what follows; and Gapwise's, which derives first and then takes only answers
that keep a promised precision. A fifth of the complete rows is held out: every model is measured on them. Another
fifth gets gaps like the other rows': what an approach writes there is known to be right or wrong. The same images,
the same recipe and the same seeds for all three; equal trainings are done once. Nothing of the workspace is changed.
"""


def register(verbs: argparse._SubParsersAction) -> None:
    compare = add_verb(verbs, "compare", "compare three ways to deal with gaps", _compare, json_output=True)
    compare.description, compare.formatter_class = _HELP, argparse.RawDescriptionHelpFormatter
    add_recipe_options(compare)
    _adapt(compare)
    compare.add_argument("--order", type=_names, default=(), metavar="NAME,NAME…",
                         help="labels in the cascade's order (default: all, fewest gaps first)")  # fmt: skip
    compare.add_argument("--seeds", type=_seeds, default=SEEDS, metavar="N,N…",
                         help=f"each is trained with (default: {','.join(map(str, SEEDS))})")  # fmt: skip
    about = "share of right answers that Gapwise's way promises of what it takes (default: %(default)s)"
    compare.add_argument("--precision", type=float, default=PRECISION, metavar="SHARE", help=about)
    about = "only say how much work it would be and how long it may take; nothing is started"
    compare.add_argument("--dry-run", action="store_true", help=about)
    compare.add_argument("--show", type=id_number, metavar="JOB", help="only show what a comparison found so far")
    job_options(compare)
    compare.set_defaults(usage_error=compare.error)


def _compare(args: argparse.Namespace) -> int:
    if args.show is None and args.recipe is None:
        args.usage_error("the following arguments are required: --recipe")
    if args.seed is not None:
        args.usage_error("argument --seed: a comparison is trained with several, give --seeds")
    ws = open_workspace(args)
    if args.show is not None:
        return _show(args, ws, args.show)
    if args.job is not None:
        return _work(args, ws, args.job)
    asked = _asked(args)
    plan, snapshot = asked.plan(ws)
    check(plan.recipe_of(plan.seeds[0]))
    estimate = asked.estimate(ws)
    if args.dry_run:
        value = {"order": plan.order, "seeds": plan.seeds, "facts": plan.facts, "estimate": asdict(estimate)}
        emit(args, value, f"{_table_line(plan)}\n{estimate.sentence}")
        return 0
    say(f"{len(plan.outcomes)} tables of {len(plan.order)} trainings; equal ones are done once. {estimate.sentence}")
    if args.detach:
        job_id = jobs.start(ws, "compare", asked.command(), files=files(plan, snapshot))
        emit(args, {"id": job_id}, str(job_id))
        return 0
    job_id = jobs.register(ws, "compare", asked.command())
    _place(ws, job_id, plan, snapshot)
    status = _work(args, ws, job_id)
    return _show(args, ws, job_id) if status == 0 else status


def _asked(args: argparse.Namespace) -> Asked:
    recipe = str(Path(args.recipe).expanduser().resolve()) if args.recipe.endswith(".toml") else args.recipe
    return Asked(recipe, read_recipe_options(args), args.order, args.seeds, args.precision, args.standalone)


def _place(ws: Workspace, job_id: int, plan: Plan, snapshot: Snapshot) -> None:
    for name, content in files(plan, snapshot).items():
        write_atomic(ws.job_dir(job_id) / name, content)


def _work(args: argparse.Namespace, ws: Workspace, job_id: int) -> int:
    from core.jobs.worker import run_job

    def work(reporter: Reporter) -> str:
        from core.approaches.run import run_comparison

        if read_plan(ws.job_dir(job_id)) is None:  # the same command as another job's, which had one
            _place(ws, job_id, *_asked(args).plan(ws))
        return run_comparison(ws, job_id, reporter)

    return run_job(ws, job_id, work, foreground=args.job is None)


def _show(args: argparse.Namespace, ws: Workspace, job_id: int) -> int:
    job, plan = jobs.get_job(ws, job_id), read_plan(ws.job_dir(job_id))
    if plan is None:
        raise GapwiseError(f"Job {job_id} is no comparison, or has not begun: it has no plan.")
    emit(args, {**job.as_dict(), "comparison": plan.as_dict()}, "\n".join(_lines(plan, job)))
    return 0


def _table_line(plan: Plan) -> str:
    facts = plan.facts
    return (
        f"{facts['images']:,} images, {facts['complete']:,} without a gap; {facts['heldout']:,} held out,"
        f" {sum(facts['hidden'].values()):,} cells of others hidden, {sum(facts['gaps'].values()):,} real gaps."
    )


def _lines(plan: Plan, job: jobs.Job) -> Iterator[str]:
    yield f"Comparison {job.id}, {job.state}: recipe {plan.recipe_name}, seeds {', '.join(map(str, plan.seeds))}."
    yield _table_line(plan)
    approaches = plan.summary.get("approaches", {})
    if rests := seeds(approaches, plan.seeds):
        yield textwrap.fill(rests, 118)
    for key, found in approaches.items():
        own = ", ".join(map(str, found["seeds"]))
        yield f"\n{APPROACHES[key]} (seeds {own}; {found['seconds']:.0f} s of training each)"
        for name, scores in found["labels"].items():
            yield f"  {name}: accuracy {percent(scores['accuracy'])}, F1 {score(scores['f1'])}"
        hidden, gaps = found["hidden"][ALL], found["gaps"]
        yield f"  hidden cells filled: {percent(hidden['filled'])}"
        if hidden["wrong_taken"] is not None:
            promised = f", promised at most {1 - plan.precision:.1%}" if key == OURS else ""
            yield f"  answers taken that are wrong: {percent(hidden['wrong_taken'])}{promised}"
            yield f"  with what rules concluded from them: {percent(hidden['wrong_guesses'])}"
        origins = ", ".join(f"{gaps['by_origin'][o]:,.0f} {o}" for o in ORIGINS if gaps["by_origin"].get(o))
        expected = "" if gaps["wrong"] is None else f"; wrong, reckoned from the hidden ones: {number(gaps['wrong'])}"
        by = f" ({origins})" if origins else ""
        yield f"  gaps filled: {gaps['filled']:,.0f} of {gaps['cells']:,}{by}{expected}"
        if found["contradictions"]:
            yield f"  images that break a rule at the end: {found['contradictions']:,.0f}"
    for key, labels in plan.summary.get("differences", {}).items():
        parts = ", ".join(f"{name} {points(scores['accuracy'])}" for name, scores in labels.items())
        yield ""
        yield textwrap.fill(f"{APPROACHES[OURS]}, against: {APPROACHES[key]}. Accuracy in points: {parts}.", 118)
    yield from (f"\n{APPROACHES[o.approach]}, seed {o.seed}, failed: {o.reason}"
                for o in plan.outcomes if o.state == "failed")  # fmt: skip


def _adapt(parser: argparse.ArgumentParser) -> None:
    """--show needs no recipe, and there are several seeds."""
    options = {action.dest: action for action in parser._actions}
    options["recipe"].required = False
    options["seed"].help = argparse.SUPPRESS


def _seeds(value: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in value.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected whole numbers as 0,1,2, got {value!r}") from None


def _names(value: str) -> tuple[str, ...]:
    return read_names(text(value))
