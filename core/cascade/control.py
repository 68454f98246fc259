"""Ending a cascade's stop: it goes on, or ends there."""

from __future__ import annotations

from core import jobs
from core.cascade.plan import Plan, read_plan
from core.cascade.words import ended
from core.errors import GapwiseError
from core.workspace import Workspace


def go_on(ws: Workspace, job_id: int, stop: int | None = None, *, here: bool = False) -> None:
    """Let a waiting cascade go on with what is known now.

    Args:
        stop: The stage, from 1, whose stop was on screen; None for whichever it waits at. A press for an earlier one
            ends nothing: nobody has looked at the later one then.
        here: Only queue it: its work is done by this very process.

    Raises:
        GapwiseError: If it does not wait there, or can't be started.
    """
    number = _waits(ws, job_id).stop
    if stop is not None and stop != number:
        raise GapwiseError(f"Cascade {job_id} went on from there already; it waits after stage {number} now.")
    jobs.go_on(ws, job_id, number, here=here)


def end(ws: Workspace, job_id: int) -> None:
    """End a waiting cascade where it is; what was accepted stays.

    Raises:
        GapwiseError: If it does not wait.
    """
    jobs.end_waiting(ws, job_id, ended(_waits(ws, job_id)))


def plan_of(ws: Workspace, job_id: int) -> Plan:
    """Return a cascade's plan.

    Raises:
        GapwiseError: If the job is no cascade, or has no plan yet.
    """
    job = jobs.get_job(ws, job_id)
    plan = read_plan(ws.job_dir(job_id))
    if job.kind != "cascade" or plan is None:
        raise GapwiseError(f"Job {job_id} is no cascade, or has not begun: it has no plan.")
    return plan


def _waits(ws: Workspace, job_id: int) -> Plan:
    plan, job = plan_of(ws, job_id), jobs.get_job(ws, job_id)
    if job.state != "waiting" or plan.stop is None:
        raise GapwiseError(f"Cascade {job_id} is {job.state}: it waits for nobody.")
    return plan
