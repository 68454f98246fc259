"""The Scaling page's tables: printed beside counted."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.models import families, scaling
from core.models.matching import match_single
from core.models.stages import Stage, scaled_stages, totals

BILLIONS, MILLIONS = 1e9, 1e6


def stage_table(stages: tuple[Stage, ...]) -> pd.DataFrame:
    """One row per stage, with its share of the cost."""
    total = totals(stages)[1]
    return pd.DataFrame(
        {
            "stage": s.number,
            "operator": s.operator,
            "input px": s.resolution,
            "channels": s.channels,
            "layers": s.layers,
            "M multiply-adds": s.multiply_adds / MILLIONS,
            "share": 100 * s.multiply_adds / total,
            "M parameters": s.parameters / MILLIONS,
        }
        for s in stages
    )


STAGE_FORMATS = {
    "M multiply-adds": st.column_config.NumberColumn(format="%.1f"),
    "share": st.column_config.ProgressColumn(format="%.0f%%", min_value=0, max_value=100),
    "M parameters": st.column_config.NumberColumn(format="%.2f"),
}


@st.cache_data(show_spinner=False)
def single_dimension() -> pd.DataFrame:
    """The paper's comparison, counted, and the factor at which each dimension alone costs as much as compound."""
    networks = families.single_dimension()
    compound = networks[-1]
    rows = []
    for network in networks:
        counted = totals(scaled_stages(network.factors))[1]
        changed = [d for d in scaling.DIMENSIONS if getattr(network.factors, d) != 1]
        fair = match_single(changed[0], compound.factors, counted=True) if len(changed) == 1 else None
        rows.append(
            {
                "network": network.name,
                "d": network.factors.depth,
                "w": network.factors.width,
                "r": network.factors.resolution,
                "px": network.px,
                "printed": network.multiply_adds / BILLIONS,
                "counted": counted / BILLIONS,
                "off": 100 * (counted / network.multiply_adds - 1),
                "top-1": network.top1,
                "fair": fair,
            }
        )
    return pd.DataFrame(rows)


SINGLE_FORMATS = {
    "px": st.column_config.NumberColumn("px", help="224 x r, rounded"),
    "printed": st.column_config.NumberColumn("printed, B", format="%.1f", help="Multiply-adds as in the paper"),
    "counted": st.column_config.NumberColumn("counted, B", format="%.3f", help="Multiply-adds of the network itself"),
    "off": st.column_config.NumberColumn("counted against printed", format="%+.0f%%"),
    "top-1": st.column_config.NumberColumn("top-1, printed", format="%.1f%%"),
    "fair": st.column_config.NumberColumn(
        "factor at equal cost", format="%.2f", help="Where this dimension alone has the compound network's counted cost"
    ),
}


@st.cache_data(show_spinner=False)
def shipped() -> pd.DataFrame:
    """The shipped coefficients beside the formula at the φ that comes nearest."""
    rows = []
    for network in families.shipped():
        parameters, multiply_adds = totals(scaled_stages(network.factors))
        phi = scaling.nearest_phi(network.factors)
        formula = scaling.compound(max(phi, 0.0))
        rows.append(
            {
                "name": network.name,
                "w": network.factors.width,
                "d": network.factors.depth,
                "px": network.px,
                "phi": phi,
                "w formula": formula.width,
                "d formula": formula.depth,
                "px formula": formula.px,
                "parameters": parameters / MILLIONS,
                "printed parameters": network.parameters / MILLIONS,
                "multiply-adds": multiply_adds / BILLIONS,
                "printed multiply-adds": network.multiply_adds / BILLIONS,
            }
        )
    return pd.DataFrame(rows)


SHIPPED_FORMATS = {
    "name": st.column_config.TextColumn("network"),
    "w": st.column_config.NumberColumn("w shipped", format="%.1f"),
    "d": st.column_config.NumberColumn("d shipped", format="%.1f"),
    "px": st.column_config.NumberColumn("px shipped"),
    "phi": st.column_config.NumberColumn("nearest φ", format="%.2f", help="Least squares on the logs of w, d and r"),
    "w formula": st.column_config.NumberColumn("w formula", format="%.2f"),
    "d formula": st.column_config.NumberColumn("d formula", format="%.2f"),
    "px formula": st.column_config.NumberColumn("px formula"),
    "parameters": st.column_config.NumberColumn("params, M", format="%.2f", help="Counted"),
    "printed parameters": st.column_config.NumberColumn("params printed", format="%.1f"),
    "multiply-adds": st.column_config.NumberColumn("mult-adds, B", format="%.2f", help="Multiply-adds, counted"),
    "printed multiply-adds": st.column_config.NumberColumn("mult-adds printed", format="%.2f"),
}
