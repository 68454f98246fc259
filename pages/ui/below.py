"""What the Review page has below its card: what is rarely looked at is worked out when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import bulk, retrain, second_opinions, state

if TYPE_CHECKING:
    from core.labels.label import Label
    from core.workspace import Workspace

_SECTIONS = {"Accept in bulk": bulk.section, "Second opinions": second_opinions.section}


def draw(workspace: Workspace, label_id: int, label: Label) -> None:
    """Draw what is new since the last run, and what was chosen of the rest."""
    retrain.line(workspace, label_id)
    state.get(state.REVIEW_BELOW)
    chosen = st.segmented_control("More", list(_SECTIONS), key=state.REVIEW_BELOW, label_visibility="collapsed")
    if chosen:
        _SECTIONS[chosen](workspace, label_id, label)
