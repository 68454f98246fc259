"""All runs, to choose one or several."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.training.compare import duration
from pages.ui import runs_readers, state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.training.summary import Summary
    from core.workspace import Workspace

LIVE_SECONDS, IDLE_SECONDS = 2.0, 5.0
_FORMATS = {
    "run": st.column_config.NumberColumn(width="small"),
    "accuracy": st.column_config.NumberColumn(format="percent", width=85, help="Of the best epoch, on held-out images"),
    "F1": st.column_config.NumberColumn(
        format="percent", width=85, help="Of the positive class for two classes, else the classes' mean"
    ),
    # Widths are told: the table measures its first values only, and a run's time gets longer while it is looked at.
    "state": st.column_config.TextColumn(width=85),
    "epochs": st.column_config.TextColumn(width=85),
    "time": st.column_config.TextColumn(width=100),
    "device": st.column_config.TextColumn(width=150),
    "data": st.column_config.TextColumn(
        help="Runs with the same fingerprint learned from and were measured on the same cells"
    ),
    "images/s": st.column_config.NumberColumn(format="%.0f", width=85, help="In training, the median over the epochs"),
}


def choose(workspace: Workspace, found: Sequence[Summary]) -> list[Summary]:
    """Draw the table and return the chosen runs, newest first; none when none is ticked."""
    shown = _of_label(found)
    ids = tuple(run.id for run in shown)
    ticked = [i for i in state.get(state.RUNS_CHOSEN).get(str(workspace.root), ()) if i in ids]
    # Ticks are places in the table. Another set of runs is another table, which starts with what was ticked.
    key = f"runs_table_{workspace.root.name}_{hash(ids)}"
    st.dataframe(
        pd.DataFrame([_row(run) for run in shown]),
        hide_index=True,
        height=min(38 + 35 * len(shown), 330),
        column_config=_FORMATS,
        placeholder="–",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [ids.index(i) for i in ticked]}},
        on_select=partial(_chose, str(workspace.root), key, ids),
        key=key,
    )
    return [run for run in shown if run.id in ticked]


def watch(workspace: Workspace, found: Sequence[Summary]) -> None:
    """Draw the page again when a run has a new epoch or another state, without anybody pressing F5."""
    if not state.get(state.RUNS_LIVE):
        return
    found = tuple(found)
    pause = LIVE_SECONDS if any(run.active for run in found) else IDLE_SECONDS
    # Nothing is drawn inside: a poller that holds a widget crashes when the page around it changes.
    st.fragment(run_every=pause)(_poll)(workspace, found, runs_readers.live_stamp(workspace, found))


def _poll(workspace: Workspace, found: tuple[Summary, ...], seen: tuple) -> None:
    if runs_readers.live_stamp(workspace, found) != seen:
        st.rerun()


def _chose(root: str, key: str, ids: tuple[int, ...]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    state.put(state.RUNS_CHOSEN, {**state.get(state.RUNS_CHOSEN), root: [ids[i] for i in rows if i < len(ids)]})


def _of_label(found: Sequence[Summary]) -> list[Summary]:
    names = list(dict.fromkeys(run.label for run in found))
    if len(names) < 2:
        return list(found)
    options = ["", *sorted(names)]
    if state.get(state.RUNS_LABEL) not in options:  # another workspace's
        state.put(state.RUNS_LABEL, "")
    label = st.selectbox(
        "Label", options, format_func=lambda name: name or "All labels", key=state.RUNS_LABEL, width=320,
        label_visibility="collapsed",
    )  # fmt: skip
    return [run for run in found if label in ("", run.label)]


def _row(run: Summary) -> dict[str, object]:
    return {
        "run": run.id,
        "label": run.label,
        "recipe": run.recipe,
        "state": run.state,
        "accuracy": run.accuracy,
        "F1": run.f1,
        "epochs": f"{run.epochs} of {run.planned}" if run.planned else str(run.epochs),
        "time": duration(run.seconds) if run.epochs else None,
        "images/s": run.images_per_second,
        "device": run.device or None,
        "data": run.data[:8] or None,
        "learned from": run.train or None,
        "sweep": f"{run.sweep['id']}, trial {run.sweep['trial']}" if run.sweep else None,
        "started": datetime.fromtimestamp(run.created).strftime("%Y-%m-%d %H:%M"),
    }
