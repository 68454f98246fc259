"""What a callback has to say: drawn by the run that follows, since in a fragment a callback may draw nothing itself."""

from __future__ import annotations

import streamlit as st

from pages.ui import state


def say(text: str, icon: str = ":material/check:") -> None:
    """Keep a line for `said`."""
    state.put(state.SAID, (text, icon))


def said() -> None:
    """Draw, once, what there is to say."""
    text, icon = state.get(state.SAID)
    if text:
        state.put(state.SAID, ("", ""))
        st.toast(text, icon=icon)
