"""The grid of the search around α·β²·γ² = 2: each point a network with its counted cost, and a search of one's own."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.charts.surface import Mark, constraint
from core.errors import GapwiseError
from core.models.baselines import BASELINES
from core.models.constraint import STEP, TOLERANCE, grid, surface
from core.models.scaling import PAPER
from core.training.scaled import words
from core.training.scaled.command import SEARCH, TRIED, check
from core.training.scaled.results import difference, winner
from pages.ui import scaling_jobs, scaling_outcomes, scaling_trained
from pages.ui import training_fields as fields
from pages.ui.widgets import show_error

if TYPE_CHECKING:
    from core.models.constraint import Point
    from core.training.scaled.command import Asked
    from core.training.scaled.results import Outcome
    from core.training.sweep.plan import Plan
    from core.workspace import Workspace

_ABOUT = (
    "At φ = 1 the paper looks for α, β, γ of at least 1 with α·β²·γ² ≈ 2, so that one step of φ doubles the"
    " multiply-adds, and finds 1.2, 1.1, 1.15 for B0. Each point is a network. On the surface the formula says 2; what"
    " is counted, with whole layers and channels in eights, is the colour."
)
_PLAIN = {"displayModeBar": False}


def draw(workspace: Workspace) -> None:
    """Draw the surface for a baseline, then the form and the results of searches on the person's data."""
    st.markdown(_ABOUT)
    _counted()
    st.markdown("**Search on your own data**")
    found = scaling_jobs.of_kind(workspace, SEARCH)
    asked = scaling_trained.ask(workspace, SEARCH)
    if asked is not None:
        _offer(workspace, asked, busy=any(job.active for job in found))
    if found:
        scaling_jobs.shown(workspace, found, "Search", _won)


def _counted() -> None:
    row = fields.row()
    baseline = row.selectbox("Baseline", list(BASELINES), format_func=lambda n: BASELINES[n].title,
                             key="surface_baseline", width=240)  # fmt: skip
    step = row.number_input("Step of the grid", 0.02, 0.5, STEP, step=0.01, key="surface_step", width=150)
    about = "How far α·β²·γ² may be off 2, as a share."
    tolerance = row.number_input("Tolerance", 0.0, 0.5, TOLERANCE, step=0.01, key="surface_tolerance", width=150,
                                 help=about)  # fmt: skip
    try:
        points = _grid(round(float(step), 4), round(float(tolerance), 4), baseline)
    except GapwiseError as error:
        show_error(error)
        return
    marks = [Mark(p.alpha, p.beta, p.gamma, p.counted, _told(p), p.paper) for p in points]
    st.plotly_chart(constraint(surface(), marks, "times the baseline", ".2f"), key="surface_counted", config=_PLAIN)
    costs = [p.counted for p in points]
    st.caption(
        f"{len(points):,} networks; counted, they cost {min(costs):.2f} to {max(costs):.2f} times"
        f" {BASELINES[baseline].title}. By the formula the paper's α, β, γ make {PAPER.product:.2f}."
    )
    box = st.expander("The same as a table", icon=":material/table_rows:", key="surface_table", on_change="rerun")
    if box.open:
        box.dataframe(pd.DataFrame([p.as_json() for p in points]), hide_index=True, key="surface_rows")


@st.cache_data(max_entries=32, show_spinner=False)
def _grid(step: float, tolerance: float, baseline: str) -> tuple[Point, ...]:
    return grid(step, tolerance, baseline)


def _told(p: Point) -> list[str]:
    return [
        f"α {p.alpha:g}, β {p.beta:g}, γ {p.gamma:g} ({p.px} px)",
        f"formula {p.product:.2f}, counted {p.counted:.2f} times",
        f"{p.multiply_adds:,} multiply-adds, {p.parameters:,} parameters",
    ]


def _offer(workspace: Workspace, asked: Asked, busy: bool) -> None:
    most = st.number_input("Networks to try", 2, 50, TRIED, key="surface_most", width=150,
                           help="Points of the grid that lie far apart; the paper's is always among them.")  # fmt: skip
    try:
        plan = check(workspace, replace(asked, most=int(most)))
    except GapwiseError as error:
        show_error(error)
        return
    scaling_outcomes.networks(plan)
    pressed = st.button("Search", icon=":material/travel_explore:", type="primary", key="surface_start", disabled=busy)
    st.caption("A search is going on." if busy else scaling_trained.told(workspace, plan))
    if pressed:
        scaling_jobs.begin(workspace, replace(asked, most=int(most)))


def _won(workspace: Workspace, plan: Plan, found: list[Outcome]) -> None:
    """Draw the networks that were tried on the surface, coloured by accuracy, and the winner beside the paper's."""
    marks = []
    for one in found:
        for each in one.about.get("coefficients", ()):
            accuracy = one.accuracy.mean if one.accuracy else None
            told = [words.name(one.name), f"accuracy {words.percent(one.accuracy)}",
                    f"{one.about['multiply_adds']:,} multiply-adds"]  # fmt: skip
            marks.append(Mark(**each, value=accuracy, told=told, paper=each == asdict(PAPER)))
    st.plotly_chart(constraint(surface(), marks, "accuracy", ".1%"), key="surface_trained", config=_PLAIN)
    best, paper = winner(found), next((o for o in found if _is_paper(o)), None)
    if best is None or paper is None or not paper.runs:
        return
    if best is paper:
        st.markdown("The paper's own coefficients came out best here.")
        return
    gap, more = difference(best, paper), best.about["multiply_adds"] / paper.about["multiply_adds"] - 1
    luck = "" if gap.beyond else ", which may be luck"
    st.markdown(
        f"Best here: **{best.name}**, {words.points(gap)} points over the paper's {paper.name}{luck}; it costs"
        f" {more:+.1%} multiply-adds against it. The best of several is a little kind to itself: it was chosen by these"
        " figures."
    )


def _is_paper(one: Outcome) -> bool:
    return asdict(PAPER) in one.about.get("coefficients", ())
