"""B0 to B7 as they are shipped beside the formula, and why they differ."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.models import families, scaling
from core.models.stages import scaled_stages, totals
from core.models.starts import px
from pages.ui import use_network
from pages.ui.scaling.rows import chosen

BILLIONS, MILLIONS = 1e9, 1e6


def draw() -> None:
    """Draw the table, the answer, and the button for the row that is chosen."""
    row = chosen(table(), _FORMATS, "shipped")
    st.markdown(
        "**Why do they differ?** The number after the B is not φ, and the paper prints no φ for B1 to B7. The"
        " released code holds a fixed table instead: width and depth to one decimal, resolutions in steps of 4. No φ"
        " gives these values: even at the nearest one the larger networks have fewer layers than α^φ and larger"
        " pictures than γ^φ. The paper gives no reason. What a network is made of is its row in this table; the"
        " formula says where it came from. EfficientNetV2 (Tan and Le 2021, arXiv 2104.00298) leaves the single"
        " formula: later stages get more of the new layers, and the picture size is capped."
    )
    if row is not None:
        use_network.button(settings(row), "shipped_use")


def settings(row: int) -> dict[str, object]:
    """Return a row's network as a recipe's settings: timm has all of them under their own names."""
    network = families.shipped()[row]
    return {"model": f"efficientnet_{network.name.lower()}", "size": network.px}


@st.cache_data(show_spinner=False)
def table() -> pd.DataFrame:
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
                "px formula": px(formula),
                "parameters": parameters / MILLIONS,
                "printed parameters": network.parameters / MILLIONS,
                "multiply-adds": multiply_adds / BILLIONS,
                "printed multiply-adds": network.multiply_adds / BILLIONS,
            }
        )
    return pd.DataFrame(rows)


_FORMATS = {
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
