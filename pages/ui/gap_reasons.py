"""Why cells are free, and which images contradict themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.store.conditions import Contradicting
from core.store.selection import rows_of
from pages.ui import gap_readers, gap_selection, readers, strips

if TYPE_CHECKING:
    from core.store.gaps import FreeCells, Reason
    from core.workspace import Workspace


def conflicts(workspace: Workspace, conflict_rows: int) -> None:
    """Draw the images that contradict themselves, with the cells that can't all be true."""
    if conflict_rows:
        _conflicts(workspace, readers.conflicts(workspace), conflict_rows)
    else:
        st.caption("No image breaks a rule.")


def proofs(workspace: Workspace) -> None:
    """Draw some proofs, one for each way in which cells follow."""
    found, cells = gap_readers.look(workspace).proofs
    if found:
        _proofs(found, cells)
    else:
        st.caption("No unwritten cell follows from the rules right now.")


def _proofs(proofs: list[FreeCells], cells: int) -> None:
    told = sum(proof.cells for proof in proofs)
    all_of_them = "all" if told == cells else f"{told:,} of the"
    st.markdown(f"The proofs of {all_of_them} {cells:,} free cells: what is known leaves no other class.")
    table = pd.DataFrame({
        "what follows": [proof.sentence for proof in proofs], "cells": [proof.cells for proof in proofs],
        "for example": [proof.fname for proof in proofs],
    })  # fmt: skip
    columns = {"cells": st.column_config.NumberColumn(width="small", format="localized")}
    st.dataframe(table, hide_index=True, key="proofs", column_config=columns, height=min(38 + 35 * len(table), 300))


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
