"""What the Scaling page has below its explorer: one section at a time; what is closed costs nothing."""

from __future__ import annotations

import streamlit as st

from pages.ui import scaling_families, scaling_fit, scaling_surface, scaling_trained, state
from pages.ui.scaling import comparison, shipped

SECTIONS = {
    "The paper's comparison": comparison.draw,
    "Shipped coefficients": shipped.draw,
    "Constraint surface": lambda: scaling_surface.draw(state.workspace()),
    "Families": lambda: scaling_families.draw(state.workspace()),
    "What fits?": lambda: scaling_fit.draw(state.workspace()),
    "Trained": lambda: scaling_trained.draw(state.workspace()),
}


def draw() -> None:
    """Draw the choice of a section, and the one that is open."""
    state.get(state.SCALING_SECTION)
    chosen = st.segmented_control("More about scaling", list(SECTIONS), key=state.SCALING_SECTION)
    if chosen:
        SECTIONS[chosen]()
