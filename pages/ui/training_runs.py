"""Runs side by side: their best metrics, and the curves of one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.charts.curves import curves
from core.store.runs import list_runs, metrics_frame

if TYPE_CHECKING:
    from core.workspace import Workspace

_SHARE = st.column_config.NumberColumn(format="percent")


def table(workspace: Workspace) -> None:
    """Draw the runs, newest first, and the curves of a chosen one."""
    with workspace.read() as connection:
        runs = list_runs(connection)
    if not runs:
        return
    st.subheader("Runs", anchor=False)
    st.caption("Runs on one label are measured on the same held-out images, so their figures can be compared.")
    st.dataframe(
        pd.DataFrame([_row(run) for run in runs]),
        hide_index=True,
        column_config={"accuracy": _SHARE, "F1": _SHARE},
        key="runs",
    )
    known = {run.id: run for run in runs}
    chosen = st.selectbox(
        "Curves of run",
        list(known),
        format_func=lambda i: f"{i}: {known[i].label}, {known[i].recipe}",
        key=f"run_curves_{runs[0].id}",  # a new run moves the choice to itself
    )
    frame = metrics_frame(workspace, chosen)
    if len(frame):
        st.plotly_chart(curves(frame), key=f"curves_{chosen}", config={"displayModeBar": False})
    else:
        st.caption("No epoch of this run was measured.")


def _row(run) -> dict[str, object]:
    best, config = run.metrics or {}, run.config
    return {
        "run": run.id,
        "label": run.label,
        "recipe": run.recipe,
        "accuracy": best.get("accuracy"),
        "F1": best.get("f1"),
        "loss": best.get("loss"),
        "best epoch": best.get("epoch"),
        "trained on": sum(config.get("train", {}).values()) or None,
        "held out": sum(config.get("heldout", {}).values()) or None,
        "data": config.get("data", "")[:8],
        "device": best.get("device"),
        "started": datetime.fromtimestamp(run.created).strftime("%Y-%m-%d %H:%M"),
    }
