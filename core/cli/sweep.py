"""`sweep`: a training for every combination of some settings, and what each did to accuracy and F1."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator

from core import jobs
from core.cli import planned
from core.cli.common import add_verb, emit, id_number, job_options, open_workspace, say, text
from core.errors import GapwiseError
from core.models.catalog import known_catalog
from core.training.sweep import command, effects
from core.training.sweep.command import Asked
from core.training.sweep.plan import OBJECTIVES, OPTUNA_TRIALS, SEARCHES, Plan, read_plan, write_plan
from core.training.sweep.spelling import HOW
from core.workspace import Workspace

# Short for --set NAME=VALUES.
_SHORT = ("seeds", "epochs", "batch_size", "size", "weights", "model", "lr")
_HELP = f"""
A sweep trains once for every combination of the values, all trials on the same images, measured on the same held-out
images, with the same seed unless seeds are listed; then it predicts with the best one. It is one job: `jobs stop` and
`jobs resume` work on it.

{textwrap.fill(HOW, 118)}
Words need no quotes; true, false, "texts", [lists] and {{tables}} are written as in TOML. low..high is a range for
Optuna's search; it is drawn by its logarithm where it spans a factor of ten or more. A single value holds for all.

A plan file has the same in a [sweep] table (dropout = [0, 0.2]; lr = "1e-4..1e-2"), alone or below a recipe.
"""


def register(verbs: argparse._SubParsersAction) -> None:
    sweep = add_verb(verbs, "sweep", "try lists of values for a recipe's settings", _sweep, json_output=True)
    sweep.description, sweep.formatter_class = _HELP, argparse.RawDescriptionHelpFormatter
    sweep.add_argument("--label", type=text, metavar="NAME")
    sweep.add_argument("--recipe", type=text, metavar="NAME", help="a recipe of data/recipes, or a .toml file")
    sweep.add_argument("--set", action="append", default=[], type=text, metavar="NAME=VALUES", dest="sets",
                       help="what to try for a setting, as dropout=0,0.2,0.5; once for each setting")  # fmt: skip
    sweep.add_argument("--plan", type=text, metavar="FILE", help="a .toml file with a [sweep] table")
    for name in _SHORT:
        about = f"short for --set {'seed' if name == 'seeds' else name}=VALUES"
        sweep.add_argument(f"--{name.replace('_', '-')}", type=text, metavar="VALUES", help=about)
    sweep.add_argument("--search", choices=list(SEARCHES), default="grid",
                       help="every combination, or Optuna's search (default: %(default)s)")  # fmt: skip
    sweep.add_argument("--trials", type=int, metavar="N", help=f"with optuna: combinations (default: {OPTUNA_TRIALS})")
    sweep.add_argument("--objective", choices=list(OBJECTIVES), default="f1", help="best by (default: %(default)s)")
    sweep.add_argument("--no-predict", action="store_true", help="don't predict with the best trial at the end")
    sweep.add_argument("--pseudo", action="store_true", help="learn from values accepted in bulk as well")
    sweep.add_argument("--show", type=id_number, metavar="JOB", help="only show what a sweep's trials gave so far")
    job_options(sweep)
    sweep.set_defaults(usage_error=sweep.error)


def _sweep(args: argparse.Namespace) -> int:
    if args.show is None and args.label is None:
        args.usage_error("the following arguments are required: --label")
    ws = open_workspace(args)
    if args.show is not None:
        return _show(args, ws, args.show)
    if args.job is not None:
        return planned.work(args, ws, args.job, lambda: command.check(ws, _asked(args)))
    asked = _asked(args)
    plan = command.check(ws, asked)
    _check_names(plan)
    say(f"{plan.total} trials: {', '.join(_counted(plan))}")
    if args.detach:
        job_id = command.start(ws, asked)
        emit(args, {"id": job_id, "trials": plan.total}, str(job_id))
        return 0
    job_id = jobs.register(ws, "sweep", asked.command())
    write_plan(ws.job_dir(job_id), plan)
    status = planned.work(args, ws, job_id, lambda: plan)
    return _show(args, ws, job_id) if status == 0 else status


def _check_names(plan: Plan) -> None:
    """Raise a GapwiseError before there is a job where a trial names what timm does not have."""
    known, base, tried = known_catalog(), plan.base(), {s.name: s.values for s in plan.settings}
    for model in tried.get("model") or (base.model,):
        known.check_model(str(model))
    for optimizer in tried.get("optimizer") or (base.optimizer,):
        known.check_optimizer(str(optimizer))


def _asked(args: argparse.Namespace) -> Asked:
    given = [("seed" if n == "seeds" else n, getattr(args, n)) for n in _SHORT]
    sets = (*args.sets, *(f"{name}={values}" for name, values in given if values is not None))
    return Asked(args.label, args.recipe, sets, args.plan, args.search, args.trials, args.objective,
                 not args.no_predict, args.pseudo)  # fmt: skip


def _show(args: argparse.Namespace, ws: Workspace, job_id: int) -> int:
    job, plan = jobs.get_job(ws, job_id), read_plan(ws.job_dir(job_id))
    if plan is None:
        raise GapwiseError(f"Job {job_id} is no sweep, or has not begun: it has no plan.")
    found = {metric: effects.effects(plan, metric) for metric in effects.METRICS}
    value = {
        **job.as_dict(),
        "sweep": plan.as_dict(),
        "by_value": {d.name: effects.by_value(plan, d).to_dict("records") for d in effects.dimensions(plan)},
        "effects": {metric: [vars(e) for e in each] for metric, each in found.items()},
    }
    emit(args, _without_nan(value), "\n".join(_lines(plan, found[plan.objective], job)))
    return 0


def _lines(plan: Plan, found: list[effects.Effect], job: jobs.Job) -> Iterator[str]:
    yield f"Sweep {job.id}, {job.state}: label {plan.label}, recipe {plan.recipe_name}. {job.message}"
    frame = effects.trials_frame(plan).drop(columns=["loss", "reason"])
    frame["epoch"], frame["run"] = frame["epoch"].astype("Int64"), frame["run"].astype("Int64")
    yield ""
    yield frame.to_string(index=False, na_rep="-", float_format="{:.4g}".format)
    yield from (f"\nTrial {t.number} failed: {t.reason}" for t in plan.trials if t.state == "failed")
    for setting in effects.dimensions(plan):
        yield f"\nBy {setting.name}, mean of its trials ± standard deviation over the other settings:"
        for row in effects.by_value(plan, setting).to_dict("records"):
            shown = " ".join(f" {t} {_spread(row, m)}" for m, t in effects.METRICS.items())
            yield f"  {row['value']:>20} {shown}  ({row['trials']} trial{'s' * (row['trials'] > 1)})"
    if found:
        yield f"\nShare of the variance of {OBJECTIVES[plan.objective]} that each setting explains:"
        yield from (f"  {e.name:>20}  {_share(e)}" for e in found)
        yield textwrap.fill(effects.METHOD, 120)


def _counted(plan: Plan) -> Iterator[str]:
    if plan.search == "optuna":
        yield f"{plan.proposals} of Optuna's choice"
    for setting in effects.dimensions(plan):
        yield f"{setting.name} {setting.range}" if setting.range else f"{len(setting.values)} x {setting.name}"


def _spread(row: dict, metric: str) -> str:
    spread = row[f"{metric}_spread"]
    return f"{row[metric]:.3f}" + ("" if spread != spread else f" ± {spread:.3f}")


def _share(effect: effects.Effect) -> str:
    if effect.share is None:
        return "not known"
    return f"{effect.share:.0%} (by chance {effect.chance:.0%}; dealt at random as much in {effect.luck:.0%} of cases)"


def _without_nan(value: object) -> object:
    """JSON has no NaN."""
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_nan(v) for v in value]
    return None if isinstance(value, float) and value != value else value
