"""`measure`: what the pictures themselves tell, for `missing --chance`."""

from __future__ import annotations

import argparse
import os
from contextlib import suppress

from core.cli.common import add_verb, job_options, open_workspace, work_as_job
from core.jobs.reporter import Reporter
from core.workspace import Workspace


def register(verbs: argparse._SubParsersAction) -> None:
    about = "read brightness, contrast, sharpness and date off the pictures that were not measured yet"
    job_options(add_verb(verbs, "measure", about, _measure, json_output=True))


def _measure(args: argparse.Namespace) -> int:
    ws = open_workspace(args)
    if args.job is not None:
        with suppress(OSError):
            os.nice(10)  # whoever started it from a page goes on clicking there

    def work(reporter: Reporter, _job_id: int) -> str:
        return _told(ws, reporter)

    return work_as_job(args, ws, "measure", ["measure"], work, device=False)


def _told(ws: Workspace, reporter: Reporter) -> str:
    from core.images.prepare import prepare
    from core.store.measured import progress

    done = prepare(ws, reporter, previews=False)
    with ws.read() as connection:
        left = progress(connection)
    told = f"{done.measured:,} pictures measured."
    if left.failed:
        told += f" {left.failed:,} can't be read, the first because: {left.problem}"
    return told + (f" {left.waiting:,} are left." if left.waiting else "")
