"""The line that follows a long job on a page, and draws the page again when the job has something new to show."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.errors import GapwiseError
from core.training.compare import duration
from pages.ui.saying import say
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.jobs import Job
    from core.workspace import Workspace

LIVE_SECONDS = 2.0


def follow(workspace: Workspace, job: Job, file: str, figures: Callable[[Job], str] = lambda _: "") -> None:
    """Draw a job's progress while it goes on.

    Args:
        file: In the job's folder; when it changes, the page is drawn again.
        figures: What to add to the line.
    """
    # Nothing is drawn inside but the line: a poller that holds a widget crashes when the page around it changes.
    every = LIVE_SECONDS if job.active else None
    st.fragment(run_every=every)(_poll)(workspace, job.id, file, _stamp(workspace, job.id, file), figures)


def stop(workspace: Workspace, job_id: int) -> None:
    """Ask a job to stop: for a button's callback."""
    try:
        jobs.stop(workspace, job_id)
    except GapwiseError as error:  # it ended in this moment
        say(error, ":material/error:")


def _stamp(workspace: Workspace, job_id: int, file: str) -> tuple:
    try:
        changed = (workspace.job_dir(job_id) / file).stat().st_mtime_ns
    except OSError:
        changed = 0
    return changed, jobs.get_job(workspace, job_id).state


def _poll(workspace: Workspace, job_id: int, file: str, seen: tuple, figures: Callable[[Job], str]) -> None:
    job = jobs.get_job(workspace, job_id)
    if _stamp(workspace, job_id, file) != seen:
        st.rerun()  # tables and charts around this fragment are out of date
    if job.active:
        left = "" if job.eta is None else f" · about {duration(job.eta)} left"
        share = min(1.0, job.done / job.total) if job.total else 0.0
        st.progress(share, text=f"{plain(job.message)}{left}{figures(job)}")
