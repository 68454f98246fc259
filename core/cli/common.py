"""What all verbs share."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Mapping

from core import jobs
from core.errors import GapwiseError
from core.jobs.reporter import Reporter
from core.workspace import Workspace, home

LARGEST = 2**63 - 1  # that a database holds


def add_verb(
    verbs: argparse._SubParsersAction,
    name: str,
    help: str,
    run: Callable[[argparse.Namespace], int],
    *,
    json_output: bool = False,
) -> argparse.ArgumentParser:
    """Add a verb with the options that all have; `run` returns the exit status."""
    parser = verbs.add_parser(name, help=help, description=help)
    parser.add_argument(
        "--workspace",
        metavar="DIR",
        type=text,
        default=os.environ.get("GAPWISE_WORKSPACE") or str(home() / "demo"),
        help="the workspace's folder (default: GAPWISE_WORKSPACE, else the demo: %(default)s)",
    )
    if json_output:
        parser.add_argument("--json", action="store_true", help="print JSON on standard output")
    parser.set_defaults(handler=run)
    return parser


def open_workspace(args: argparse.Namespace) -> Workspace:
    return Workspace.open(args.workspace)


def emit(args: argparse.Namespace, value: object, text: str) -> None:
    """Print a report: the value as JSON with --json, else the text."""
    print(json.dumps(value, ensure_ascii=False, indent=2) if getattr(args, "json", False) else text)


def work_as_job(
    args: argparse.Namespace,
    ws: Workspace,
    kind: str,
    arguments: list[str],
    work: Callable[[Reporter, int], str],
    run_id: int | None = None,
    device: bool = True,
) -> int:
    """Do a verb's long work as a job: here, as the process of one that was started already, or detached.

    Args:
        args: With `detach` and `job`, as `job_options` declares them.
        arguments: The command that another process would be started with, after `python -m core`.
        work: Takes a reporter and the job's id; returns one line that says what came out.
        device: Whether it waits until no other job has the device.

    Returns:
        The exit status.
    """
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


def job_options(parser: argparse.ArgumentParser) -> None:
    """Declare what every verb takes whose work is a job."""
    parser.add_argument("--detach", action="store_true", help="start it in another process and print the job's id")
    parser.add_argument("--job", type=id_number, help=argparse.SUPPRESS)


def add_actions(parser: argparse.ArgumentParser, actions: Mapping[str, str]) -> None:
    """Declare a first word that says what a verb does, `list` where there is none; its help tells them all."""
    told = "; ".join(f"{name}: {what}" for name, what in actions.items())
    parser.add_argument("action", nargs="?", choices=list(actions), default="list", help=told)


def say(text: str) -> None:
    """Tell the person something that is not the report: on standard error."""
    print(text, file=sys.stderr)


def text(value: str) -> str:
    """An argument's type: text that can be stored. Bytes that are no UTF-8 arrive as halves of surrogate pairs."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{value!r} is not valid UTF-8") from None
    return value


def id_number(value: str) -> int:
    """An argument's type: the number of a run, a job or an image.

    Raises:
        GapwiseError: If no database could hold it: nothing has such a number, as with others that are not there.
    """
    if not re.fullmatch(r"[+-]?\d+", value.strip()):
        raise argparse.ArgumentTypeError(f"expected a whole number; got {value[:40]!r}")
    if len(value) > 40 or abs(int(value)) > LARGEST:
        shown = value if len(value) <= 40 else f"{value[:40]}…"
        raise GapwiseError(f"Nothing has the number {shown}: runs, jobs and images have numbers up to {LARGEST}.")
    return int(value)
