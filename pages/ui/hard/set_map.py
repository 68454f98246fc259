"""The map of the set: every image a dot where the network puts it, a lasso, and the images that it chose."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core import jobs
from core.errors import GapwiseError
from core.hard.set_file import set_map
from pages.ui import job_poll, one_press, readers, state
from pages.ui.hard import component, gallery
from pages.ui.hard.sources import Named
from pages.ui.runs_job import job_line
from pages.ui.saying import say
from pages.ui.widgets import counted, show_error

if TYPE_CHECKING:
    from core.jobs import Job
    from core.workspace import Workspace
    from pages.ui.hard.choice import Looked

KIND = "embed"
JOBS = 20  # the newest ones are looked at


def show(looked: Looked) -> None:
    """Draw the map, or the button that makes it; below it what the lasso chose."""
    job = _newest(looked)
    if job is not None and job.active:
        _going(looked.workspace, job)
    try:
        found = set_map(looked.workspace, looked.run_id)
    except GapwiseError as error:
        show_error(error)
        found = None
    if found is None:
        if job is None or not job.active:
            if job is not None:
                job_line(looked.workspace, job)
            st.info(
                f"There is no map for run {looked.run_id} yet. It takes one pass of its network over all pictures, in a"
                " process of its own."
            )
            _button(looked, "Make the map")
        return
    if not len(found):
        st.info("There are no pictures on this map.")
        return
    if not found.current and (job is None or not job.active):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning("The run was trained on since this map was made.", icon=":material/update:")
            _button(looked, "Make it anew")
    st.markdown(
        f"{counted(len(found), 'image')}, each where run {looked.run_id} puts it: pictures that the network finds alike"
        " lie together. A dot of one colour among those of another is worth a look. The axes mean nothing."
    )
    data = {
        "run": looked.run_id,
        "version": _version(looked, found.digest),
        "place": f"{looked.workspace.root} {looked.run_id}",
        "title": f"{looked.title}: map of the set",
    }
    component.draw(looked, "map", data, lambda event: _chosen(looked, event))
    _below(looked)


def _below(looked: Looked) -> None:
    images = state.get(state.HARD_LASSO).get((str(looked.workspace.root), looked.run_id))
    if images is None:
        return
    st.subheader(f"{counted(len(images), 'chosen image')}", anchor=False)
    why = f"Chosen on the map of the set of run {looked.run_id}"
    gallery.show(looked, Named(images, why), "chosen on the map of the set")


def _chosen(looked: Looked, event) -> None:
    """Keep what a lasso chose: image ids as 32-bit integers in base64, some 100,000 at most."""
    if event.get("what") != "lasso":
        return
    try:
        images = np.frombuffer(base64.b64decode(event.get("images", ""), validate=True), "<i4")
    except ValueError:
        return
    place, before = (str(looked.workspace.root), looked.run_id), state.get(state.HARD_LASSO)
    others = {other: kept for other, kept in before.items() if other != place}
    state.put(state.HARD_LASSO, {**others, place: images} if len(images) else others)


def _version(looked: Looked, digest: str) -> str:
    """Return what changes with whatever a dot shows."""
    return hashlib.sha256(repr((readers.stamp(looked.workspace), digest)).encode()).hexdigest()[:16]


def _newest(looked: Looked) -> Job | None:
    wanted = [KIND, str(looked.run_id)]
    return next((job for job in jobs.list_jobs(looked.workspace, JOBS) if list(job.command[:2]) == wanted), None)


def _going(workspace: Workspace, job: Job) -> None:
    job_line(workspace, job)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("The map is drawn here once it is through. It goes on when you close this page.")
        st.button("Stop", icon=":material/stop:", type="tertiary", key="hard_map_stop", on_click=job_poll.stop,
                  args=(workspace, job.id), disabled=job.state == "stopping")  # fmt: skip


def _button(looked: Looked, text: str) -> None:
    st.button(text, icon=":material/scatter_plot:", key="hard_map_make", type="primary", on_click=_start,
              args=(looked.workspace, looked.run_id))  # fmt: skip


def _start(workspace: Workspace, run_id: int) -> None:
    """Start the job, once for a double click."""
    command = [KIND, str(run_id)]
    if one_press.again(workspace, command):
        return
    one_press.note(workspace, command)
    try:
        jobs.start(workspace, KIND, command, run_id)
    except GapwiseError as error:
        say(error, ":material/error:")
