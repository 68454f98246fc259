"""`train` and `predict`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from core import jobs
from core.cli.common import add_verb, emit, open_workspace, text
from core.cli.where import add_where, chosen_where
from core.cluster.where import Where
from core.errors import GapwiseError
from core.jobs.reporter import Reporter
from core.store import runs
from core.store.jobs import job_row
from core.store.labels import label_id
from core.training.command import TrainCommand, add_options, parse_train_command, read_options, train_command
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
    _job_options(train)
    predict = add_verb(verbs, "predict", "predict a label's open cells with a run's best checkpoint", _predict,
                       json_output=True)  # fmt: skip
    which = predict.add_mutually_exclusive_group()
    which.add_argument("--run", type=int, metavar="ID", help="the run (default: the newest)")
    which.add_argument("--label", type=text, metavar="NAME", help="the newest run of this label")
    _job_options(predict)


def _job_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--detach", action="store_true", help="start it in another process and print the job's id")
    parser.add_argument("--job", type=int, help=argparse.SUPPRESS)


def _train(args: argparse.Namespace) -> int:
    ws, where = open_workspace(args), chosen_where(args)
    here = where.cluster is None  # else this machine's device is left to others
    trackers = tuple(dict.fromkeys(args.tracker))
    if args.job is not None:  # a command that can't be read any more is then the job's failure, and told as such
        return _run(args, ws, "train", [], lambda *work: _trained(ws, read_options(args), trackers, where, *work),
                    device=here)  # fmt: skip
    check_trackers(trackers)
    asked = read_options(args)
    with ws.read() as connection:
        label_id(connection, asked.label)  # a wrong name is told before anything starts
    arguments = train_command(asked.label, _absolute(asked.recipe), asked.values, asked.pseudo, asked.standalone)
    work = partial(_trained, ws, parse_train_command(arguments), trackers, where)
    arguments += [*tracker_arguments(trackers), *where.arguments]
    return _run(args, ws, "train", arguments, work, device=here)


def _trained(
    ws: Workspace, asked: TrainCommand, trackers: tuple[str, ...], where: Where, reporter: Reporter, job_id: int
) -> str:
    from core.cluster.supervise import train_there
    from core.training.train import TRUSTED, Order

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

    return _run(args, ws, "predict", ["predict", "--run", str(run_id)], work, run_id)


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


def _run(
    args: argparse.Namespace,
    ws: Workspace,
    kind: str,
    arguments: list[str],
    work: Callable[..., str],
    run_id: int | None = None,
    device: bool = True,
) -> int:
    if args.detach:
        job_id = jobs.start(ws, kind, arguments, run_id)
        emit(args, {"id": job_id}, str(job_id))
        return 0
    from core.jobs.worker import run_job

    foreground = args.job is None
    job_id = jobs.register(ws, kind, arguments, run_id) if foreground else args.job
    status = run_job(ws, job_id, lambda reporter: work(reporter, job_id), device=device, foreground=foreground)
    if status == 0:
        job = jobs.get_job(ws, job_id)
        emit(args, job.as_dict(), job.message)
    return status
