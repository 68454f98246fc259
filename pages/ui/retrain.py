"""Training again when it pays: what is new since the last run, what that should bring, and the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.errors import GapwiseError
from pages.ui import bulk_readers, navigation, one_press, runs_files
from pages.ui.saying import say

if TYPE_CHECKING:
    from core.jobs import Job
    from core.training.gain import Gain
    from core.workspace import Workspace


def line(workspace: Workspace, label_id: int) -> None:
    """Draw what is new since the label's last run; nothing where nothing is."""
    found = bulk_readers.again(workspace, label_id)
    if found is None or found.new is None or not (found.new.trusted or found.new.pseudo or found.new.changed):
        return
    job = _job(workspace, found.job_id)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"{runs_files.since(found.new, found.run_id)} {_told(found.gain)}", width="stretch")
        if job is not None and not job.active and job.kind == "train":
            st.button(
                "Train again", icon=":material/model_training:", key=f"again_{found.run_id}", on_click=_again,
                args=(workspace, job.id, list(job.command)),
                help=f"The same training as run {found.run_id}, on all that is known now. It predicts at the end; the"
                " queue goes over to the new predictions then.",
            )  # fmt: skip
        navigation.link("fine_tune", "With other settings")


def _told(gain: Gain | None) -> str:
    if gain is None:
        return ""
    if gain.accuracy < 0.0005:
        return "More labels have not made earlier runs like it better."
    seen = "" if gain.accuracy >= gain.chance else f", less than two runs differ by chance ({100 * gain.chance:.1f})"
    return (
        f"Expected gain in accuracy: about {100 * gain.accuracy:.1f} points{seen}, by the learning curve of"
        f" {gain.points} runs."
    )


def _job(workspace: Workspace, job_id: int | None) -> Job | None:
    try:
        return None if job_id is None else jobs.get_job(workspace, job_id)
    except GapwiseError:  # deleted
        return None


def _again(workspace: Workspace, job_id: int, command: list[str]) -> None:
    if one_press.again(workspace, command):
        return
    one_press.note(workspace, command)
    try:
        new = jobs.retry(workspace, job_id)
    except GapwiseError as error:
        say(error, ":material/error:")
        return
    say(f"Job {new} is on its way; the Fine-tune page shows how far it is.", ":material/model_training:")
