"""The paper's comparison of one dimension against compound: printed, counted, and what equal cost would be."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.models import families, scaling
from core.models.matching import match_single
from core.models.stages import scaled_stages, totals
from pages.ui import use_network
from pages.ui.scaling.rows import chosen

BILLIONS = 1e9


def draw() -> None:
    """Draw the table, what it means, and the buttons for the row that is chosen."""
    found = table()
    row = chosen(found, _FORMATS, "single")
    alone = found.counted.iloc[1:-1]
    fewest, most, together = alone.min(), alone.max(), found.counted.iloc[-1]
    st.markdown(
        "The paper compares these networks at about 1.8B multiply-adds. Counted, one dimension alone has"
        f" {fewest:.2f} to {most:.2f}B and the compound network {together:.2f}B, so it is not quite a comparison at"
        " equal cost: part of the compound network's lead may be compute. The last column has the factors that are"
        " equal. Printed: Tan and Le 2019, arXiv 1905.11946, table 7. Counted: `python -m core scale --depth 4` and so"
        " on."
    )
    if row is None:
        return
    factors = families.single_dimension()[row].factors
    with st.container(horizontal=True):
        use_network.button(use_network.scaled(scaling.BASELINE, factors), "single_use")
        fair = found.fair.iloc[row]
        if pd.notna(fair):
            dimension = next(d for d in scaling.DIMENSIONS if getattr(factors, d) != 1)
            equal = use_network.scaled(scaling.BASELINE, scaling.single(dimension, float(fair)))
            use_network.button(equal, "single_fair", text=f"Use it at equal cost: {dimension} ×{fair:g}")


@st.cache_data(show_spinner=False)
def table() -> pd.DataFrame:
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


_FORMATS = {
    "px": st.column_config.NumberColumn("px", help="224 x r, rounded"),
    "printed": st.column_config.NumberColumn("printed, B", format="%.1f", help="Multiply-adds as in the paper"),
    "counted": st.column_config.NumberColumn("counted, B", format="%.3f", help="Multiply-adds of the network itself"),
    "off": st.column_config.NumberColumn("counted against printed", format="%+.0f%%"),
    "top-1": st.column_config.NumberColumn("top-1, printed", format="%.1f%%"),
    "fair": st.column_config.NumberColumn(
        "factor at equal cost",
        format="plain",
        help="Where this dimension alone has the compound network's counted cost",
    ),
}
