"""Jobs with their true states: what runs is live, what failed says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.charts.curves import curves
from core.errors import GapwiseError
from core.models.hub import UNREACHABLE
from core.store.runs import metrics_frame

if TYPE_CHECKING:
    from core.jobs import Job
    from core.workspace import Workspace

SHOWN = 6  # jobs; the command line lists all
LIVE_SECONDS, IDLE_SECONDS = 1.5, 5.0
_COLORS = {
    "queued": "gray", "running": "blue", "stopping": "orange", "stopped": "gray", "finished": "green", "failed": "red",
    "lost": "red",
}  # fmt: skip


def panel(workspace: Workspace) -> None:
    """Draw the newest jobs: what runs, live; a button for each that can be stopped or resumed."""
    found = jobs.list_jobs(workspace, SHOWN)
    st.subheader("Jobs", anchor=False)
    if not found:
        st.caption("Nothing has run yet.")
    seen = tuple((job.id, job.state) for job in found)
    active = any(job.active for job in found)
    # No widgets inside: a poller that holds one crashes when the page around it changes.
    st.fragment(run_every=LIVE_SECONDS if active else IDLE_SECONDS)(_live)(workspace, seen)
    for job in found:
        _row(workspace, job)


def _live(workspace: Workspace, seen: tuple) -> None:
    found = jobs.list_jobs(workspace, SHOWN)
    if tuple((job.id, job.state) for job in found) != seen:
        st.rerun()  # buttons and tables around this fragment are out of date
    for job in found:
        if job.active:
            share = min(1.0, job.done / job.total) if job.total else 0.0
            st.progress(share, text=f"Job {job.id}, {job.state}: {job.message}{_left(job)}{_figures(job)}")
            if job.run_id is not None and job.kind == "train":
                frame = metrics_frame(workspace, job.run_id)
                if len(frame):
                    figure = curves(frame, int(job.total) if job.total else None)
                    st.plotly_chart(figure, key=f"live_{job.id}", config={"displayModeBar": False})


def _row(workspace: Workspace, job: Job) -> None:
    what, button = st.columns([5, 1], vertical_alignment="center")
    message = "" if job.active else job.message
    what.markdown(f":{_COLORS[job.state]}-badge[{job.state}] **Job {job.id}** `{' '.join(job.command)}`")
    if message and job.state not in ("failed", "lost"):
        what.caption(message)
    if job.state in ("queued", "running"):
        button.button("Stop", icon=":material/stop:", key=f"stop_{job.id}", on_click=_act,
                      args=("stop", workspace, job.id),
                      help="Ends within one step and keeps the best checkpoint.")  # fmt: skip
    elif job.resumable and job.kind in ("train", "predict"):
        button.button("Resume", icon=":material/replay:", key=f"resume_{job.id}", on_click=_act,
                      args=("resume", workspace, job.id), help="Goes on from the latest checkpoint.")  # fmt: skip
    if job.state in ("failed", "lost"):
        _trouble(workspace, job)


def _trouble(workspace: Workspace, job: Job) -> None:
    st.error(job.message, icon=":material/error:")
    if job.kind == "train" and UNREACHABLE in job.message:
        st.button("Train from random weights instead", key=f"random_{job.id}", on_click=_act,
                  args=("random", workspace, job.id),
                  help="For a local file, choose it under Weights above.")  # fmt: skip
    with st.expander("Last lines of the log"):
        st.code(jobs.log_tail(workspace, job.id) or "The log is empty.", language=None)


def _act(action: str, workspace: Workspace, job_id: int) -> None:
    try:
        if action == "stop":
            jobs.stop(workspace, job_id)
        elif action == "resume":
            jobs.resume(workspace, job_id)
        else:
            command = jobs.get_job(workspace, job_id).command
            kept = [a for a in command if not a.startswith("--weights=")]
            jobs.start(workspace, "train", [*kept, "--weights=random"])
    except GapwiseError as error:
        st.toast(str(error), icon=":material/error:")


def _left(job: Job) -> str:
    if job.eta is None:
        return ""
    minutes, seconds = divmod(round(job.eta), 60)
    return f" · {minutes} min {seconds} s left" if minutes else f" · {seconds} s left"


def _figures(job: Job) -> str:
    names = {
        "train_loss": "loss",
        "best_accuracy": "best accuracy",
        "best_f1": "best F1",
        "images_per_second": "images/s",
    }
    shown = [f"{text} {job.figures[key]:.3g}" for key, text in names.items() if key in job.figures]
    device = [job.figures["device"]] if "device" in job.figures else []
    return "".join(f" · {text}" for text in (*shown, *device))
