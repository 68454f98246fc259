"""A table of networks in which one row can be chosen."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st


def chosen(table: pd.DataFrame, formats: Mapping[str, object], key: str) -> int | None:
    """Draw a table; return the place of the row that is chosen, None for none."""
    event = st.dataframe(table, hide_index=True, column_config=formats, placeholder="–", key=f"{key}_table",
                         on_select="rerun", selection_mode="single-row")  # fmt: skip
    rows = event.selection.rows
    if not rows:
        st.caption("Choose a row to use its network.")
    return rows[0] if rows else None
