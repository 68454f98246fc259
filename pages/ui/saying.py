"""What a callback has to say, drawn by the run that follows.

In a fragment's run a callback may draw nothing itself: Streamlit puts what it draws in the place of what stands at the
top of the page. So every callback leaves a line here; `shell.py` and each fragment whose callbacks do so draw it.
"""

from __future__ import annotations

import streamlit as st

from pages.ui import state
from pages.ui.widgets import plain


def say(text: object, icon: str = ":material/check:") -> None:
    """Keep a line for `said`; it is shown as it is, so names in it need no care."""
    state.put(state.SAID, (str(text), icon))


def said() -> None:
    """Draw, once, what there is to say."""
    text, icon = state.get(state.SAID)
    if text:
        state.put(state.SAID, ("", ""))
        st.toast(plain(text), icon=icon)
