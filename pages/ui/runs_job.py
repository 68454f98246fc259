"""A job of one run, as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.errors import GapwiseError
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.jobs import Job
    from core.workspace import Workspace

SECONDS = 1.0


def job_line(workspace: Workspace, job: Job | None) -> None:
    """Draw an active job's progress, live; say why one failed. The page around it is drawn anew when it ends."""
    if job is None:
        return
    if job.active:
        st.fragment(run_every=SECONDS)(_live)(workspace, job.id)
    elif job.state in ("failed", "lost"):
        st.error(plain(job.message), icon=":material/error:")


def _live(workspace: Workspace, job_id: int) -> None:
    try:
        job = jobs.get_job(workspace, job_id)
    except GapwiseError:  # deleted meanwhile
        st.rerun()
    if not job.active:
        st.rerun()
    share = min(1.0, job.done / job.total) if job.total else 0.0
    st.progress(share, text=f"Job {job.id}, {job.state}: {plain(job.message)}")
