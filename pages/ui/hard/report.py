"""The report: one HTML file with pictures, maps and figures, made here and taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import GapwiseError
from core.report import report as core_report
from core.store import hard
from pages.ui import state
from pages.ui.widgets import show_error

if TYPE_CHECKING:
    from pages.ui.hard.choice import Looked

COUNTS = (24, 60, 120, 300)  # pictures; 35 kB each


def button(looked: Looked) -> None:
    """Draw the button behind which a report is asked for."""
    with st.popover("Report", icon=":material/description:", width="content", help="One HTML file to send"):
        st.caption(
            "One HTML file to send to somebody: pictures with their maps, figures, where errors look. Nothing in it is"
            " fetched from elsewhere."
        )
        lists = list(hard.LISTS)
        now = st.session_state.get(state.HARD_LIST)
        which = st.selectbox("List", lists, format_func=hard.LISTS.get, key=f"hard_report_list_{now}",
                             index=lists.index(now) if now in lists else 0)  # fmt: skip
        count = st.segmented_control("Pictures, at most", COUNTS, default=COUNTS[1], required=True,
                                     key="hard_report_count")  # fmt: skip
        asked = (str(looked.workspace.root), looked.run_id, which, count)
        if st.button("Make the report", key="hard_report_make", type="primary"):
            _make(looked, asked)
        _offer(looked, asked)


def _make(looked: Looked, asked: tuple) -> None:
    *_, which, count = asked
    bar = st.progress(0.0, text="Reading…")

    def told(done: int, total: int) -> None:
        bar.progress(done / total, text=f"{done:,} of {total:,} pictures")

    try:
        text = core_report.content(looked.workspace, looked.label_id, looked.run_id, which, count, told)
    except GapwiseError as error:
        bar.empty()
        show_error(error)
        return
    bar.empty()
    state.put(state.HARD_REPORT, (asked, text.encode()))


def _offer(looked: Looked, asked: tuple) -> None:
    made = state.get(state.HARD_REPORT)
    if made is None or made[0] != asked:
        return
    name = f"hard-examples-{looked.label.name}-run-{looked.run_id}-{asked[2]}.html"
    st.download_button(f"Download, {len(made[1]) / 1e6:.1f} MB", made[1], file_name=name, mime="text/html",
                       icon=":material/download:", key="hard_report_take", on_click="ignore")  # fmt: skip
