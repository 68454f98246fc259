"""Trained networks as pictures: scores with intervals, curves, what they took, and the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.charts.curves import Curve, overlay
from core.charts.scaled import Bar, Row, paid, scores
from core.training.scaled import results, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.training.scaled.results import Mean, Outcome
    from core.training.sweep.plan import Plan, Point

_PLAIN = {"displayModeBar": False}
_MEASURES = {"accuracy": "Accuracy", "loss": "Loss", "train_loss": "Loss in training"}
_FORMATS = {
    "network": "Network",
    "depth": st.column_config.NumberColumn("Depth", format="%.3g", help="Multiple of the model's own layers"),
    "width": st.column_config.NumberColumn("Width", format="%.3g", help="Multiple of the model's own channels"),
    "px": st.column_config.NumberColumn("Pixels", format="%d"),
    "multiply_adds": st.column_config.NumberColumn("Multiply-adds", format="localized", help="Counted, one picture"),
    "parameters": st.column_config.NumberColumn("Parameters", format="localized"),
    "seeds": "Seeds",
    "accuracy": "Accuracy",
    "over_baseline": "Over baseline",
    "time": "Time",
}


def draw(found: Sequence[Outcome], of: str, key: str, where: str) -> None:
    """Draw what is there so far.

    Args:
        of: The network that the others are held against.
        key: Of the widgets, another one for each set of networks on a page.
        where: What accuracy was measured on.
    """
    done = [o for o in found if o.runs]
    if done:
        st.markdown(words.verdict(found, of))
        rows = [_row(one, next((o for o in done if o.name == of), None)) for one in done]
        st.plotly_chart(scores(rows, words.name(of).lower()), key=f"{key}_scores", config=_PLAIN)
    formats = {**_FORMATS, "over": f"Over {words.name(of).lower()}"}
    st.dataframe(words.table(found, of), hide_index=True, column_config=formats, key=f"{key}_table")
    if not done:
        return
    st.caption(f"Accuracy on {where}. {results.METHOD}")
    left, right = st.columns(2, gap="large")
    with left:
        measure = st.segmented_control(
            "Curve", list(_MEASURES), default="accuracy", key=f"{key}_measure", format_func=_MEASURES.get,
            required=True, label_visibility="collapsed",
        )  # fmt: skip
        curves = [Curve(words.name(o.name), results.mean_curve(o)) for o in done]
        st.plotly_chart(overlay(curves, measure), key=f"{key}_curves", config=_PLAIN)
        st.caption("Mean over the seeds, epoch by epoch, on the images that choose the best epoch.")
    with right:
        st.markdown("**What a training took**")
        st.plotly_chart(paid(rows), key=f"{key}_paid", config=_PLAIN)
        st.caption(
            "Equal multiply-adds are not equal time: many thin layers take longer than few wide ones. Beside other work"
            " on the machine the seconds are an upper bound."
        )


def networks(plan: Plan) -> None:
    """Draw which networks would be trained, and how near their costs are."""
    points = {p.name: p for p in plan.points}
    frame = pd.DataFrame(
        [{"network": words.name(n), "depth": p.values["depth"], "width": p.values["width"], "px": p.about["px"],
          "multiply_adds": p.about["multiply_adds"], "parameters": p.about["parameters"]} for n, p in points.items()]
    )  # fmt: skip
    st.dataframe(frame, hide_index=True, column_config=_FORMATS, key=f"networks_{plan.search}_{len(points)}")
    costs = [p.about["multiply_adds"] for n, p in points.items() if n != "baseline"]
    times = sum(costs) / len(costs) / points["baseline"].about["multiply_adds"]
    st.caption(
        f"Without the baseline they cost {times:.2f} times as much as it; the dearest {max(costs) / min(costs) - 1:.1%}"
        f" more than the cheapest.{_rounded_away(points)}"
    )


def _rounded_away(points: Mapping[str, Point]) -> str:
    left = points["compound"].about["unchanged"] if "compound" in points else []
    if not left:
        return ""
    return f" Rounding leaves compound's {' and '.join(left)} as the baseline has it: start from a larger network."


def _row(one: Outcome, other: Outcome | None) -> Row:
    theirs = {r.seed: r.accuracy for r in other.runs} if other else {}
    gaps = [100 * (r.accuracy - theirs[r.seed]) for r in one.runs if r.seed in theirs]
    over = _bar(results.mean(gaps), gaps) if gaps and one is not other else None
    scored = [r.accuracy for r in one.runs]
    return Row(words.name(one.name), _bar(one.accuracy, scored), over, one.seconds, int(one.about["multiply_adds"]))


def _bar(mean: Mean, each: Sequence[float]) -> Bar:
    return Bar(mean.mean, mean.low, mean.high, each)
