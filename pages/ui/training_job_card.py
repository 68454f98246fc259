"""One job: what it is, what came out, what can be done with it."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.charts.curves import curves
from core.errors import GapwiseError
from core.models.hub import UNREACHABLE
from core.store import jobs as store
from core.store.runs import metrics_frame
from pages.ui import training_job_actions
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.jobs import Job
    from core.workspace import Workspace

LIVE_SECONDS = 1.5
_COLORS = {
    "queued": "gray", "running": "blue", "stopping": "orange", "stopped": "gray", "finished": "green", "failed": "red",
    "lost": "red", "waiting": "violet",
}  # fmt: skip
_KINDS = {
    "train": "Train", "predict": "Predict", "sweep": "Sweep", "onnx": "Export as ONNX", "measure": "Measure pictures",
    "embed": "Map of the set",
    "compare": "Compare ways to deal with gaps", "cascade": "Cascade", "latency": "Measure networks",
    "scaling-compare": "Compare scaled networks for", "scaling-search": "Search α, β, γ for",
}  # fmt: skip
_OF_MANY = ("sweep", "cascade", "scaling-compare", "scaling-search")  # jobs that go through several runs
_HINTS = {
    "resume": "Once that is mended, Resume goes on from the latest checkpoint.",
    "retry": "Once that is mended, Retry starts it anew.",
    "clone": "Clone opens the form above with its settings, to change what was wrong; Retry starts it as it was.",
}


def card(workspace: Workspace, job: Job, opened: bool) -> None:
    """Draw a job.

    Args:
        opened: Whether its log is shown at once, if it failed.
    """
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f":{_COLORS[job.state]}-badge[{job.state}] **Job {job.id}** · {title(job)}", width="content")
            with st.container(horizontal=True, width="content", gap="small"):
                training_job_actions.buttons(workspace, job)
        if job.active:
            # No widgets inside: a poller that holds one crashes when the page around it changes.
            st.fragment(run_every=LIVE_SECONDS)(_live)(workspace, job.id)
        elif job.state in ("failed", "lost"):
            hint = _HINTS[job.actions[0]] if job.state == "failed" else ""
            st.error(plain(f"{job.message}\n\n{hint}"), icon=":material/error:")
        elif job.message:
            st.caption(plain(job.message))
        if job.kind == "train" and UNREACHABLE in job.message:
            training_job_actions.random_weights(workspace, job)
        _details(workspace, job, opened=opened and job.state in ("failed", "lost"))


def title(job: Job) -> str:
    """Return what a job does, in words, from its command; whatever kind it is."""
    about = _options(job.command)
    words = [plain(_KINDS.get(job.kind, job.kind.capitalize()))]
    if "label" in about:
        words.append(plain(about["label"]))
    if "recipe" in about:
        words.append(f"with {plain(about['recipe'].rpartition('/')[2])}")
    one = job.run_id if job.kind not in _OF_MANY else None  # of these it is just one of many
    run = about.get("run") or one
    return " ".join(words) + (f" · run {plain(run)}" if run else "")


def _options(command: list[str]) -> dict[str, str]:
    """Return --name value and --name=value as a table; of one that is given twice, the first."""
    found: dict[str, str] = {}
    for word, following in zip(command, [*command[1:], "--"], strict=True):
        name, equals, value = word.partition("=")
        if name.startswith("--") and (equals or not following.startswith("--")):
            found.setdefault(name[2:], value if equals else following)
    return found


def _times(job: Job) -> str:
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.started or job.created))
    if job.started is None or job.ended is None:
        return f"{'Began' if job.started else 'Asked for'} {began}"
    return f"Began {began}, took {_spelled(job.ended - job.started)}"


def _live(workspace: Workspace, job_id: int) -> None:
    try:
        job = jobs.get_job(workspace, job_id)
    except GapwiseError:  # deleted meanwhile
        st.rerun()
    if job.state == "queued":
        st.caption(plain(job.message))
        return
    share = min(1.0, job.done / job.total) if job.total else 0.0
    st.progress(share, text=plain(f"{job.message or job.state}{_left(job)}{_figures(job)}"))
    if job.run_id is None:
        return
    with workspace.read() as connection:
        trains = job.run_id in store.own_runs(connection, job_id)
    frame = metrics_frame(workspace, job.run_id) if trains else ()
    if len(frame):
        # Progress is counted in epochs where a job is one training.
        epochs = int(job.total) if job.kind == "train" and job.total else None
        st.plotly_chart(curves(frame, epochs), key=f"live_{job_id}", config={"displayModeBar": False})


def _details(workspace: Workspace, job: Job, opened: bool) -> None:
    name = f"{_times(job)} · command and last lines of the log"
    box = st.expander(name, expanded=opened, key=f"job_details_{job.id}", on_change="rerun", type="compact")
    if box.open:  # a closed one reads no file
        with box:
            st.code(jobs.log_tail(workspace, job.id) or "The log is empty.", language=None)
            st.code(shlex.join(["python", "-m", "core", *job.command]), language="shell")


def _left(job: Job) -> str:
    return "" if job.eta is None else f" · {_spelled(job.eta)} left"


def _spelled(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


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
