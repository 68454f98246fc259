"""The curves of chosen runs over one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.charts.curves import AXES, COLORED, MEASURES, Curve, overlay
from pages.ui import runs_readers, state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.training.summary import Summary
    from core.workspace import Workspace

SCALES = {"x": "across", "y": "upwards"}


def section(workspace: Workspace, chosen: Sequence[Summary]) -> None:
    """Draw the choice of what to see, and the curves."""
    for key in (state.RUNS_MEASURE, state.RUNS_AXIS, state.RUNS_SMOOTHING, state.RUNS_SCALES):
        state.get(key)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = st.selectbox(
            "Show", list(MEASURES), format_func=lambda m: MEASURES[m].title, key=state.RUNS_MEASURE, width=230
        )
        axis = st.segmented_control("Over", list(AXES), format_func=_axis, required=True, key=state.RUNS_AXIS)
        scales = st.pills(
            "Logarithmic", list(SCALES), selection_mode="multi", format_func=SCALES.get, key=state.RUNS_SCALES
        )
        smoothing = st.slider(
            "Smoothing", 0.0, 0.99, step=0.01, key=state.RUNS_SMOOTHING, width=170,
            help="Share of what came before in each point. The line as it was measured stays faintly behind.",
        )  # fmt: skip
    lines = [Curve(run.name, runs_readers.frame(workspace, run.id)) for run in chosen]
    drawn = sum(measure in line.frame for line in lines)
    if not drawn:
        st.info("No epoch of these runs has been measured yet. The curve appears here by itself once one has.")
        return
    figure = overlay(lines, measure, axis, smoothing, "x" in scales, "y" in scales)
    st.plotly_chart(figure, key="runs_overlay", config={"displaylogo": False})
    if drawn > COLORED:
        what = "best" if MEASURES[measure].better else "newest"
        st.caption(
            f"The {COLORED} {what} runs are coloured, {drawn - COLORED} others grey; point at a line to read it."
        )


def _axis(name: str) -> str:
    return {"seconds": "time"}.get(name, name)
