"""What people do with a job: buttons, and the question before something is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.errors import GapwiseError
from core.training.command import parse_train_command
from pages.ui import state
from pages.ui.saying import say
from pages.ui.widgets import plain, show_error

if TYPE_CHECKING:
    from core.jobs import Belongings, Job
    from core.workspace import Workspace

ACTIONS = {
    "stop": ("Stop", ":material/stop:", "Ends within one step and keeps its best and its latest checkpoint."),
    "resume": ("Resume", ":material/play_arrow:", "Goes on from the latest checkpoint: same job, same run."),
    "retry": ("Retry", ":material/replay:", "The same command anew, as a new job and a new run."),
    "clone": ("Clone with changes", ":material/content_copy:", "Opens the form above with this job's settings."),
    "delete": ("Delete", ":material/delete:", "Asks first, and says what goes."),
}


def buttons(workspace: Workspace, job: Job) -> None:
    """Draw a button for each thing that can be done with the job, the most promising first."""
    for number, action in enumerate(job.actions):
        label, icon, help = ACTIONS[action]
        kind = "secondary" if number == 0 and job.state != "finished" else "tertiary"
        st.button(label, icon=icon, help=help, type=kind, key=f"{action}_{job.id}", on_click=_act,
                  args=(action, workspace, job.id))  # fmt: skip


def random_weights(workspace: Workspace, job: Job) -> None:
    """Draw the way out when the hub can't be reached."""
    st.button("Train from random weights instead", key=f"random_{job.id}", on_click=_act,
              args=("random", workspace, job.id), help="For a local file, choose Clone with changes.")  # fmt: skip


def confirm_deletion(workspace: Workspace) -> None:
    """Ask before the job that was chosen is deleted; nothing when none is."""
    asked = state.get(state.TRAIN_DELETE)
    if asked is None or asked[0] != str(workspace.root):
        return
    try:
        found = jobs.belongings(workspace, asked[1])
    except GapwiseError:  # somebody else deleted it
        _forget()
        return
    st.dialog(f"Delete job {asked[1]}?", on_dismiss=_forget)(_question)(workspace, found)


def _question(workspace: Workspace, found: Belongings) -> None:
    job_id, named = found.job.id, _named(found)
    st.write(f"Job {job_id} and its log go. That can't be undone.")
    with_run = False
    if found.runs:
        goes = f"{_size(found.run_bytes)} of weights, curves and settings"
        if found.proposals:
            goes += f", and {found.proposals:,} proposal{'s' * (found.proposals > 1)}"
        with_run = st.checkbox(f"Delete {named} too: {goes}", key=f"delete_run_{job_id}", disabled=bool(found.obstacle))
        stay = "stay" if len(found.runs) > 1 else "stays"
        stays = f"Otherwise {named} {stay} with all of that, but can't be resumed. `runs delete` takes a run later."
        st.caption(plain(found.obstacle) if found.obstacle else stays)
    with st.container(horizontal=True):
        pressed = st.button(f"Delete job {job_id}" + (f" and {named}" if with_run else ""), type="primary",
                            key=f"delete_now_{job_id}")  # fmt: skip
        if st.button("Keep it", key=f"delete_not_{job_id}"):
            _forget()
            st.rerun()
    if not pressed:
        return
    try:
        jobs.delete(workspace, job_id, with_run)
    except GapwiseError as error:
        show_error(error)
        return
    _forget()
    st.rerun()


def _named(found: Belongings) -> str:
    return f"run{'s' if len(found.runs) > 1 else ''} {', '.join(map(str, found.runs))}"


def _forget() -> None:
    state.put(state.TRAIN_DELETE, None)


def _act(action: str, workspace: Workspace, job_id: int) -> None:
    try:
        told = _DOES[action](workspace, job_id)
    except GapwiseError as error:
        say(error, ":material/error:")
        return
    if told:
        say(told, ACTIONS.get(action, ACTIONS["retry"])[1])


def _stop(workspace: Workspace, job_id: int) -> str:
    jobs.stop(workspace, job_id)
    return f"Job {job_id} ends after the step that it is in."


def _resume(workspace: Workspace, job_id: int) -> str:
    jobs.resume(workspace, job_id)
    return f"Job {job_id} goes on."


def _retry(workspace: Workspace, job_id: int) -> str:
    return f"Job {jobs.retry(workspace, job_id)} is on its way: job {job_id}'s command anew."


def _clone(workspace: Workspace, job_id: int) -> str:
    asked = parse_train_command(jobs.get_job(workspace, job_id).command)
    whole = {"label": asked.label, "recipe": asked.recipe, "values": asked.values}
    state.put(state.TRAIN_CLONE, {**whole, "pseudo": asked.pseudo, "rest": list(asked.rest)})
    return f"The form above has the settings of job {job_id} now."


def _ask_deletion(workspace: Workspace, job_id: int) -> str:
    state.put(state.TRAIN_DELETE, (str(workspace.root), job_id))
    return ""


def _random(workspace: Workspace, job_id: int) -> str:
    kept = [word for word in jobs.get_job(workspace, job_id).command if not word.startswith("--weights=")]
    return f"Job {jobs.start(workspace, 'train', [*kept, '--weights=random'])} is on its way with random weights."


_DOES = {
    "stop": _stop,
    "resume": _resume,
    "retry": _retry,
    "clone": _clone,
    "delete": _ask_deletion,
    "random": _random,
}


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count < 1e9 else f"{count / 1e9:,.1f} GB"
