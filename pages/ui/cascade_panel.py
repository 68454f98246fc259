"""Cascades as they go: stages, what each filled by what promise, and at a stop the way to the queue and on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core import jobs
from core.cascade import control
from core.cascade.accept import taken_back
from core.cascade.plan import FILE, FINISHED, PROMISE, REVIEW, SKIPPED, TRAINING, read_plan
from core.cascade.words import BY_CHANCE, filled, promise
from core.errors import GapwiseError
from core.store.labels import labels as read_labels
from pages.ui import cascade_form, job_poll, navigation, readers, state
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.cascade.plan import Plan, Stage
    from core.jobs import Job
    from core.workspace import Workspace

VIEWS = ("One label", "All labels, one after the other")
_STATES = {TRAINING: "training", REVIEW: "waits for review", FINISHED: "done", SKIPPED: "skipped"}


def chosen(workspace: Workspace) -> bool:
    """Draw the choice between a training and a cascade; return whether it is a cascade."""
    state.get(state.TRAIN_VIEW)
    view = st.segmented_control("What to train", VIEWS, key=state.TRAIN_VIEW, required=True,
                                label_visibility="collapsed")  # fmt: skip
    if view == VIEWS[0] and (found := [job for job in cascades(workspace) if job.state == "waiting"]):
        st.info(f"Cascade {found[0].id} waits for your review: {VIEWS[1]}.", icon=":material/stairs:")
    return view == VIEWS[1]


def draw(workspace: Workspace) -> None:
    """Draw the form, and the cascades; first what goes on or waits for a person."""
    found = cascades(workspace)
    now = next((job for job in found if job.active or job.state == "waiting"), None)
    if now is not None:
        section(workspace, found)
        st.caption("Another cascade can be started once this one has come to its end.")
        return
    cascade_form.section(workspace)
    if found:
        section(workspace, found)


def cascades(workspace: Workspace) -> list[Job]:
    """Return the jobs that are cascades, newest first."""
    return [job for job in jobs.list_jobs(workspace) if job.kind == "cascade"]


def view(workspace: Workspace) -> None:
    """Draw one of the workspace's cascades, or the way to the first."""
    if found := cascades(workspace):
        section(workspace, found)
        return
    st.info(f"No cascade yet: Fine-tune starts one, under “{VIEWS[1]}”.")
    navigation.link("fine_tune", "Go to Fine-tune")


def section(workspace: Workspace, found: list[Job]) -> None:
    """Draw one of some cascades."""
    known = {job.id: job for job in found}
    # Keyed by what there is: a new cascade is another list, which opens with itself.
    job_id = st.selectbox(
        "Cascade", list(known), label_visibility="collapsed", width=520, key=f"cascade_shown_{max(known)}",
        format_func=lambda i: f"Cascade {i}, {_state(known[i])}",
    ) if len(known) > 1 else max(known)  # fmt: skip
    job = known[job_id]
    if len(known) == 1:
        st.markdown(f"**Cascade {job.id}**, {_state(job)}")
    job_poll.follow(workspace, job, FILE)
    _ways(workspace, job)
    try:
        plan = read_plan(workspace.job_dir(job.id))
    except GapwiseError as error:  # the page has more to show than this
        st.error(plain(error), icon=":material/error:")
        return
    if job.state in ("failed", "lost"):
        st.error(plain(job.message), icon=":material/error:")
    elif not job.active and (job.state != "waiting" or plan is None):
        st.caption(plain(job.message))
    if plan is None:
        return
    if job.state == "waiting" and plan.stop is not None:
        _stop(workspace, job, plan)
    _table(job, plan)
    _details(plan)


def _state(job: Job) -> str:
    return "waiting for review" if job.state == "waiting" else job.state


def _ways(workspace: Workspace, job: Job) -> None:
    if job.active:
        st.button("Stop", icon=":material/stop:", key=f"cascade_stop_{job.id}", disabled=job.state == "stopping",
                  on_click=job_poll.stop, args=(workspace, job.id),
                  help="What is done is kept, and Resume goes on in the middle of the training.")  # fmt: skip
    elif job.resumable:
        st.button("Resume", icon=":material/play_arrow:", key=f"cascade_resume_{job.id}", on_click=_resume,
                  args=(workspace, job.id), help="Goes on where it was; nothing is done twice.")  # fmt: skip


def _stop(workspace: Workspace, job: Job, plan: Plan) -> None:
    """Draw what a stop is about: what was filled, what is left, and the two ways from there."""
    number, stage = plan.stop, plan.stages[plan.stop - 1]
    with workspace.read() as connection:
        label = read_labels(connection).get(stage.label_id)
        back = taken_back(connection, stage)
    now = readers.missing(workspace).by_label[label.name]["open"] if label is not None else 0
    with st.container(border=True):
        st.markdown(f"**Stage {number} of {len(plan.stages)}, {plain(stage.label)}: your turn**")
        st.markdown(plain(filled(stage, back)))
        st.markdown(plain(_since(stage, now, back)))
        if stage.accept == PROMISE and now:
            st.caption(BY_CHANCE.format(how="“Review … chosen by chance” on the Review page"))
        with st.container(horizontal=True, vertical_alignment="center"):
            if label is not None and now and st.button(
                f"Review {plain(label.name)}", icon=":material/rate_review:", key=f"cascade_review_{job.id}",
                on_click=_choose, args=(stage.label_id,),
            ):  # fmt: skip
                navigation.go("review")
            following = plain(next((one.label for one in plan.stages[number:] if not one.over), ""))
            st.button(
                "Go on", icon=":material/play_arrow:", type="primary", key=f"cascade_on_{job.id}_{number}",
                on_click=_go_on, args=(workspace, job.id, number),
                help=f"Looks once more at what keeps the promise, with what you answered, then turns to {following}."
                " What you leave open stays open.",
            )  # fmt: skip
            st.button(
                "End here", icon=":material/stop_circle:", key=f"cascade_end_{job.id}_{number}", on_click=_end,
                args=(workspace, job.id), help="What was accepted stays; Review lists it, and takes it back.",
            )  # fmt: skip


def _since(stage: Stage, now: int, back: int) -> str:
    told = f"{now:,} {'cell is' if now == 1 else 'cells are'} left to review."
    waited = (stage.left or 0) + back
    settled = waited - now
    if settled <= 0:
        return told
    return f"{told} {settled:,} of {waited:,} {'was' if settled == 1 else 'were'} settled since the stop."


def _table(job: Job, plan: Plan) -> None:
    rows = [
        {
            "stage": f"{number}. {stage.label}",
            "why here": stage.why,
            "state": _stage_state(job, stage),
            "promise": promise(stage),
            "accuracy": stage.figures.get("accuracy"),
            "open before": stage.before if stage.before is not None else stage.open,
            "accepted": stage.filled if stage.looks else None,
            "by rules": sum(look["derived"] for look in stage.looks) if stage.looks else None,
            "left open": stage.left,
            "run": stage.run,
        }
        for number, stage in enumerate(plan.stages, 1)
    ]
    frame = pd.DataFrame(rows).astype({name: "Int64" for name in ("accepted", "by rules", "left open", "run")})
    st.dataframe(frame, hide_index=True, key=f"cascade_table_{job.id}", placeholder="–",
                 column_config={"accuracy": st.column_config.NumberColumn(format="percent")})  # fmt: skip


def _stage_state(job: Job, stage: Stage) -> str:
    if stage.state == SKIPPED:
        return f"skipped: {stage.reason}"
    if stage.state == REVIEW and job.active:
        return "looks once more"  # a person has just let it go on
    if stage.state in (FINISHED, REVIEW) or job.active:
        return _STATES.get(stage.state, "to come")
    return job.state if stage.state == TRAINING else "not begun"


def _details(plan: Plan) -> None:
    """Draw what each stage's acceptance rests on."""
    for stage in plan.stages:
        if not stage.looks:
            continue
        box = st.expander(f"{plain(stage.label)}: what it rests on", key=f"cascade_rests_{stage.label_id}",
                          on_change="rerun", type="compact")  # fmt: skip
        if not box.open:
            continue
        with box:
            for number, look in enumerate(stage.telling):
                if number:
                    st.markdown("**Once more after the stop**")
                _classes(look)
                for note in look["notes"]:
                    st.warning(plain(note), icon=":material/shuffle:")


def _classes(look: dict) -> None:
    if not look["classes"]:
        return
    rows = [
        {
            "Predicted": plain(row["class"]) + (f", where {plain(row['where'])}" if row["where"] else ""),
            "Accepted": f"{row['accepted']:,} of {row['waiting']:,}",
            "What it rests on": plain(row["rests on"]),
        }
        for row in look["classes"]
    ]
    st.table(pd.DataFrame(rows).set_index("Predicted"), border="horizontal")


def _choose(label_id: int) -> None:
    state.put(state.REVIEW_LABEL, label_id)


def _go_on(workspace: Workspace, job_id: int, number: int) -> None:
    try:
        control.go_on(workspace, job_id, number)
    except GapwiseError as error:  # somebody else was faster
        st.toast(plain(error), icon=":material/error:")
        return
    st.toast(f"Cascade {job_id} goes on.", icon=":material/play_arrow:")


def _end(workspace: Workspace, job_id: int) -> None:
    try:
        control.end(workspace, job_id)
    except GapwiseError as error:
        st.toast(plain(error), icon=":material/error:")


def _resume(workspace: Workspace, job_id: int) -> None:
    try:
        jobs.resume(workspace, job_id)
    except GapwiseError as error:
        st.toast(plain(error), icon=":material/error:")
