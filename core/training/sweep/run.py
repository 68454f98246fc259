"""A sweep's trials, one after another in this process. Imports torch: for worker processes only."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from torch import nn

from core.errors import GapwiseError, first_line
from core.jobs.reporter import Reporter, Silent
from core.models import zoo
from core.models.cost import multiply_adds
from core.pseudo.predict import predict
from core.store import runs
from core.training.between import Part, forget, light_collections
from core.training.optim import make_optimizer
from core.training.rundir import RunDir
from core.training.sweep.plan import Plan, Trial, leaders, read_plan, write_plan
from core.training.sweep.search import propose
from core.training.train import Order, full_disk_told, prepare, train
from core.workspace import Workspace

log = logging.getLogger("gapwise")

RESUMED = ("running", "stopped", "waiting")
_counted = lru_cache(maxsize=256)(multiply_adds)  # equally good trials are weighed again after each trial


def _told(reporter: Reporter, plan: Plan, trial: Trial) -> Part:
    """Return a trial's word as the sweep's: progress over all trials, and the best figures of all of them."""
    best = plan.trial(plan.best)
    figures = {f"best_{k}": best.figures[k] for k in ("accuracy", "f1")} | {"best_trial": best.number} if best else {}
    return Part(reporter, trial.number - 1, plan.total, f"Trial {trial.number} of {plan.total}, ", figures)


def run_sweep(
    ws: Workspace, job_id: int, reporter: Reporter, after: Callable[[Plan, Trial], None] | None = None
) -> str:
    """Train what is left of a job's plan, then predict with the best trial; return one line that says what came out.

    A trial that fails is noted with its reason, and the next one begins. A stop keeps all; a later call goes on.

    Args:
        after: Called when a trial is over, with the plan that was written.

    Raises:
        GapwiseError: If there is no plan, a name in it is wrong, the disk is full, or every trial failed.
    """
    plan = read_plan(ws.job_dir(job_id))
    if plan is None:
        raise GapwiseError(f"Job {job_id} has no plan, so there is nothing to go on with. Start the sweep again.")
    _check_names(plan)
    _again_where_all_failed(plan)
    with light_collections():
        return _all(ws, job_id, plan, reporter, after)


def _all(
    ws: Workspace, job_id: int, plan: Plan, reporter: Reporter, after: Callable[[Plan, Trial], None] | None
) -> str:
    while (trial := _next(plan)) is not None:
        if reporter.should_stop():
            return f"Stopped before trial {trial.number} of {plan.total}. {summary(plan)}"
        _try(ws, job_id, plan, trial, reporter)
        if trial.state == "stopped":
            return f"Stopped in trial {trial.number} of {plan.total}. {summary(plan)}"
        if after is not None:
            after(plan, trial)
    return _close(ws, job_id, plan, reporter)


def summary(plan: Plan) -> str:
    """Return one line about what came out so far."""
    states = [t.state for t in plan.trials]
    counted = f"{states.count('finished')} of {plan.total} trials are done"
    failed = f", {states.count('failed')} failed" if "failed" in states else ""
    best = plan.trial(plan.best)
    if best is None:
        return f"{counted}{failed}."
    found = f"accuracy {best.figures['accuracy']:.3f}, F1 {best.figures['f1']:.3f}"
    return f"{counted}{failed}. Best: trial {best.number} ({best}) with {found}, run {best.run}."


def _next(plan: Plan) -> Trial | None:
    waiting = next((t for t in plan.trials if t.state in RESUMED), None)
    if waiting is None and len(plan.trials) < plan.total:
        plan.extend(propose(plan))
        return _next(plan)
    return waiting


def _try(ws: Workspace, job_id: int, plan: Plan, trial: Trial, reporter: Reporter) -> None:
    folder = ws.job_dir(job_id)
    trial.state, trial.reason = "running", ""
    trial.run = _begun(ws, job_id, trial)
    write_plan(folder, plan)
    try:
        _train(ws, job_id, plan, trial, _told(reporter, plan, trial))
    except GapwiseError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in (errno.ENOSPC, errno.EDQUOT):
            raise  # so would be every other trial's end
        log.exception("trial %d failed", trial.number)
        trial.state, trial.reason = "failed", str(error)
    except Exception as error:
        log.exception("trial %d failed", trial.number)
        trial.state, trial.reason = "failed", f"{first_line(error)[:300]} (The log has the details.)"
    finally:
        forget()
    plan.best = _best(plan)
    write_plan(folder, plan)


def _train(ws: Workspace, job_id: int, plan: Plan, trial: Trial, told: Part) -> None:
    about = {"id": job_id, "trial": trial.number, "values": trial.values}
    about |= {"point": trial.point} if trial.point else {}
    recipe = plan.recipe_of(trial.values)
    order = Order(plan.label, plan.recipe_name, recipe, tuple(plan.sources), predict=False, sweep=about)
    with full_disk_told():
        if trial.run is None:
            trial.run = prepare(ws, order, told, job_id)
            write_plan(ws.job_dir(job_id), plan)  # so that a page can show its curve
        if trial.run is not None:
            train(ws, order, told, job_id, trial.run)
    if told.should_stop():
        trial.state = "stopped"  # it may just have come to its end: then going on takes no time
        return
    with ws.read() as connection:
        metrics = runs.run(connection, trial.run).metrics
    kept = {k: metrics[k] for k in ("accuracy", "f1", "f1_macro", "loss", "epoch")}
    trial.figures = {**kept, "seconds": round(float(runs.metrics_frame(ws, trial.run)["seconds"].sum()), 2)}
    trial.state = "finished"


def _begun(ws: Workspace, job_id: int, trial: Trial) -> int | None:
    """Return the run of a trial, also one that a killed worker did not live to note; None when it begins anew."""
    with ws.read() as connection:
        found = [r for r in runs.list_runs(connection) if r.job_id == job_id]
    mine = (r.id for r in found if (r.config.get("sweep") or {}).get("trial") == trial.number)
    return next((run_id for run_id in mine if RunDir(ws.run_dir(run_id)).whole), None)


def _close(ws: Workspace, job_id: int, plan: Plan, reporter: Reporter) -> str:
    best = plan.trial(plan.best)
    if best is None:
        reasons = [t.reason for t in plan.trials]
        raise GapwiseError(f"All {len(reasons)} trials failed. The first one: {reasons[0]}")
    if not plan.predict:
        return summary(plan)
    with full_disk_told():
        count = predict(ws, best.run, Predicting(reporter, plan))
    if reporter.should_stop():
        return f"Stopped while predicting. {summary(plan)}"
    plan.predicted = best.run
    write_plan(ws.job_dir(job_id), plan)
    return f"{summary(plan)} {count} open cells have a proposal."


class Predicting(Silent):
    """What the prediction tells at the end of a sweep: all trials are done."""

    def __init__(self, reporter: Reporter, plan: Plan) -> None:
        self._reporter, self._total = reporter, plan.total

    def progress(self, done: float, total: float, message: str = "", **figures: object) -> None:
        self._reporter.progress(self._total, self._total, f"The best trial: {message}", **figures)

    def should_stop(self) -> bool:
        return self._reporter.should_stop()


def _best(plan: Plan) -> int | None:
    found = leaders(plan)
    if len(found) < 2:
        return found[0].number if found else None
    return min(found, key=lambda trial: (_cost(plan, trial), trial.number)).number


def _cost(plan: Plan, trial: Trial) -> int:
    recipe = plan.recipe_of(trial.values)
    return _counted(recipe.model, recipe.pixels, recipe.width, recipe.depth)


def _check_names(plan: Plan) -> None:
    """Refuse names of models, optimizers and files that would fail in every trial that has them."""
    tried = {s.name: s.values for s in plan.settings}
    base = plan.base()
    for name in tried.get("model", (base.model,)):
        zoo.check_name(name)
    for name in tried.get("optimizer", (base.optimizer,)):
        make_optimizer(nn.Linear(1, 1), base.model_copy(update={"optimizer": name}))
    for weights in tried.get("weights", (base.weights,)):
        if weights not in ("hub", "random") and not Path(weights).is_file():
            raise GapwiseError(f"There is no weights file {weights} on this machine.")


def _again_where_all_failed(plan: Plan) -> None:
    """A sweep of which nothing succeeded is resumed because somebody mended what was wrong."""
    if len(plan.trials) == plan.total and all(t.state == "failed" for t in plan.trials):
        for trial in plan.trials:
            trial.state = "waiting"
