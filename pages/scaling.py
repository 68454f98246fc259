"""Scaling: one dimension against compound, drawn to scale and counted."""

import streamlit as st

from core.charts.scaling import extent, network
from core.models.scaling import Factors
from core.models.stages import Stage, scaled_stages, totals
from pages.ui import scaling_controls, scaling_counts, scaling_tables, state
from pages.ui.widgets import figures_row, page_header, told


def figures(factors: Factors, stages: tuple[Stage, ...]) -> None:
    base = totals(scaled_stages(Factors()))[1]
    parameters, multiply_adds = totals(stages)
    growth = multiply_adds / base
    row = figures_row()
    row.metric("Multiply-adds", f"{multiply_adds / 1e9:.2f}B", help=f"Counted: {multiply_adds:,}")
    row.metric("Parameters", f"{parameters / 1e6:.1f}M", help=f"Counted: {parameters:,}")
    row.metric("d·w²·r²", f"{factors.cost:.2f}", help="What the formula says the multiply-adds grow by")
    off = 100 * (growth / factors.cost - 1)
    st.caption(
        f"d = {factors.depth:.2f}, w = {factors.width:.2f}, r = {factors.resolution:.2f} ({factors.px} px). Counted, it"
        f" costs {growth:.2f} times B0: {off:+.1f}% against the formula. Layers are rounded up, channels to multiples"
        " of 8, and the classifier grows with the width alone."
    )


def count_built(networks: tuple[Factors, ...], stages: tuple[tuple[Stage, ...], ...]) -> None:
    found = scaling_counts.built(networks)
    same = all((f["parameters"], f["multiply_adds"]) == totals(s) for f, s in zip(found, stages, strict=True))
    named = " · ".join(
        f"**{side}** {f['multiply_adds']:,} multiply-adds, {f['parameters']:,} parameters"
        for side, f in zip(("one dimension", "compound"), found, strict=True)
    )
    (st.success if same else st.error)(
        f"{'The built networks have exactly the figures shown' if same else 'The built networks differ'}: {named}"
    )


def choose() -> tuple[Factors, Factors]:
    left, right = st.container(key="pair_controls").columns(2, gap="large")
    with left.container(border=True):
        st.subheader("One dimension", anchor=False)
        one = scaling_controls.single_side()
    with right.container(border=True):
        st.subheader("Compound", anchor=False)
        compound = scaling_controls.compound_side()
    if state.get(state.SCALING_PROBLEM):
        st.warning(state.get(state.SCALING_PROBLEM))
    return one, compound


def draw(networks: tuple[Factors, ...], built: tuple[tuple[Stage, ...], ...]) -> None:
    size = extent(built)
    columns = st.container(key="pair_drawn").columns(
        2, gap="large"
    )  # a row of their own, so that both drawings stand on one line
    for column, key, factors, stages in zip(columns, ("one", "compound"), networks, built, strict=True):
        with column:
            st.plotly_chart(network(stages, size), key=f"drawn_{key}", config={"displayModeBar": False})
            figures(factors, stages)
            with st.expander("Stages", icon=":material/table_rows:"):
                table, formats = scaling_tables.stage_table(stages), scaling_tables.STAGE_FORMATS
                st.dataframe(table, hide_index=True, column_config=formats, key=f"stages_{key}")


@st.fragment  # a slider redraws the two networks, not the tables below
def explorer() -> None:
    scaling_controls.lock()
    with told():
        networks = choose()
        built = tuple(scaled_stages(factors) for factors in networks)
    draw(networks, built)
    apart = totals(built[0])[1] / totals(built[1])[1] - 1
    locked = scaling_controls.LOCKS[state.get(state.SCALING_LOCK)].lower()
    st.markdown(f"Counted, one dimension costs **{100 * apart:+.1f}%** against compound ({locked}).")
    st.caption(
        "Both drawings have one scale: a block is as wide as its channels, as high as its picture, and reaches back one"
        " step per layer. The figures are sums over the scaled network's layers; check them on the networks themselves:"
    )
    if st.button("Build both and count", icon=":material/calculate:", key="count_built"):
        with told():
            count_built(networks, built)


page_header(
    "Scaling",
    "One dimension against all three together, from EfficientNet-B0: Tan and Le 2019, arXiv 1905.11946.",
)
explorer()

st.subheader("The paper's comparison, counted", anchor=False)
paper = scaling_tables.single_dimension()
formats = scaling_tables.SINGLE_FORMATS
st.dataframe(paper, hide_index=True, column_config=formats, placeholder="–", key="single_table")
alone = paper.counted.iloc[1:-1]
fewest, most, together = alone.min(), alone.max(), paper.counted.iloc[-1]
st.markdown(
    "The paper compares these networks at about 1.8B multiply-adds. Counted, one dimension alone has"
    f" {fewest:.2f} to {most:.2f}B and the compound network {together:.2f}B, so it is not quite a comparison at equal"
    " cost: part of the compound network's lead may be compute. The last column has the factors that are equal."
    " Printed: Tan and Le 2019, arXiv 1905.11946, table 7. Counted: `python -m core scale --depth 4` and so on."
)

st.subheader("Shipped coefficients against the formula", anchor=False)
formats = scaling_tables.SHIPPED_FORMATS
st.dataframe(scaling_tables.shipped(), hide_index=True, column_config=formats, key="shipped_table")
st.markdown(
    "**Why do they differ?** The number after the B is not φ, and the paper prints no φ for B1 to B7. The"
    " released code holds a fixed table instead: width and depth to one decimal, resolutions in steps of 4. No φ"
    " gives these values: even at the nearest one the larger networks have fewer layers than α^φ and larger"
    " pictures than γ^φ. The paper gives no reason. What a network is made of is its row in this table; the"
    " formula says where it came from. EfficientNetV2 (Tan and Le 2021, arXiv 2104.00298) leaves the single"
    " formula: later stages get more of the new layers, and the picture size is capped."
)
