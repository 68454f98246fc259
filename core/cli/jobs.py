"""`jobs`: what runs in other processes."""

from __future__ import annotations

import argparse
import shlex
import time
from dataclasses import replace

from core import jobs
from core.cli.common import add_actions, add_verb, emit, id_number, open_workspace, text
from core.cli.training import check
from core.jobs.job import Job
from core.training.command import parse_train_command, train_command
from core.training.settings import read_settings
from core.workspace import Workspace

ACTIONS = {
    "list": "all jobs, newest first",
    "stop": "end it within a step; it keeps its best checkpoint",
    "resume": "go on with a stopped, failed or lost one from its latest checkpoint",
    "retry": "the same command anew, as a job and a run of its own",
    "clone": "a training's command anew with other settings (--set), as a job and a run of its own",
    "delete": "its entry and its log; its run only with --with-run",
    "log": "the last 200 lines of its log",
}


def register(verbs: argparse._SubParsersAction) -> None:
    parser = add_verb(verbs, "jobs", "list, stop, resume, retry, clone and delete jobs", _jobs, json_output=True)
    add_actions(parser, ACTIONS)
    parser.add_argument("id", nargs="?", type=id_number, metavar="ID")
    about = "with clone: a setting instead of the job's own, as `train` takes it; may be given several times"
    parser.add_argument("--set", type=text, action="append", default=[], metavar="NAME=VALUE", help=about)
    about = "with delete: the runs that it made go too, unless decisions stand on their predictions"
    parser.add_argument("--with-run", action="store_true", help=about)
    parser.set_defaults(usage_error=parser.error)


def _jobs(args: argparse.Namespace) -> int:
    if (args.id is None) != (args.action == "list"):
        args.usage_error("list takes no job id" if args.action == "list" else f"{args.action} needs a job id")
    if args.with_run and args.action != "delete":
        args.usage_error("--with-run goes with delete only")
    if bool(args.set) != (args.action == "clone"):
        args.usage_error("clone needs --set NAME=VALUE" if args.action == "clone" else "--set goes with clone only")
    ws = open_workspace(args)
    _HANDLERS[args.action](args, ws)
    return 0


def _list(args: argparse.Namespace, ws: Workspace) -> None:
    found = jobs.list_jobs(ws)
    emit(args, [j.as_dict() for j in found], "\n".join(_line(j) for j in found) or "no jobs yet")


def _log(args: argparse.Namespace, ws: Workspace) -> None:
    jobs.get_job(ws, args.id)
    log = jobs.log_tail(ws, args.id, lines=200)
    emit(args, {"id": args.id, "log": log}, log)


def _change(args: argparse.Namespace, ws: Workspace) -> None:
    (jobs.stop if args.action == "stop" else jobs.resume)(ws, args.id)
    job = jobs.get_job(ws, args.id)
    emit(args, job.as_dict(), f"job {job.id} is {job.state}")


def _retry(args: argparse.Namespace, ws: Workspace) -> None:
    job = jobs.get_job(ws, jobs.retry(ws, args.id))
    emit(args, job.as_dict(), f"job {job.id} is {job.state}")


def _clone(args: argparse.Namespace, ws: Workspace) -> None:
    asked = parse_train_command(jobs.get_job(ws, args.id).command)
    values = asked.values | read_settings(args.set)
    check(replace(asked, values=values).full_recipe())
    arguments = train_command(asked.label, asked.recipe, values, asked.pseudo, asked.standalone)
    job = jobs.get_job(ws, jobs.start(ws, "train", [*arguments, *asked.rest]))
    emit(args, job.as_dict(), f"job {job.id} is {job.state}")


def _delete(args: argparse.Namespace, ws: Workspace) -> None:
    had = jobs.delete(ws, args.id, args.with_run)
    gone = {"id": args.id, "runs": list(had.runs) if args.with_run else [],
            "proposals": had.proposals if args.with_run else 0}  # fmt: skip
    runs = f", with run {', '.join(map(str, had.runs))} and {had.proposals} proposals" if gone["runs"] else ""
    stays = bool(had.runs) and not args.with_run
    kept = f"; run {', '.join(map(str, had.runs))} stays, but can't be resumed any more" if stays else ""
    emit(args, gone, f"job {args.id} is deleted{runs}{kept}")


_HANDLERS = {
    "list": _list, "log": _log, "stop": _change, "resume": _change, "retry": _retry, "clone": _clone, "delete": _delete,
}  # fmt: skip


def _line(job: Job) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created))
    share = f" {100 * job.done / job.total:.0f}%" if job.active and job.total else ""
    head = f"{job.id:>4}  {job.state:<8}{share:>5}  pid {job.pid or '-':<7}  {when}"
    return f"{head}  {shlex.join(job.command)}\n      {job.message}"
