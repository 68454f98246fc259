"""Predictions analysis: which runs miss which held-out images, the hardest images and the hardest classes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.hard import matrix as core_matrix
from pages.ui import readers, state
from pages.ui.hard import choice, component, gallery
from pages.ui.hard.sources import Listed, Named
from pages.ui.widgets import counted, plain

if TYPE_CHECKING:
    from core.hard.matrix import Matrix
    from core.workspace import Workspace
    from pages.ui.hard.choice import Looked

MOST_RUNS = 60  # columns that are drawn unless others are asked for: the newest
HARDEST = 60  # pictures below
CLASSES = 25  # rows of the hardest classes
_WRONG = "#D55E00"


def show(looked: Looked) -> None:
    """Draw the matrix with its words, the hardest classes beside it, the hardest images below."""
    run_ids = _runs(looked)
    found = _matrix(readers.stamp(looked.workspace), looked.label_id, run_ids, looked.workspace)
    if not len(found.image_ids):
        st.info(_nothing(looked, run_ids))
        return
    st.markdown(plain(told(found)))
    with st.container(key="pair_hard_matrix"):
        left, right = st.columns([5, 3], gap="large")
        with left:
            component.draw(looked, "matrix", _data(looked, found), key="matrix")
        with right:
            component.draw(looked, "bars", _classes(found), _class_chosen, key="classes")
    hardest = found.image_ids[_share(found) > 0][:HARDEST]
    if len(hardest):
        st.subheader("The hardest images", anchor=False)
        gallery.show(looked, _hardest(looked, found, hardest), "the hardest images")


def told(found: Matrix) -> str:
    """Return what one sees in the matrix, in words."""
    n, runs = len(found.image_ids), len(found.run_ids)
    share, there = _share(found), (found.predicted >= 0).sum(axis=1)
    if runs == 1:
        wrong = int((share > 0).sum())
        return (
            f"Run {found.run_ids[0]} is wrong on {wrong:,} of {counted(n, 'held-out image')}. With a second run of this"
            " label lines will show: images that both miss."
        )
    never, always = int((share == 1).sum()), int((share == 0).sum())
    parts = [f"{counted(n, 'held-out image')} and {runs} runs."]
    lines = "the dark lines at the top" if never else "no line is dark all the way"
    parts.append(
        f"{never:,} that no run gets right: {lines}." if never else f"Every image is right in some run: {lines}."
    )
    parts.append(f"{always:,} that every run gets right.")
    mixed = n - never - always
    if mixed:
        parts.append(f"On {mixed:,} they disagree: training, not the image, decides there.")
    wrong = found.wrong.sum()
    if never and wrong:
        part = (there[share == 1]).sum() / wrong
        parts.append(f"The dark lines are {part:.0%} of all mistakes.")
    hardest = found.per_class[0] if found.per_class else None
    if hardest is not None and len(found.per_class) > 1 and hardest.wrong > 0:
        parts.append(f"Hardest class: {hardest.name}, {hardest.wrong:.0%} wrong.")
    return " ".join(parts)


def _runs(looked: Looked) -> tuple[int, ...]:
    ids = sorted(row.id for row in looked.runs)
    if len(ids) == 1:
        return tuple(ids)
    if state.HARD_RUNS in st.session_state:  # of another label
        state.put(state.HARD_RUNS, [i for i in st.session_state[state.HARD_RUNS] if i in ids])
    chosen = st.multiselect("Runs held against each other", ids, format_func=lambda i: f"Run {i}", key=state.HARD_RUNS,
                            bind=choice.BOUND, placeholder=f"all {len(ids)}" if len(ids) <= MOST_RUNS
                            else f"the newest {MOST_RUNS} of {len(ids)}")  # fmt: skip
    return tuple(sorted(chosen) or ids[-MOST_RUNS:])


@st.cache_data(max_entries=8, show_spinner="Holding the runs against each other…")
def _matrix(stamp: tuple, label_id: int, run_ids: tuple[int, ...], _workspace: Workspace) -> Matrix:
    with _workspace.read() as connection:
        return core_matrix.matrix(connection, label_id, run_ids)


def _share(found: Matrix) -> np.ndarray:
    return found.wrong.sum(axis=1) / (found.predicted >= 0).sum(axis=1)


def _data(looked: Looked, found: Matrix) -> dict[str, object]:
    there = np.maximum(1, (found.predicted >= 0).sum(axis=0))
    wrong = found.wrong.sum(axis=0) / there
    return {
        "title": f"{looked.label.name}: runs and held-out images",
        "runs": [{"id": run, "share": float(share)} for run, share in zip(found.run_ids, wrong, strict=True)],
        "images": found.image_ids.tolist(),
        "names": list(found.fnames),
        "truth": found.truth.tolist(),
        "predicted": base64.b64encode(found.predicted.astype("<i2").tobytes()).decode(),
        "classes": list(looked.label.names),
    }


def _classes(found: Matrix) -> dict[str, object]:
    rows = [
        {
            "name": one.name,
            "at": one.value,
            "shares": [one.wrong],
            "note": counted(one.images, "image")
            + (f", {one.never:,} never right" if one.never and len(found.run_ids) > 1 else ""),
        }
        for one in found.per_class[:CLASSES]
    ]
    column = {"name": "Wrong", "color": _WRONG, "help": "Share of all runs' answers that are wrong"}
    title = "Hardest classes" + (f" ({CLASSES} of {len(found.per_class)})" if len(found.per_class) > CLASSES else "")
    return {"title": title, "first": "Class", "columns": [column], "rows": rows, "file": "hardest-classes"}


def _class_chosen(event) -> None:
    """Show the wrong ones of a class."""
    if event.get("what") == "row" and isinstance(event.get("at"), int):
        state.put(state.HARD_TRUTH, event["at"])
        state.put(state.HARD_SAID, None)
        state.put(state.HARD_LIST, "wrong")
        state.put(state.HARD_VIEW, "lists")


def _hardest(looked: Looked, found: Matrix, image_ids: np.ndarray) -> Listed | Named:
    if len(found.run_ids) == 1:  # all are equally hard: the surest first, as that run's list has them
        return Listed("wrong")
    why = f"Hard for {counted(len(found.run_ids), 'run')}"
    return Named(image_ids, why, _reasons(looked, found, len(image_ids)))


def _reasons(looked: Looked, found: Matrix, count: int) -> dict[int, str]:
    there = (found.predicted >= 0).sum(axis=1)
    names, told = looked.label.names, {}
    for n in range(count):
        wrong = int(found.wrong[n].sum())
        said = found.predicted[n][found.wrong[n]]
        values, counts = np.unique(said, return_counts=True)
        most = names[int(values[counts.argmax()])]
        told[int(found.image_ids[n])] = (
            f"{wrong} of {there[n]} runs wrong, mostly {most}; known as {names[found.truth[n]]}"
        )
    return told


def _nothing(looked: Looked, run_ids: tuple[int, ...]) -> str:
    which = f"Run {run_ids[0]} has" if len(run_ids) == 1 else "These runs have"
    return (
        f"{which} no predictions on known images that were held out, so nothing tells right from wrong."
        " Lists of open cells and the map of the set work without."
    )
