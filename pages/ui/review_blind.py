"""How often the proposal is hidden, so that it can't lead the answer."""

from __future__ import annotations

import streamlit as st

from core.store import blind
from core.workspace import Workspace
from pages.ui import state

SHARES = (0, 5, 10, 20, 50, 100)  # percent


def setting(workspace: Workspace, now: int) -> None:
    """Draw the choice in the sidebar; it holds for everybody in the workspace."""
    key = f"{state.REVIEW_BLIND}-{workspace.root}"
    st.sidebar.selectbox(
        "Hide the proposal",
        sorted({*SHARES, now}),
        index=sorted({*SHARES, now}).index(now),
        format_func=lambda share: f"for {share}% of the items" if share else "never",
        key=key,
        on_change=_store,
        args=(workspace, key),
        help="People agree more easily with what they are shown. Where it is hidden they answer by themselves;"
        " under the card, *Progress* holds one agreement against the other.",
    )


def _store(workspace: Workspace, key: str) -> None:
    with workspace.write() as connection:
        blind.set_percent(connection, st.session_state[key])
