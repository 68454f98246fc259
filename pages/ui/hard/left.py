"""Where one was when one left for a picture: going back leads there.

Streamlit takes the page's parameters off the address before it opens another page, in an entry of the browser's history
of its own. That one is where Back leads, so what it lacks is kept here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import state

if TYPE_CHECKING:
    from core.workspace import Workspace

_BOUND = (
    *(state.HARD_LABEL, state.HARD_RUN, state.HARD_VIEW, state.HARD_LIST),
    *(state.HARD_TRUTH, state.HARD_SAID, state.HARD_RUNS),
)


def keep(workspace: Workspace) -> None:
    """Keep what the address says: for callbacks."""
    now = {key: st.session_state[key] for key in _BOUND if st.session_state.get(key) is not None}
    state.put(state.HARD_LEFT, (str(workspace.root), now))


def restore(workspace: Workspace) -> None:
    """Choose again what was chosen, unless the address has a say; ends the run then, before anything is drawn.

    In the run that a step back starts a field begins anew where the address says nothing, whatever it was put to.
    """
    kept = state.get(state.HARD_LEFT)
    state.put(state.HARD_LEFT, None)
    if kept is None or kept[0] != str(workspace.root) or any(key in st.query_params for key in _BOUND):
        return
    for key, value in kept[1].items():
        state.put(key, value)
    st.rerun()
