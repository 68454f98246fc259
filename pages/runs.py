"""Runs: what was trained, how it went, and what came out of it."""

import streamlit as st

from core.training.summary import Summary, summaries
from core.workspace import Workspace
from pages.ui import (
    cascade_panel,
    navigation,
    runs_compare,
    runs_curves,
    runs_files,
    runs_quality,
    runs_table,
    state,
    sweep_results,
)
from pages.ui.widgets import page_header, plain, told

VIEWS = ("Curves", "Side by side", "Settings and results", "One run", "Sweeps", "Cascades")


def one_run(workspace: Workspace, offered: list[Summary]) -> None:
    names = {run.id: run for run in offered}
    if state.get(state.RUNS_ONE) not in names:
        state.put(state.RUNS_ONE, offered[0].id)
    chosen = st.selectbox("Run", list(names), format_func=lambda i: names[i].name, key=state.RUNS_ONE, width=420)
    run = names[chosen]
    st.subheader(f"Run {run.id}: {plain(run.label)}, {plain(run.recipe)}", anchor=False)
    runs_files.new_labels(workspace, run)
    runs_files.files(workspace, run)
    runs_quality.section(workspace, run)


page_header(
    "Runs",
    "What was trained, how it went, what came of it. Runs on one label are measured on the same held-out images.",
)
workspace = state.workspace()
with told():
    found = summaries(workspace)
    runs_table.watch(workspace, found)
    if not found:
        st.info("Nothing has been trained yet. Start a training on the Fine-tune page; its curve appears here.")
        navigation.link("fine_tune", "Go to Fine-tune")
        st.stop()
    chosen = runs_table.choose(workspace, found)
    with st.container(horizontal=True, vertical_alignment="center"):
        state.get(state.RUNS_VIEW)
        view = st.segmented_control("View", VIEWS, key=state.RUNS_VIEW, required=True, label_visibility="collapsed")
        st.toggle("Live", key=state.RUNS_LIVE, help="Follows runs that go on. Off, a chart that you zoomed stays so.")
    # Only what is looked at is computed.
    if view == "Curves":
        if not chosen:
            st.caption("The newest run. Tick several in the table to lay their curves over each other.")
        runs_curves.section(workspace, chosen or found[:1])
    elif view == "Side by side":
        runs_compare.side_by_side(chosen)
    elif view == "Settings and results":
        runs_compare.lines(chosen, found)
    elif view == "Sweeps":
        sweep_results.section(workspace)
    elif view == "Cascades":
        cascade_panel.view(workspace)
    else:
        one_run(workspace, chosen or found)
