"""Maps for a whole list at once: what starts the job, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.errors import GapwiseError
from core.explain.methods import METHODS, SMOOTHINGS
from core.hard.lists import check_list
from core.store import hard
from pages.ui import job_poll, one_press
from pages.ui.explain.comparing import SMOOTHING_NAMES
from pages.ui.runs_job import job_line
from pages.ui.runs_readers import newest_job
from pages.ui.saying import say
from pages.ui.widgets import class_text, plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.labels.label import Label
    from core.workspace import Workspace
    from pages.ui.explain.choice import Choice

KIND = "maps"


def section(workspace: Workspace, choice: Choice, label: Label, beside: DeltaGenerator) -> None:
    """Draw what starts the job beside the choices, and below them the one that goes on."""
    job = newest_job(workspace, KIND, choice.run_id)
    goes_on = job is not None and job.active
    with beside.popover("Make maps", disabled=goes_on, width="content", help="For all pictures of this list"):
        _form(workspace, choice, label)
    if goes_on:
        job_line(workspace, job)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Each map is stored as it is made. It goes on when you close this page.")
            st.button("Stop", icon=":material/stop:", type="tertiary", key="maps_stop", on_click=job_poll.stop,
                      args=(workspace, job.id), disabled=job.state == "stopping")  # fmt: skip
    else:
        job_line(workspace, job)  # why the last one failed


def command(choice: Choice, method: str, layer: str, target: str, smooth: str, trust: bool) -> list[str]:
    """Return the command that makes maps for a list."""
    asked = [f"--list={choice.which}", f"--method={method}", f"--target={target}", f"--smooth={smooth}"]
    named = [f"--layer={layer.strip()}"] if layer.strip() else []
    return [KIND, str(choice.run_id), *asked, *named, *(["--trust"] if trust else [])]


def _form(workspace: Workspace, choice: Choice, label: Label) -> None:
    st.markdown(plain(hard.LISTS[choice.which]))
    st.caption("They are there at once when you open a picture or compare methods. What is there is not made again.")
    method = st.selectbox("Method", list(METHODS), key="maps_method", format_func=_method_text)
    layer = st.text_input(
        "Layer", key="maps_layer", placeholder="Chosen by itself", help="A module's name, as the tree of layers has it."
    )
    targets = ["predicted", "true", *map(str, range(len(label.classes)))]
    target = st.selectbox(
        "Class", targets, key=f"maps_target_{choice.label_id}", format_func=lambda text: _target_text(label, text)
    )
    smooth = st.selectbox("Smoothing", list(SMOOTHINGS), key="maps_smooth", format_func=SMOOTHING_NAMES.get)
    trust = st.checkbox(
        "Hold each map against chance",
        key="maps_trust",
        help="Some ten times as long: parts of the picture are taken out, and the network asked again.",
    )
    asked = command(choice, method, layer, target, smooth, trust)
    st.button("Start", icon=":material/play_arrow:", type="primary", key="maps_start", on_click=_start,
              args=(workspace, choice.run_id, choice.which, asked))  # fmt: skip


def _method_text(name: str) -> str:
    method = METHODS[name]
    return f"{method.title} (slow)" if method.slow else method.title


def _target_text(label: Label, text: str) -> str:
    named = {"predicted": "Predicted class", "true": "True class"}
    return named[text] if text in named else class_text(label, int(text))


def _start(workspace: Workspace, run_id: int, which: str, arguments: list[str]) -> None:
    """Start it, once for a double click and for two tabs."""
    job = newest_job(workspace, KIND, run_id)
    if one_press.again(workspace, arguments) or (job is not None and job.active):
        return
    one_press.note(workspace, arguments)
    try:
        check_list(workspace, run_id, which)
        jobs.start(workspace, KIND, arguments, run_id)
    except GapwiseError as error:
        say(error, ":material/error:")
