"""Times of the explorer's networks on this machine: the job that measures them, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.models.network import Network, checked
from pages.ui import job_poll, one_press, scaling_measuring, state
from pages.ui.runs_job import job_line

if TYPE_CHECKING:
    from core.jobs import Job


def start(networks: Sequence[Network]) -> None:
    """Start measuring networks, once for a double click and while no other measuring goes on.

    Raises:
        GapwiseError: If one of them can't be measured.
    """
    workspace = state.workspace()  # jobs live in one; without any it says so
    # With all digits: where whole layers begin, a rounded factor is another network.
    named = [f"{n.model},width={n.width!r},depth={n.depth!r},size={n.px}" for n in map(checked, networks)]
    words, job = [scaling_measuring.KIND, *dict.fromkeys(named), "--batch", "1"], scaling_measuring.newest(workspace)
    if one_press.again(workspace, words) or (job is not None and job.active):
        return
    one_press.note(workspace, words)
    jobs.start(workspace, scaling_measuring.KIND, words)
    st.rerun()  # the button says that it goes on


def going() -> Job | None:
    """Return the job that measures in the chosen workspace, None when none does."""
    job = _newest()
    return job if job is not None and job.active else None


def line() -> None:
    """Draw the job that measures while it goes on, or why it failed."""
    job = _newest()
    if job is None:
        return
    workspace = state.workspace()
    job_line(workspace, job)
    if job.active:
        st.button("Stop", icon=":material/stop:", type="tertiary", key="scaling_measure_stop", on_click=job_poll.stop,
                  args=(workspace, job.id), disabled=job.state == "stopping")  # fmt: skip


def _newest() -> Job | None:
    return scaling_measuring.newest(state.workspace()) if st.session_state.get(state.WORKSPACE) else None
