"""Measuring the pictures that were not measured yet: the button that starts it, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.errors import GapwiseError
from core.store import measured
from pages.ui import job_poll, one_press
from pages.ui.runs_job import job_line
from pages.ui.saying import say
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.jobs import Job
    from core.workspace import Workspace

JOBS = 20  # the newest ones are looked at
KIND, COMMAND = "measure", ["measure"]


def line(workspace: Workspace) -> None:
    """Draw what is left to measure; nothing when all is done."""
    job = _newest(workspace)
    if job is not None and job.active:
        job_line(workspace, job)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                "What it finds is held against the gaps once it is through. It goes on when you close this page."
            )
            st.button("Stop", icon=":material/stop:", type="tertiary", key="measure_stop", on_click=job_poll.stop,
                      args=(workspace, job.id), disabled=job.state == "stopping")  # fmt: skip
        return
    with workspace.read() as connection:
        found = measured.progress(connection)
    if not (found.waiting or found.failed):
        return
    if job is not None:
        job_line(workspace, job)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(plain(_told(found)), width="stretch")
        st.button("Try again" if not found.waiting else "Measure them", icon=":material/straighten:", key="measure",
                  on_click=_start, args=(workspace,),
                  help="Reads every picture once, in a process of its own; some hundred a second for small"
                  " ones.")  # fmt: skip


def _told(found: measured.Progress) -> str:
    if found.waiting == found.images:
        return f"{found.waiting:,} pictures are not measured yet: how bright and how sharp they are, and their dates."
    if found.waiting:
        return f"{found.waiting:,} of {found.images:,} pictures are not measured yet."
    return f"{found.failed:,} of {found.images:,} pictures can't be read, the first because: {found.problem}"


def _newest(workspace: Workspace) -> Job | None:
    return next((job for job in jobs.list_jobs(workspace, JOBS) if job.kind == KIND), None)


def _start(workspace: Workspace) -> None:
    """Start it, once for a double click and for two tabs."""
    job = _newest(workspace)
    if one_press.again(workspace, COMMAND) or (job is not None and job.active):
        return
    one_press.note(workspace, COMMAND)
    try:
        jobs.start(workspace, KIND, COMMAND)
    except GapwiseError as error:
        say(error, ":material/error:")
