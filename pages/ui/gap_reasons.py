"""Why cells are free, and which images contradict themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.store.conditions import Contradicting
from core.store.selection import rows_of
from pages.ui import gap_readers, gap_selection, readers, strips
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.store.gaps import Reason
    from core.workspace import Workspace


def section(workspace: Workspace, conflict_rows: int) -> None:
    """Draw some proofs, and the conflicts with the cells that can't all be true."""
    st.subheader("Why", anchor=False)
    free, broken = readers.reasons(workspace)
    for reason in free:
        st.markdown(f"- **{plain(reason.fname)}**: {plain(reason.sentence)}")
    if not free:
        st.caption("No unwritten cell follows from the rules right now.")
    if broken:
        st.warning(f"{conflict_rows:,} images break a rule with what is known about them.")
        _conflicts(workspace, broken, conflict_rows)


@st.fragment
def _conflicts(workspace: Workspace, broken: list[Reason], conflict_rows: int) -> None:
    table = pd.DataFrame({"image": [r.fname for r in broken], "a smallest set of cells": [r.sentence for r in broken]})
    picked = st.dataframe(
        table, hide_index=True, key="conflicts", on_select="rerun", selection_mode="single-row",
        height=min(38 + 35 * len(table), 300),
    )  # fmt: skip
    images = len({r.image_id for r in broken})
    some = f"The first {images:,} of {conflict_rows:,} images. " if images < conflict_rows else ""
    row = st.container(horizontal=True, vertical_alignment="center")
    if row.button("Filter the pictures by them", icon=":material/filter_alt:", key="only_conflicts"):
        gap_selection.choose(workspace, Contradicting())
        st.rerun()
    row.caption(f"{some}Tick a row to see its image.")
    chosen = [broken[n].image_id for n in picked.selection.rows if n < len(broken)]
    if chosen:
        look = gap_readers.look(workspace)
        with workspace.read() as connection:
            strips.cards(workspace, look, rows_of(connection, look.ground, chosen))
