"""How the gaps lie: one after the other in the table, together, and by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.charts.missing import cells_by_class, gap_matrix, gaps_together, rates
from core.labels.missingness import SHUFFLES, sentence
from core.labels.nullity import ORDERS
from pages.ui import readers, state
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.labels.label import Label
    from core.labels.missing import MissingReport
    from core.workspace import Workspace

VIEWS = ("Row by row", "Together", "By class", "By chance?")
MOST_TOLD = 10  # sentences
_PLAIN = {"displayModeBar": False}


def section(workspace: Workspace, report: MissingReport) -> None:
    """Draw the picture that is chosen; what is not looked at costs nothing."""
    labels = readers.labels(workspace)
    state.get(state.GAPS_VIEW)
    view = st.segmented_control("How the gaps lie", VIEWS, key=state.GAPS_VIEW, required=True)
    if view == "Row by row":
        _matrix(workspace, labels, report.rows)
    elif view == "Together":
        together = readers.figure(gaps_together, readers.gaps_together(workspace), _names(labels))
        st.plotly_chart(together, key="gaps_together", config=_PLAIN)
        st.caption(
            "1: always missing together; -1: never both missing and never both there; 0: one says nothing about the"
            " other. A label without gaps, or with nothing but gaps, has no number."
        )
    elif view == "By chance?":
        _chance(workspace)
    else:
        chosen = st.selectbox("Label", range(len(labels)), format_func=lambda i: labels[i].name, key="gaps_class")
        label = labels[chosen]
        bars = readers.figure(cells_by_class, report.by_class[label.name], label.names)
        st.plotly_chart(bars, key="cells_by_class", config=_PLAIN)


def _matrix(workspace: Workspace, labels: list[Label], rows: int) -> None:
    row = st.container(horizontal=True)
    state.get(state.GAPS_ORDER)
    by = row.selectbox("Rows by", list(ORDERS), format_func=ORDERS.get, key=state.GAPS_ORDER, width=200)
    label = 0
    if by == "label":
        label = row.selectbox("Label", range(len(labels)), format_func=lambda i: labels[i].name, key="gaps_label",
                              width=240)  # fmt: skip
    shares = readers.gap_matrix(workspace, by, label)
    st.plotly_chart(readers.figure(gap_matrix, shares, _names(labels), rows), key="gap_matrix", config=_PLAIN)
    if rows > len(shares):
        each = rows / len(shares)
        about = f"{each:,.0f}" if each >= 10 else f"{each:.1f}"  # 600 rows in 500 lines are not 1 row each
        st.caption(f"Each line stands for about {about} rows: the darker, the more of them lack the label.")


def _chance(workspace: Workspace) -> None:
    found = readers.findings(workspace)
    if not found:
        st.caption(
            "Nothing to hold the gaps against: no label has both gaps and known cells beside something that varies."
        )
        return
    for finding in [f for f in found if f.told][:MOST_TOLD]:
        st.markdown(f"- {plain(sentence(finding))}")
    if not found[0].told:
        st.markdown("Nothing speaks against chance in what was looked at.")
    st.caption(
        f"{len(found)} permutation tests with {SHUFFLES:,} shuffles, corrected for their number (Holm 1979)."
        " A free cell counts as known, and labels that rules tie together are not held against each other."
    )
    chosen = st.selectbox("Share of missing cells by", range(len(found)), key="gaps_finding", width=420,
                          format_func=lambda i: f"{found[i].label}, by {found[i].against}")  # fmt: skip
    finding = found[min(chosen, len(found) - 1)]
    st.plotly_chart(rates(finding), key="gap_rates", config=_PLAIN)
    st.caption(f"{plain(sentence(finding))} The bars are 95% intervals, the dotted line is the share over all.")


def _names(labels: list[Label]) -> list[str]:
    return [label.name for label in labels]
