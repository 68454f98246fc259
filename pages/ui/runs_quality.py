"""How good one run is, class by class, and how far its confidence can be believed: from its held-out images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core import jobs
from core.charts.runs import confusion, reliability
from core.errors import GapwiseError
from core.store.runs import BEST, QUALITY
from pages.ui import runs_readers
from pages.ui.runs_job import job_line
from pages.ui.saying import say
from pages.ui.widgets import figures_row

if TYPE_CHECKING:
    from core.training.summary import Summary
    from core.workspace import Workspace

_SHARE = st.column_config.NumberColumn(format="percent")


def section(workspace: Workspace, run: Summary) -> None:
    """Draw figures, confusion, confidence and classes; say how to get them where they are missing."""
    found = runs_readers.report(workspace, run.id, QUALITY)
    if found is None or found.get("epoch") != run.best_epoch:
        _how_to_get_it(workspace, run, older=found is not None)
    if found is None:
        return
    names = _names(workspace, run, len(found["support"]))
    _figures(found)
    left, right = st.container(key="pair_quality").columns(2, gap="large")
    with left:
        st.subheader("What was taken for what", anchor=False)
        figure, hidden = confusion(found, names)
        st.plotly_chart(figure, key=f"confusion_{run.id}", config={"displayModeBar": False})
        if hidden:
            st.caption(f"The {len(names) - hidden} of {len(names)} classes with the most mistakes; the table has all.")
    with right:
        st.subheader("How sure, how often right", anchor=False)
        st.plotly_chart(reliability(found), key=f"reliability_{run.id}", config={"displayModeBar": False})
        st.caption(
            "On the dashed line the network is right as often as it says. Below it, it is too sure. Larger dots stand"
            " for more images. The one number that calibrates it was chosen on these images, so this is a little kind."
        )
    st.subheader("Class by class", anchor=False)
    st.dataframe(
        _classes(found, names),
        hide_index=True,
        height=min(38 + 35 * len(names), 400),
        column_config={name: _SHARE for name in ("precision", "recall", "F1")},
        key=f"classes_{run.id}",
    )


def _figures(found: dict) -> None:
    calibrated, raw = found["calibrated"], found["raw"]
    row = figures_row()
    row.metric("Held-out images", f"{found['images']:,}")
    row.metric("Accuracy", f"{found['accuracy']:.1%}")
    row.metric("F1", f"{found['f1']:.1%}")
    row.metric(
        "Calibration error",
        f"{calibrated['ece']:.1%}",
        help="ECE: how far confidence and share of right answers lie apart, over 15 bins (Guo et al. 2017)."
        f" Before calibration: {raw['ece']:.1%}.",
    )
    row.metric(
        "Brier score",
        f"{calibrated['brier']:.3f}",
        help=f"Squared distance of the probabilities from the truth: 0 is perfect, 1 the worst. Before calibration:"
        f" {raw['brier']:.3f}.",
    )


def _classes(found: dict, names: list[str]) -> pd.DataFrame:
    columns = {"class": names, **{n: found[n] for n in ("precision", "recall")}, "F1": found["f1_by_class"]}
    frame = pd.DataFrame({**columns, "images": found["support"]})
    # The worst first; classes without an image say nothing and come last.
    return frame.sort_values(["F1", "images"], ascending=[True, False], kind="stable").sort_values(
        "images", key=lambda n: n == 0, kind="stable"
    )


def _names(workspace: Workspace, run: Summary, count: int) -> list[str]:
    names = runs_readers.class_names(workspace, run.label)
    return list(names) if len(names) == count else [str(i) for i in range(count)]


def _how_to_get_it(workspace: Workspace, run: Summary, older: bool) -> None:
    if not (workspace.run_dir(run.id) / BEST).is_file():
        st.info("This run has no measured epoch yet, so there are no figures from its held-out images.")
        return
    job = runs_readers.newest_job(workspace, "predict", run.id)
    if run.active or (job is not None and job.active):
        job_line(workspace, job)
        st.info("The figures come with this run's predictions, once they are done.")
        return
    st.info(
        "These figures are of an earlier epoch than the best one now. Predict again to renew them."
        if older
        else "There are no figures by class and of its confidence yet. They are made when the run predicts."
    )
    st.button("Predict now", icon=":material/play_arrow:", key=f"predict_{run.id}", on_click=_predict,
              args=(workspace, run.id), help="Predicts the label's open cells with the run's best weights")  # fmt: skip


def _predict(workspace: Workspace, run_id: int) -> None:
    try:
        jobs.start(workspace, "predict", ["predict", "--run", str(run_id)], run_id)
    except GapwiseError as error:
        say(error, ":material/error:")
