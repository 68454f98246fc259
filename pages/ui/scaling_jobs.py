"""A comparison or a search of scaled networks as it goes: its line, its buttons, its networks so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.errors import GapwiseError
from core.training.scaled import results, words
from core.training.scaled.command import start
from core.training.sweep.plan import FILE, read_plan
from pages.ui import job_poll, navigation, one_press, scaling_outcomes, state
from pages.ui.saying import say
from pages.ui.widgets import counted, plain, show_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.jobs import Job
    from core.training.scaled.command import Asked
    from core.training.scaled.results import Outcome
    from core.training.sweep.plan import Plan
    from core.workspace import Workspace


def of_kind(workspace: Workspace, kind: str) -> list[Job]:
    """Return the workspace's jobs of one kind, newest first."""
    return [job for job in jobs.list_jobs(workspace) if job.kind == kind]


def begin(workspace: Workspace, asked: Asked) -> None:
    """Start what somebody asked for, once for a double click, and draw the page again."""
    command = asked.command()
    if one_press.again(workspace, command):
        return
    try:
        start(workspace, asked)
    except GapwiseError as error:
        show_error(error)
        return
    one_press.note(workspace, command)
    st.rerun()


def shown(
    workspace: Workspace,
    found: Sequence[Job],
    word: str,
    below: Callable[[Workspace, Plan, list[Outcome]], None] = lambda *_: None,
) -> None:
    """Draw one of some jobs with what its networks gave so far.

    Args:
        word: What such a job is called.
        below: Draws what belongs below its networks.
    """
    known = {job.id: job for job in found}
    # Keyed by what there is: a new job is another list, which opens with itself.
    job_id = st.selectbox(
        word, list(known), label_visibility="collapsed", width=520, key=f"{found[0].kind}_shown_{max(known)}",
        format_func=lambda i: f"{word} {i}, {known[i].state}",
    )  # fmt: skip
    job = known[job_id]
    job_poll.follow(workspace, job, FILE)
    _buttons(workspace, job)
    if job.state in ("failed", "lost"):
        st.error(plain(job.message), icon=":material/error:")
    elif not job.active:
        st.caption(plain(job.message))
    plan = read_plan(workspace.job_dir(job.id))
    if plan is None:
        return
    _head(plan)
    outcomes = results.of_plan(workspace, plan)
    scaling_outcomes.draw(outcomes, results.asked_about(plan), f"{job.kind}_{job.id}", "held-out images")
    for trial in plan.trials:
        if trial.state == "failed":
            st.warning(f"{plain(trial)} failed: {plain(trial.reason)}")
    _use_one(job, plan, outcomes)
    below(workspace, plan, outcomes)


def _use_one(job: Job, plan: Plan, found: Sequence[Outcome]) -> None:
    """Draw the way from a network to Fine-tune's form, with all of the recipe that it was trained with."""
    known = {o.name: o for o in found}
    best = results.winner(found)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    chosen = row.selectbox("Network", list(known), index=list(known).index(best.name) if best else 0, width=240,
                           format_func=words.name, key=f"scaled_network_{job.id}")  # fmt: skip
    if row.button("Use this network", icon=":material/tune:", key=f"scaled_use_{job.id}", on_click=_use,
                  args=(plan, dict(known[chosen].settings))):  # fmt: skip
        navigation.go("fine_tune")


def _use(plan: Plan, settings: dict[str, object]) -> None:
    values = plan.recipe_of(settings).model_dump(mode="json")
    state.put(state.TRAIN_CLONE, {"label": plan.label, "recipe": plan.recipe_name, "values": values})


def _head(plan: Plan) -> None:
    changes = "".join(f", {name} {plain(value)}" for name, value in plan.changes.items())
    several = "s" if len(plan.seeds) > 1 else ""
    st.caption(
        f"Label {plain(plan.label)}, recipe {plain(plan.recipe_name)}{changes};"
        f" {counted(plan.recipe['epochs'], 'epoch')}, seed{several} {', '.join(map(str, plan.seeds))}, from random"
        " weights. All learn from the same images and are measured on the same held-out ones."
    )


def _buttons(workspace: Workspace, job: Job) -> None:
    if job.active:
        st.button("Stop", icon=":material/stop:", key=f"scaled_stop_{job.id}", disabled=job.state == "stopping",
                  on_click=job_poll.stop, args=(workspace, job.id),
                  help="What is trained is kept, and the rest can be gone on with.")  # fmt: skip
    elif "resume" in job.actions:
        st.button("Go on", icon=":material/play_arrow:", key=f"scaled_resume_{job.id}", on_click=_resume,
                  args=(workspace, job.id), help="From the latest checkpoint.")  # fmt: skip


def _resume(workspace: Workspace, job_id: int) -> None:
    try:
        jobs.resume(workspace, job_id)
    except GapwiseError as error:  # somebody else resumed it in this moment
        say(error, ":material/error:")
