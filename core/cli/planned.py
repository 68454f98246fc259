"""A job that has several trainings to do, one after the other, by a plan in its folder."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from core.jobs.reporter import Reporter
from core.training.sweep.plan import Plan, read_plan, write_plan
from core.workspace import Workspace


def work(args: argparse.Namespace, ws: Workspace, job_id: int, make: Callable[[], Plan]) -> int:
    """Do what is left of a job's plan in this process; return the exit status.

    Args:
        make: The plan of a job that has none yet: one that was started by another job's command.
    """
    from core.jobs.worker import run_job

    def trainings(reporter: Reporter) -> str:
        from core.training.sweep.run import run_sweep

        folder = ws.job_dir(job_id)
        if read_plan(folder) is None:
            write_plan(folder, make())
        return run_sweep(ws, job_id, reporter)

    return run_job(ws, job_id, trainings, foreground=args.job is None)
