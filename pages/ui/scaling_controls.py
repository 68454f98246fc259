"""The Scaling page's two sides and the lock between them."""

from __future__ import annotations

import streamlit as st

from core.errors import GapwiseError
from core.models import scaling
from core.models.matching import match_phi, match_single
from pages.ui import state

LOCKS = {"formula": "Equal by formula", "counted": "Equal by counting", "off": "Not locked"}
PHI_MAX = 5.0  # 26 times B0's cost with the paper's coefficients: the end of what one dimension alone can follow
RANGES = {"depth": (1.0, 32.0), "width": (1.0, 6.0), "resolution": (1.0, 6.0)}
KEYS = dict(zip(scaling.DIMENSIONS, (state.SCALING_DEPTH, state.SCALING_WIDTH, state.SCALING_RESOLUTION), strict=True))
STEPS = {"α (depth)": state.SCALING_ALPHA, "β (width)": state.SCALING_BETA, "γ (resolution)": state.SCALING_GAMMA}


def lock() -> None:
    """Draw the choice of what keeps the two networks at one cost."""
    state.get(state.SCALING_LOCK)
    st.segmented_control(
        "Cost of the two networks",
        list(LOCKS),
        format_func=LOCKS.get,
        key=state.SCALING_LOCK,
        required=True,
        on_change=follow_phi,
        help="Formula: d·w²·r² is the same on both sides. Counting: the multiply-adds of the real networks are, as near"
        " as whole layers and multiples of 8 channels allow. Move either side and the other follows.",
    )


def single_side() -> scaling.Factors:
    """Draw the left side's controls and return its factors."""
    state.get(state.SCALING_DIMENSION)
    dimension = st.segmented_control(
        "Dimension",
        scaling.DIMENSIONS,
        format_func=str.capitalize,
        key=state.SCALING_DIMENSION,
        required=True,
        on_change=follow_phi,
    )
    low, high = RANGES[dimension]
    state.get(KEYS[dimension])
    factor = st.slider(
        f"Times B0's {dimension}", low, high, step=0.01, format="%.2f", key=KEYS[dimension], on_change=follow_single
    )
    return scaling.single(dimension, factor)


def compound_side() -> scaling.Factors:
    """Draw the right side's controls and return its factors."""
    with st.expander("α, β, γ", icon=":material/tune:"):
        low, high = scaling.COEFFICIENT_LIMITS
        for column, (name, key) in zip(st.columns(3), STEPS.items(), strict=True):
            state.get(key)
            column.number_input(name, low, high, step=0.05, format="%.2f", key=key, on_change=follow_phi)
        note = scaling.off_constraint(coefficients())
        st.caption(note or f"α·β²·γ² = {coefficients().product:.2f}. The paper's search on B0 found 1.2, 1.1, 1.15.")
    state.get(state.SCALING_PHI)
    phi = st.slider("φ", 0.0, PHI_MAX, step=0.01, format="%.2f", key=state.SCALING_PHI, on_change=follow_phi)
    return scaling.compound(phi, coefficients())


def coefficients() -> scaling.Coefficients:
    """Return α, β, γ as they are set."""
    return scaling.Coefficients(*(float(state.get(key)) for key in STEPS.values()))


def follow_phi() -> None:
    """Bring the left side to the right side's cost."""
    state.put(state.SCALING_PROBLEM, "")
    how, dimension = state.get(state.SCALING_LOCK), state.get(state.SCALING_DIMENSION)
    if how == "off":
        return
    try:
        target = scaling.compound(state.get(state.SCALING_PHI), coefficients())
        factor = match_single(dimension, target, how == "counted")
    except GapwiseError as error:
        state.put(state.SCALING_PROBLEM, str(error))
        return
    low, high = RANGES[dimension]
    state.put(KEYS[dimension], min(max(factor, low), high))


def follow_single() -> None:
    """Bring the right side to the left side's cost; where φ ends, the left side comes back to it."""
    state.put(state.SCALING_PROBLEM, "")
    how, dimension = state.get(state.SCALING_LOCK), state.get(state.SCALING_DIMENSION)
    if how == "off":
        return
    try:
        target = scaling.single(dimension, state.get(KEYS[dimension]))
        phi = match_phi(target, coefficients(), how == "counted")
    except GapwiseError as error:
        state.put(state.SCALING_PROBLEM, str(error))
        return
    state.put(state.SCALING_PHI, min(max(phi, 0.0), PHI_MAX))
    if phi > PHI_MAX:
        follow_phi()
