"""`train` and `predict`."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from core.cli.common import add_verb, id_number, job_options, open_workspace, text, work_as_job
from core.cli.where import add_where, chosen_where
from core.cluster.where import Where
from core.errors import GapwiseError
from core.jobs.reporter import Reporter
from core.models.catalog import known_catalog
from core.store import runs
from core.store.cells import TRUSTED
from core.store.jobs import job_row
from core.store.labels import label_id
from core.training.command import (
    TrainCommand,
    add_options,
    check_weights,
    parse_train_command,
    read_options,
    train_command,
)
from core.training.recipe import Recipe
from core.training.rundir import RunDir
from core.training.trackers import TRACKERS, check_trackers, tracker_arguments
from core.workspace import Workspace


def register(verbs: argparse._SubParsersAction) -> None:
    train = add_verb(verbs, "train", "train a label on its known cells, then predict its open ones", _train,
                     json_output=True)  # fmt: skip
    add_options(train)
    about = "follow the training in another tool as well, by its own curves; may be given several times"
    train.add_argument("--tracker", action="append", choices=list(TRACKERS), default=[], help=about)
    add_where(train)
    job_options(train)
    predict = add_verb(verbs, "predict", "predict a label's open cells with a run's best checkpoint", _predict,
                       json_output=True)  # fmt: skip
    which = predict.add_mutually_exclusive_group()
    which.add_argument("--run", type=id_number, metavar="ID", help="the run (default: the newest)")
    which.add_argument("--label", type=text, metavar="NAME", help="the newest run of this label")
    job_options(predict)


def _train(args: argparse.Namespace) -> int:
    ws, where = open_workspace(args), chosen_where(args)
    here = where.cluster is None  # else this machine's device is left to others
    trackers = tuple(dict.fromkeys(args.tracker))
    if args.job is not None:  # a command that can't be read any more is then the job's failure, and told as such

        def told(reporter: Reporter, job_id: int) -> str:
            return _trained(ws, read_options(args), trackers, where, reporter, job_id)

        return work_as_job(args, ws, "train", [], told, device=here)
    check_trackers(trackers)
    asked = read_options(args)
    check(asked.full_recipe())
    with ws.read() as connection:
        label_id(connection, asked.label)  # a wrong name is told before anything starts
    arguments = train_command(asked.label, _absolute(asked.recipe), asked.values, asked.pseudo, asked.standalone)
    work = partial(_trained, ws, parse_train_command(arguments), trackers, where)
    arguments += [*tracker_arguments(trackers), *where.arguments]
    return work_as_job(args, ws, "train", arguments, work, device=here)


def check(recipe: Recipe) -> None:
    """Raise a GapwiseError before there is a job where a recipe names what timm or this machine does not have."""
    check_weights(recipe.weights)
    known_catalog().check(recipe)


def _trained(
    ws: Workspace, asked: TrainCommand, trackers: tuple[str, ...], where: Where, reporter: Reporter, job_id: int
) -> str:
    from core.cluster.supervise import train_there
    from core.training.train import Order

    with ws.read() as connection:
        run_id = job_row(connection, job_id).run_id
    # A run goes on with its own recipe, whatever became of the one that it was started with.
    recipe = asked.full_recipe() if run_id is None else RunDir(ws.run_dir(run_id)).recipe()
    sources = (*TRUSTED, "pseudo") if asked.pseudo else TRUSTED
    order = Order(asked.label, asked.recipe_name, recipe, sources, trackers=trackers)
    return train_there(ws, order, reporter, job_id, run_id, where)


def _absolute(recipe: str) -> str:
    """Return a recipe's name as it is, a file's path in full: a job starts in another folder than this command."""
    return str(Path(recipe).expanduser().resolve()) if recipe.endswith(".toml") else recipe


def _predict(args: argparse.Namespace) -> int:
    ws = open_workspace(args)
    run_id = _chosen_run(ws, args)

    def work(reporter: Reporter, _job_id: int) -> str:
        from core.pseudo.predict import predict

        return f"Run {run_id}: {predict(ws, run_id, reporter)} open cells have a proposal."

    return work_as_job(args, ws, "predict", ["predict", "--run", str(run_id)], work, run_id)


def _chosen_run(ws: Workspace, args: argparse.Namespace) -> int:
    with ws.read() as connection:
        if args.run is not None:
            return runs.run(connection, args.run).id
        label = None if args.label is None else label_id(connection, args.label)
        found = runs.list_runs(connection, label)
    usable = [r.id for r in found if (ws.run_dir(r.id) / runs.BEST).is_file()]
    if not usable:
        of = "" if args.label is None else f" of label {args.label!r}"
        raise GapwiseError(f"There is no trained run{of} yet. Train one with `python -m core train`.")
    return usable[0]
