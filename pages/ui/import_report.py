"""The check's report, and the button that writes."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import GapwiseError
from core.importing.check import Report, check
from core.importing.commit import commit
from core.importing.plan import ImportPlan, same
from core.importing.problems import MEANINGS, to_csv
from core.importing.upload import discard
from core.workspace import DATABASE, Workspace
from pages.ui import import_state as keys
from pages.ui import state
from pages.ui.import_state import Draft
from pages.ui.progress import Bar
from pages.ui.widgets import figures_row, told

SHOWN_ROWS = 1000
ROW_COLUMNS = ["row", "file", "severity", "meaning", "detail"]


def draw(draft: Draft, plan: ImportPlan) -> None:
    """Draw the check button, and below it the report of the last check."""
    fresh = draft.report is not None and same(draft.report.plan, plan)
    kind = "secondary" if fresh else "primary"
    if st.button("Check", type=kind, icon=":material/fact_check:", key="import_check", help="Reads every picture."):
        ws = Workspace.open(draft.target) if (draft.target / DATABASE).is_file() else None
        bar = Bar("Checking the pictures")
        with told():
            draft.report = check(plan, draft.table, bar, ws, draft.folder)
        st.rerun()
    if draft.report is None:
        st.caption("Checks every row and every picture. Nothing is written before you confirm.")
        return
    if not fresh:
        st.info("The plan was changed. Check again before importing.")
        return
    _report(draft.report)
    count = len(draft.report.images.rows)
    st.button(
        f"Import {count:,} images into {draft.target.name}",
        type="primary",
        icon=":material/download_done:",
        disabled=not count,
        on_click=_import,
        args=(draft, plan),
        key="import_confirm",
    )


def _report(report: Report) -> None:
    severities = report.problems["severity"]
    figures = figures_row()
    figures.metric("Usable rows", f"{len(report.images.rows):,}")
    figures.metric("Set aside", f"{report.set_aside:,}", help="Kept as they are, never lost; exported unchanged.")
    figures.metric("Warnings", f"{int((severities == 'warning').sum()):,}")
    figures.metric("Known already", f"{report.known:,}", help=f"{report.fills:,} of their gaps get a value.")
    if not len(report.problems):
        st.success("Every row has its picture, and every picture can be read.")
        return
    counts = report.counts()
    summary = pd.DataFrame(
        {"count": counts.values(), "what": [MEANINGS[c][1] for c in counts], "then": [MEANINGS[c][0] for c in counts]}
    )
    narrow = {"count": st.column_config.NumberColumn(width="small"), "then": st.column_config.TextColumn(width="small")}
    st.dataframe(summary, hide_index=True, key="problem_counts", column_config=narrow, height="content")
    shown = report.problems.head(SHOWN_ROWS)
    st.dataframe(
        shown, hide_index=True, height=min(38 + 35 * len(shown), 300), key="problem_rows", column_order=ROW_COLUMNS
    )
    if len(report.problems) > SHOWN_ROWS:
        st.caption(f"The first {SHOWN_ROWS:,} of {len(report.problems):,} lines; the download has all.")
    st.download_button(
        "Download the report", lambda: to_csv(report.problems), "import-report.csv", "text/csv",
        icon=":material/download:", key="get_report",
    )  # fmt: skip


def _import(draft: Draft, plan: ImportPlan) -> None:
    """Write; runs as a callback so that the sidebar can show the new workspace in the same run."""
    try:
        there = (draft.target / DATABASE).is_file()
        workspace = Workspace.open(draft.target) if there else Workspace.create(draft.target)
        result = commit(workspace, plan, draft.report)
    except GapwiseError as error:
        keys.put(keys.MESSAGE, ("error", str(error)))
        return
    if draft.upload is not None and not result.images and not result.moved:
        discard(draft.upload)  # nothing points there
    keys.put(keys.MESSAGE, ("success", result.sentence()))
    keys.put(keys.PREVIEWS, str(workspace.root))
    keys.put(keys.DRAFT, None)
    state.select_workspace(workspace.root)
