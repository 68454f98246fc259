"""Families of networks: reported accuracy against what each costs, with budgets and where every figure comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.charts.families import ORDER, TITLES, families
from core.errors import GapwiseError
from core.models.measured import measurements
from core.models.published import Published, pareto, published, reversed_table
from pages.ui import scaling_measuring, state, use_network
from pages.ui.scaling_costs import AXES, Costs, table
from pages.ui.widgets import plain, show_error

if TYPE_CHECKING:
    from core.workspace import Workspace

BILLIONS, MILLIONS = 1e9, 1e6


def draw(workspace: Workspace) -> None:
    """Draw the section."""
    shown = _filter()
    try:
        costs = _costs()
    except GapwiseError as error:
        show_error(error)
        return
    networks = [p for p in published() if p.family in shown]
    frame = _frame(networks, costs)
    if frame.empty:
        st.info("None of these networks has this figure yet. Choose another one, or other families.")
    else:
        _chart(networks, frame, costs)
    _told(costs)
    _table(networks, costs)
    _measure(workspace, networks)
    _reversed()


def _filter() -> list[str]:
    state.get(state.FAMILIES_SHOWN)
    chosen = st.pills("Families", list(ORDER), selection_mode="multi", format_func=TITLES.get, key=state.FAMILIES_SHOWN)
    return list(chosen or ORDER)


def _costs() -> Costs:
    for key in (state.FAMILIES_AXIS, state.FAMILIES_MEMORY, state.FAMILIES_LATENCY):
        state.get(key)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        axis = st.selectbox("Against", list(AXES), format_func=AXES.get, key=state.FAMILIES_AXIS)
        memory = st.number_input(
            "My memory, GB", 0.0, 10_000.0, step=1.0, key=state.FAMILIES_MEMORY,
            help="Networks whose training with batches of 32 needs more, a tenth kept free, are faded; 0: no budget",
        )  # fmt: skip
        latency = st.number_input(
            "My latency, ms", 0.0, 1e6, step=10.0, key=state.FAMILIES_LATENCY,
            help="Networks that take longer for one picture on this machine are faded; 0 for no budget",
        )  # fmt: skip
    return Costs(axis, memory * 1e9 or None, latency / 1000 or None, measurements())


def _frame(networks: list[Published], costs: Costs) -> pd.DataFrame:
    rows = []
    for p in networks:
        cost, sure = costs.of(p)
        if cost is not None:
            about = {"name": p.name, "family": p.family, "px": p.px, "top1": p.top1, "cost": cost, "sure": sure}
            rows.append({**about, "kept": costs.keeps(p), "told": costs.told(p)})
    frame = pd.DataFrame(rows, columns=["name", "family", "px", "top1", "cost", "sure", "kept", "told"])
    return frame.assign(front=pareto(frame.cost.tolist(), frame.top1.tolist()))


def _chart(networks: list[Published], frame: pd.DataFrame, costs: Costs) -> None:
    figure = families(frame, AXES[costs.axis], costs.limits)
    event = st.plotly_chart(
        figure, key="families_chart", on_select="rerun", selection_mode="points", config={"displayModeBar": False}
    )
    clicked = next((point.get("customdata") for point in event.selection.points), None)
    name = clicked[0] if isinstance(clicked, list | tuple) else clicked
    chosen = next((p for p in networks if p.name == name), None)
    if chosen is None:
        st.caption("Click a bubble to look at a network and to use it. A bubble is as wide as its pictures.")
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(plain(costs.told(chosen).replace("<br>", " · ")), width="stretch")
        if chosen.network is not None:
            use_network.button(chosen.network.settings, key="families_use")


def _told(costs: Costs) -> None:
    st.caption(
        f"Accuracy is **reported**: papers and the authors' README, in the table with their sources. {costs.source}"
        " Multiply-adds, which papers call FLOPs. Pareto front: nothing shown is both cheaper and at least as accurate."
        " Networks are compared as they were published: training, augmentation and pre-training differ too."
    )


def _table(networks: list[Published], costs: Costs) -> None:
    box = st.expander("All figures and their sources", icon=":material/table_rows:", key="families_all",
                      on_change="rerun")  # fmt: skip
    if box.open:
        with box:
            frame, formats = table(networks, costs)
            st.dataframe(frame, hide_index=True, column_config=formats, key="families_table", placeholder="–")
            _differing(networks)


def _differing(networks: list[Published]) -> None:
    words = {"parameters": "parameters", "multiply_adds": "multiply-adds"}
    lines = [
        f"{p.name}: {', '.join(f'{words[f]} counted {p.off(f):+.0%}' for f in p.differs)}"
        for p in networks
        if p.differs
    ]
    if lines:
        st.caption(
            "Printed and counted differ by more than 5%, so a figure is rounded or wrong, or timm's network is not"
            f" quite the printed one: {plain('; '.join(lines))}."
        )


def _measure(workspace: Workspace, networks: list[Published]) -> None:
    wanted = [p.network for p in sorted(networks, key=lambda p: p.counted.multiply_adds if p.counted else 0)]
    scaling_measuring.panel(workspace, "families", {0: [n for n in dict.fromkeys(wanted) if n is not None]})


def _reversed() -> None:
    for row in reversed_table():
        st.warning(
            f"**A published table is wrong.** It gives {row.network} {row.parameters / MILLIONS:.1f}M parameters and"
            f" {row.multiply_adds / BILLIONS:.1f}B multiply-adds; those are {row.belongs_to}'s. {row.network} has"
            f" {row.true_parameters / MILLIONS:.1f}M and {row.true_multiply_adds / BILLIONS:.1f}B: the columns are"
            f" reversed. Source: {plain(row.source)}.",
            icon=":material/error:",
        )
