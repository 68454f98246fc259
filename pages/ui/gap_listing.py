"""The counts of missing cells as a table, and as text to copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.labels.missing import listing
from pages.ui import state

if TYPE_CHECKING:
    from core.labels.missing import MissingReport

FORMS = ("Table", "One line", "TSV", "Markdown")
_HEIGHT = 400  # pixels at most


@st.fragment
def section(report: MissingReport) -> None:
    """Draw how often each label, and each combination of labels, is missing in the imported table."""
    counts = listing(report)
    state.get(state.GAPS_LISTING)
    form = st.segmented_control("Counts as", FORMS, key=state.GAPS_LISTING, required=True,
                                label_visibility="collapsed")  # fmt: skip
    if form == "Table":
        table = pd.DataFrame(counts, columns=["missing", "rows"])
        narrow = {"rows": st.column_config.NumberColumn(width="small", format="localized")}
        st.dataframe(table, hide_index=True, height=min(38 + 35 * len(table), _HEIGHT), key="counts",
                     column_config=narrow)  # fmt: skip
        return
    text = as_text(counts, form)
    st.code(text, language=None, wrap_lines=form == "One line", height=_HEIGHT if text.count("\n") > 14 else "content")


def as_text(counts: list[tuple[str, int]], form: str) -> str:
    """Return counts in one of FORMS but the first; tabs, line breaks and pipes in names can't break the columns."""
    names = [" ".join(name.split()) for name, _ in counts]
    numbers = [n for _, n in counts]
    if form == "One line":
        return " · ".join(f"{name} {n}" for name, n in zip(names, numbers, strict=True))
    if form == "TSV":
        return "\n".join(["missing\trows", *(f"{name}\t{n}" for name, n in zip(names, numbers, strict=True))])
    escaped = (name.replace("\\", "\\\\").replace("|", "\\|") for name in names)
    lines = [f"| {name} | {n} |" for name, n in zip(escaped, numbers, strict=True)]
    return "\n".join(["| missing | rows |", "| --- | ---: |", *lines])
