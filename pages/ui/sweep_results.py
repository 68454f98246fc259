"""What sweeps gave: their trials live, accuracy and F1 against each setting, and the best settings to go on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core import jobs
from core.training.compare import duration
from core.training.sweep import effects
from core.training.sweep.plan import FILE, OBJECTIVES, Plan, read_plan
from core.training.sweep.spelling import short
from pages.ui import job_poll, navigation, runs_readers, state, sweep_effects
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.jobs import Job
    from core.training.sweep.plan import Trial
    from core.workspace import Workspace

_SHARE = st.column_config.NumberColumn(format="percent")


def section(workspace: Workspace) -> None:
    """Draw one of the workspace's sweeps."""
    found = sweeps(workspace)
    if not found:
        st.info("No sweep yet: Fine-tune starts one, below its form. It tries several values for a recipe's settings.")
        navigation.link("fine_tune", "Go to Fine-tune")
        return
    job = _chosen(workspace, found)
    job_poll.follow(workspace, job, FILE, _figures)
    plan = read_plan(workspace.job_dir(job.id))
    if plan is None:
        st.caption(f"Sweep {job.id} is {job.state}: {plain(job.message)}")
        return
    _head(job, plan)
    _trials(workspace, job, plan)
    _best(plan)
    sweep_effects.section(plan)


def sweeps(workspace: Workspace) -> list[Job]:
    """Return the jobs that are sweeps, newest first."""
    return [job for job in jobs.list_jobs(workspace) if job.kind == "sweep"]


def _chosen(workspace: Workspace, found: list[Job]) -> Job:
    known = {job.id: job for job in found}
    wanted = state.get(state.SWEEP_SHOWN).get(str(workspace.root))
    # Keyed by what there is: a new sweep is another list, which opens with itself.
    job_id = st.selectbox(
        "Sweep", list(known), index=list(known).index(wanted) if wanted in known else 0, width=520,
        format_func=lambda i: f"Sweep {i}, {known[i].state}: {_words(known[i])}", label_visibility="collapsed",
        key=f"sweep_choice_{workspace.root.name}_{max(known)}",
    )  # fmt: skip
    state.put(state.SWEEP_SHOWN, {**state.get(state.SWEEP_SHOWN), str(workspace.root): job_id})
    return known[job_id]


def _words(job: Job) -> str:
    tried = [word.removeprefix("--set=") for word in job.command if word.startswith("--set=")]
    return "; ".join(tried) or " ".join(job.command[1:])


def _figures(job: Job) -> str:
    names = {"best_accuracy": "best accuracy", "best_f1": "best F1"}
    found = [f"{text} {job.figures[key]:.1%}" for key, text in names.items() if key in job.figures]
    return "".join(f" · {text}" for text in found)


def _head(job: Job, plan: Plan) -> None:
    seeds = "each with the seeds " + ", ".join(map(str, plan.seeds)) if plan.seeds else f"seed {plan.recipe['seed']}"
    changes = "; ".join(f"{name} {short(value)}" for name, value in plan.changes.items())
    st.caption(
        f"Label {plain(plan.label)}, recipe {plain(plan.recipe_name)}{f' with {plain(changes)}' if changes else ''}."
        f" {plan.total} trials on the same images, measured on the same held-out ones; {seeds}."
    )
    if job.state in ("failed", "lost"):
        st.error(plain(job.message), icon=":material/error:")
    elif not job.active:
        st.caption(plain(job.message))


def _trials(workspace: Workspace, job: Job, plan: Plan) -> None:
    frame = effects.trials_frame(plan, _live(workspace, plan))
    if not job.active:  # what a worker that is gone left behind
        frame["state"] = frame["state"].replace({"running": job.state, "waiting": "not begun"})
    for setting in effects.dimensions(plan):
        frame[setting.name] = frame[setting.name].astype(object).map(short)  # a table's own format cuts 0.00122 short
    frame.insert(1, "", ["★" if t == plan.best else "" for t in frame["trial"]])
    frame["time"] = [duration(s) if pd.notna(s) else None for s in frame.pop("seconds")]
    if not frame["reason"].any():
        frame = frame.drop(columns="reason")
    st.dataframe(
        frame.rename(columns={"f1": "F1", "reason": "why it failed"}),
        hide_index=True,
        height=min(38 + 35 * len(frame), 330),
        column_config={"accuracy": _SHARE, "F1": _SHARE, "loss": st.column_config.NumberColumn(format="%.3f")},
        placeholder="–",
        key=f"sweep_trials_{job.id}",
    )


def _live(workspace: Workspace, plan: Plan) -> dict[int, dict[str, float]]:
    """Return the best metrics so far of trials that are not over."""
    found = {}
    for trial in plan.trials:
        if trial.state in ("running", "stopped") and trial.run is not None:
            curve = runs_readers.frame(workspace, trial.run)
            if len(curve):
                best = curve.loc[curve["f1_macro" if plan.recipe["best_by"] == "f1" else "accuracy"].idxmax()]
                found[trial.number] = {k: best[k] for k in ("accuracy", "f1", "loss", "epoch")}
    return found


def _best(plan: Plan) -> None:
    best = plan.trial(plan.best)
    if best is None:
        return
    row = st.container(horizontal=True, vertical_alignment="center", gap="medium")
    row.markdown(
        f"**Best: trial {best.number}** ({plain(best)}), accuracy {best.figures['accuracy']:.1%},"
        f" F1 {best.figures['f1']:.1%}",
        width="content",
    )
    if row.button("Use these settings", icon=":material/tune:", key="sweep_use", on_click=_use, args=(plan, best)):
        navigation.go("fine_tune")
    by = f"Best by {OBJECTIVES[plan.objective]}" + (", as the mean of each combination's seeds" if plan.seeds else "")
    st.caption(
        f"{by}; of equal ones, the network with fewer multiply-adds, then the earlier trial. The figures of the best of"
        " many are a little kind: it was chosen by them."
    )


def _use(plan: Plan, trial: Trial) -> None:
    # In full: the recipe may have changed since, or lie in a file that the form does not know.
    values = plan.recipe_of(trial.values).model_dump(mode="json")
    state.put(state.TRAIN_CLONE, {"label": plan.label, "recipe": plan.recipe_name, "values": values})
