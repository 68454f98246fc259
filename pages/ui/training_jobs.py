"""Jobs with their true states: what runs is live, what ended can be gone on with, repeated or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from pages.ui import state, training_job_actions, training_job_card

if TYPE_CHECKING:
    from core.jobs import Job
    from core.workspace import Workspace

PER_PAGE = 6
LIVE_SECONDS, IDLE_SECONDS = 1.5, 5.0


def panel(workspace: Workspace) -> None:
    """Draw what is active, then the other jobs, six to a page."""
    st.subheader("Jobs", anchor=False)
    training_job_actions.confirm_deletion(workspace)
    count = jobs.count_jobs(workspace)
    if not count:
        st.caption("Nothing has run yet.")
    pages = max(1, -(-count // PER_PAGE))
    page = _page(pages)
    found = _shown(workspace, page)
    # No widgets inside: a poller that holds one crashes when the page around it changes.
    active = any(job.active for job in found)
    st.fragment(run_every=LIVE_SECONDS if active else IDLE_SECONDS)(_watch)(workspace, page, _signs(workspace, found))
    newest = next((job.id for job in found if not job.active), None)
    for job in found:
        training_job_card.card(workspace, job, opened=job.id == newest)
    if pages > 1:
        st.pagination(pages, key=state.TRAIN_JOBS_PAGE)


def _page(pages: int) -> int:
    """Return the page that was chosen; the first when jobs were deleted until it had none."""
    if st.session_state.get(state.TRAIN_JOBS_PAGE, 1) > pages:
        del st.session_state[state.TRAIN_JOBS_PAGE]
    return st.session_state.get(state.TRAIN_JOBS_PAGE, 1)


def _shown(workspace: Workspace, page: int) -> list[Job]:
    """Return all active jobs, what runs before what waits in the order of its turn, and those of a page; each once."""
    active = sorted(jobs.active_jobs(workspace), key=lambda job: (job.state == "queued", job.id))
    known = {job.id for job in active}
    rest = jobs.list_jobs(workspace, PER_PAGE, (page - 1) * PER_PAGE)
    return active + [job for job in rest if job.id not in known]


def _signs(workspace: Workspace, found: list[Job]) -> tuple:
    return jobs.count_jobs(workspace), tuple((job.id, job.state, job.run_id) for job in found)


def _watch(workspace: Workspace, page: int, signs: tuple) -> None:
    if _signs(workspace, _shown(workspace, page)) != signs:
        st.rerun()  # cards and buttons around this fragment are out of date
