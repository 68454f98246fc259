"""Measuring networks on this machine: the button that starts the job, how far it is, and the one that stops it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.errors import GapwiseError
from core.models.measured import INFERENCE, TRAINING, measurements
from core.models.network import Network
from pages.ui import job_poll, one_press
from pages.ui.runs_job import job_line
from pages.ui.saying import say
from pages.ui.widgets import counted

if TYPE_CHECKING:
    from core.jobs import Job
    from core.workspace import Workspace

KIND = "latency"
JOBS = 20  # the newest ones are looked at


def panel(workspace: Workspace, key: str, offers: Mapping[int, Sequence[Network]]) -> None:
    """Draw the job that measures, or buttons that start one for what was not measured yet.

    Args:
        key: Sets the buttons of two panels apart.
        offers: Networks by the pictures of a training step; 0 for forward passes of one picture. Smallest first: a job
            that is stopped keeps what it has.
    """
    job = newest(workspace)
    if job is not None:
        job_line(workspace, job)
    with st.container(horizontal=True, vertical_alignment="center"):
        if job is not None and job.active:
            st.caption("Trainings wait meanwhile. What was measured is kept when you stop it.")
            st.button("Stop", icon=":material/stop:", type="tertiary", key=f"{key}_stop", on_click=job_poll.stop,
                      args=(workspace, job.id), disabled=job.state == "stopping")  # fmt: skip
            return
        for training, networks in offers.items():
            _offer(workspace, f"{key}_measure_{training}", networks, training)


def _offer(workspace: Workspace, key: str, networks: Sequence[Network], training: int) -> None:
    task = (TRAINING, training) if training else (INFERENCE, 1)
    known = {m.network for m in measurements() if (m.task, m.batch) == task}
    missing = [n for n in networks if n not in known]
    text = _text(len(missing), len(networks)) + (f", training steps of {training:,}" if training else "")
    st.button(text, icon=":material/timer:", key=key, on_click=start, disabled=not networks,
              args=(workspace, missing or list(networks), training),
              help="In a process of its own, smallest first: warm-up, then at least 40 steps and 2 seconds of each,"
              " median and quartiles. Keep the machine idle meanwhile.")  # fmt: skip


def newest(workspace: Workspace) -> Job | None:
    """Return the newest job that measures."""
    return next((job for job in jobs.list_jobs(workspace, JOBS) if job.kind == KIND), None)


def command(networks: Sequence[Network], training: int) -> list[str]:
    """Return what measures networks, after `python -m core`."""
    way = ["--batch", str(training), "--training"] if training else ["--batch", "1"]
    return ["latency", *(n.spelled() for n in networks), *way]


def start(workspace: Workspace, networks: Sequence[Network], training: int) -> None:
    """Start it, once for a double click and for two tabs."""
    words, job = command(networks, training), newest(workspace)
    if one_press.again(workspace, words) or (job is not None and job.active):
        return
    one_press.note(workspace, words)
    try:
        jobs.start(workspace, KIND, words)
    except GapwiseError as error:
        say(error, ":material/error:")


def _text(missing: int, networks: int) -> str:
    if missing == networks:
        return f"Measure {counted(networks, 'network')} here"
    return f"Measure the other {missing:,} here" if missing else f"Measure {counted(networks, 'network')} again"
