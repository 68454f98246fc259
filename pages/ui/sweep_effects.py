"""Accuracy and F1 of a sweep against its settings, and how much each of them mattered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.charts import sweep as charts
from core.training.sweep import effects
from core.training.sweep.spelling import short
from pages.ui import state
from pages.ui.widgets import plain

if TYPE_CHECKING:
    import pandas as pd

    from core.training.sweep.plan import Plan

LUCK = 0.05  # what random dealing gives more often than that is said to be perhaps luck
_PLAIN_CHART = {"displayModeBar": False}


def section(plan: Plan) -> None:
    """Draw what the finished trials say; nothing before there is one."""
    frame = effects.placed_frame(plan)
    if len(frame):
        _against_settings(plan, frame)
        _mattered(plan, frame)


def _axes(plan: Plan) -> dict[str, charts.Axis]:
    return {
        d.name: charts.Axis(log=d.range.log) if d.range else charts.Axis(tuple(map(short, d.values)))
        for d in effects.dimensions(plan)
    }


def _against_settings(plan: Plan, frame: pd.DataFrame) -> None:
    st.markdown("**Accuracy and F1 against each setting**")
    axes = _axes(plan)
    means = {d.name: effects.by_value(plan, d) for d in effects.dimensions(plan)}
    for start in range(0, len(means), charts.WIDE):
        part = dict(list(means.items())[start : start + charts.WIDE])
        st.plotly_chart(charts.panels(frame, part, axes), key=f"sweep_panels_{start}", config=_PLAIN_CHART)
    st.caption(
        "A point is a trial. The line is the mean of the trials that have the value (of a part of a range with as many"
        " trials as the others), the band one standard deviation over the other settings. F1 is that of the positive"
        " class for two classes, else the classes' mean."
    )


def _mattered(plan: Plan, frame: pd.DataFrame) -> None:
    state.get(state.SWEEP_SCORE)
    score = st.segmented_control("By", list(effects.METRICS), format_func=effects.METRICS.get, key=state.SWEEP_SCORE,
                                 required=True, label_visibility="collapsed")  # fmt: skip
    found = effects.effects(plan, score)
    left, right = st.container(key="pair_sweep").columns(2, gap="large")
    with left:
        st.markdown("**Which setting mattered**")
        for effect in found:
            st.markdown(_sentence(effect, effects.METRICS[score]))
        if not found:
            st.caption("Not known before two values of a setting have a finished trial.")
        st.caption(effects.METHOD)
    if len(plan.settings) == 2:
        with right:
            _two(plan, frame, score)


def _sentence(effect: effects.Effect, score: str) -> str:
    gap = (
        f"{100 * effect.gap:.1f} points of {score} lie between the means of its best value,"
        f" {plain(effect.best)}, and its worst"
    )
    if effect.share is None:
        return f"**{plain(effect.name)}**: {gap}; its share can't be said."
    doubt = f", which luck gives in {effect.luck:.0%} of cases" if effect.luck > LUCK else ""
    return (
        f"**{plain(effect.name)}**: {effect.share:.0%} of the variance (by chance {effect.chance:.0%}){doubt}. {gap}."
    )


def _two(plan: Plan, frame: pd.DataFrame, score: str) -> None:
    one, two = (s.name for s in plan.settings)
    axes = _axes(plan)
    pair, both = (one, two), (axes[one], axes[two])
    st.markdown(f"**{effects.METRICS[score]} of both together**")
    draw = charts.pair if all(axis.values for axis in both) else charts.cloud
    st.plotly_chart(draw(frame, pair, both, score), key=f"sweep_pair_{score}", config=_PLAIN_CHART)
