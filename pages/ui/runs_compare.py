"""Settings and results side by side, and as lines through all settings at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.charts.runs import parallel
from core.training.compare import compare, settings_frame
from pages.ui import state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.training.summary import Summary

MOST = 8  # columns that can be read side by side
MARK = "background-color: rgba(230, 159, 0, 0.22)"  # orange on either ground


def side_by_side(chosen: Sequence[Summary]) -> None:
    """Draw one column per run, rows that differ first and marked."""
    if len(chosen) < 2:
        st.info("Tick two or more runs in the table to see what was set differently and what came out.")
        return
    if len(chosen) > MOST:
        st.caption(f"The {MOST} newest of {len(chosen)} ticked runs; Settings and results shows all of them.")
    shown = chosen[:MOST]
    table = compare(shown)
    state.get(state.RUNS_ONLY_DIFFERENCES)
    if st.toggle("Only differences", key=state.RUNS_ONLY_DIFFERENCES):
        table = table[table["differs"]]
    if table.empty:
        st.caption("These runs are alike in everything that is shown here.")
        return
    table = table.rename(columns={str(run.id): f"run {run.id}" for run in shown})
    table["differs"] = table["differs"].map({True: "≠", False: ""})
    st.dataframe(
        table.style.apply(_marked, axis=1),
        hide_index=True,
        height=min(38 + 35 * len(table), 720),
        column_config={
            "part": st.column_config.TextColumn("", width="small"),
            "what": st.column_config.TextColumn("", width="medium"),
            "differs": st.column_config.TextColumn("≠", width="small", help="Whether the runs differ here"),
        },
        key="runs_compared",
    )


def lines(chosen: Sequence[Summary], found: Sequence[Summary]) -> None:
    """Draw runs as lines through their settings and results: the ticked ones, a sweep's, or all."""
    sweeps = {run.sweep["id"]: [] for run in found if run.sweep}
    for run in found:
        if run.sweep:
            sweeps[run.sweep["id"]].append(run)
    options = [*([("ticked", 0)] if len(chosen) > 1 else []), *(("sweep", i) for i in sweeps), ("all", 0)]
    first, second = st.columns([2, 3], vertical_alignment="bottom")
    kind, which = first.selectbox("Runs", options, format_func=_group, key=f"runs_lines_{hash(tuple(options))}")
    by = second.segmented_control(
        "Colour by", ["accuracy", "f1"], format_func={"accuracy": "accuracy", "f1": "F1"}.get, required=True,
        default="f1", key="runs_colour",
    )  # fmt: skip
    group = {"ticked": chosen, "all": found}.get(kind) or sweeps[which]
    varied = [n for run in group if kind == "sweep" for n in run.sweep["values"]]
    frame = settings_frame(group, list(dict.fromkeys(varied)) or None)
    if len(frame) < 2 or len(frame.columns) < 3:
        st.info("This needs two or more measured runs that were set differently.")
        return
    st.plotly_chart(parallel(frame, by), key="runs_parallel", config={"displaylogo": False})
    st.caption("Drag along an axis to keep the runs that pass there; drag an axis by its name to move it.")
    if len({run.data for run in group if run.accuracy is not None}) > 1:
        st.caption("Not all of these runs learned from the same cells: part of what differs may come from that.")
    if left := len(group) - len(frame):
        st.caption(f"{left} run{'s have' if left > 1 else ' has'} no measured epoch and no line.")


def _group(option: tuple[str, int]) -> str:
    kind, which = option
    return {"ticked": "The ticked runs", "all": "All runs in the table"}.get(kind, f"Sweep {which}")


def _marked(row: pd.Series) -> list[str]:
    return [MARK if row["differs"] else ""] * len(row)
