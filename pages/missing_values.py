"""Missing values: what is missing, why, and what logic fills for free."""

import pandas as pd
import streamlit as st

from core.charts.missing import MAX_PATTERNS, cells_by_label, patterns
from core.store.cells import derive_all
from core.workspace import Workspace
from pages.ui import gap_pictures, readers, rules_form, state, strips
from pages.ui.widgets import figures_row, page_header, told


def write_free(workspace: Workspace) -> None:
    with workspace.write() as connection:
        written = derive_all(connection)
    by_label = ", ".join(f"{name} {n}" for name, n in written.items())
    st.toast(f"{sum(written.values()):,} cells written with source derived: {by_label}", icon=":material/check:")


page_header("Missing values", "What the table lacks, what your rules fill without any model, and what stays open.")
workspace = state.workspace()
with told():
    report = readers.missing(workspace)
cells = report.cells

figures = figures_row()
figures.metric("Images", f"{report.rows:,}")
figures.metric("Gaps in the table", f"{sum(report.missing.values()):,}")
figures.metric("Free", f"{cells['free']:,}", help="Empty, and your rules leave only one possible class.")
figures.metric("Open", f"{cells['open']:,}", help="Empty, and nobody knows: for a model and a person.")
figures.metric(
    "In conflict", f"{cells['conflict']:,}", help="Empty, and the image's known labels contradict each other."
)

st.button(
    f"Write the {cells['free']:,} free cells" if cells["free"] else "No free cells to write",
    type="primary",
    icon=":material/done_all:",
    disabled=not cells["free"],
    on_click=write_free,
    args=(workspace,),
    key="write_free",
    help="Stores what the rules imply, with source `derived`. Change a rule or undo a decision and it is withdrawn.",
)

left, right = st.container(key="pair_missing").columns(2, gap="large")
with left:
    st.subheader("Cells by label", anchor=False)
    st.plotly_chart(
        readers.figure(cells_by_label, report.by_label), key="cells_by_label", config={"displayModeBar": False}
    )
    st.subheader("Counts", anchor=False)
    counts = {**report.missing, **{k.replace("+", " and "): n for k, n in report.together.items()}}
    narrow = {"rows": st.column_config.NumberColumn(width="small")}
    table = pd.DataFrame({"missing": counts.keys(), "rows": counts.values()})
    st.dataframe(table, hide_index=True, height=min(38 + 35 * len(table), 400), key="counts", column_config=narrow)
with right:
    st.subheader("Missing together", anchor=False)
    upset = readers.figure(patterns, report.patterns[:MAX_PATTERNS], list(report.missing))
    st.plotly_chart(upset, key="patterns", config={"displayModeBar": False})
    if len(report.patterns) > MAX_PATTERNS:
        rest = sum(p.rows for p in report.patterns[MAX_PATTERNS:])
        st.caption(f"{len(report.patterns) - MAX_PATTERNS:,} rarer patterns with {rest:,} rows are not drawn.")
    chosen = st.selectbox(
        "Images with this pattern",
        range(len(report.patterns)),
        # Complete rows are the commonest and the least interesting.
        index=next((i for i, p in enumerate(report.patterns) if p.missing), 0),
        format_func=lambda i: (
            f"{', '.join(report.patterns[i].missing) or 'nothing'} missing ({report.patterns[i].rows:,})"
        ),
        key="pattern",
    )
strips.pattern_strip(workspace, report.patterns[chosen].missing)
gap_pictures.section(workspace, report)

st.subheader("Why", anchor=False)
free, broken = readers.reasons(workspace)
for reason in free:
    st.markdown(f"- **{reason.fname}**: {reason.sentence}")
if not free:
    st.caption("No unwritten cell follows from the rules right now.")
if broken:
    st.warning(f"{report.conflict_rows:,} images break a rule with what is known about them.")
    st.dataframe(
        pd.DataFrame([{"image": r.fname, "labels": r.sentence} for r in broken]), hide_index=True, key="conflicts"
    )
with st.expander("Rules", icon=":material/rule:"):
    rules_form.edit(workspace)
