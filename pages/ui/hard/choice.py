"""What is looked at: a label, a run, and a way to look at what it gets wrong. All of it is in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import state
from pages.ui.explain.choice import Offered, run_text
from pages.ui.hard import report

if TYPE_CHECKING:
    from sqlalchemy import Row
    from streamlit.delta_generator import DeltaGenerator

    from core.labels.label import Label
    from core.workspace import Workspace

VIEWS = {
    "matrix": "Runs and images",
    "confusion": "Confusion",
    "lists": "Lists",
    "map": "Map of the set",
    "look": "Where errors look",
}
BOUND = "query-params"


@dataclass(frozen=True)
class Looked:
    """What is looked at; `runs` are all of the label that have predictions, newest first."""

    workspace: Workspace
    label_id: int
    label: Label
    run_id: int
    runs: Sequence[Row]
    view: str

    @property
    def title(self) -> str:
        return f"{self.label.name} · run {self.run_id}"


def choose(workspace: Workspace, found: Offered) -> Looked:
    """Draw label, run and view."""
    row = st.container(horizontal=True, vertical_alignment="bottom")  # wraps in a narrow window
    among(state.HARD_LABEL, list(found.runs))
    label_id = row.selectbox(
        "Label", list(found.runs), format_func=lambda i: found.labels[i].name, key=state.HARD_LABEL, bind=BOUND,
        width=160,
    )  # fmt: skip
    runs = {row.id: row for row in found.runs[label_id]}
    among(state.HARD_RUN, list(runs))
    run_id = row.selectbox(
        "Run", list(runs), format_func=lambda i: run_text(runs[i]), key=state.HARD_RUN, bind=BOUND, width=300,
        help="Runs with predictions, newest first. “Runs and images” shows all of them.",
    )  # fmt: skip
    view = st.segmented_control(
        "View", list(VIEWS), format_func=VIEWS.get, key=state.HARD_VIEW, default="matrix", required=True,
        label_visibility="collapsed", bind=BOUND,
    )  # fmt: skip
    looked = Looked(workspace, label_id, found.labels[label_id], run_id, found.runs[label_id], view)
    with row:
        report.button(looked)
    return looked


def classes(looked: Looked, row: DeltaGenerator | None = None) -> dict[str, int]:
    """Draw which classes the images are known as and said to be; return what is chosen, for `hard_list`.

    Args:
        row: Where it is drawn, beside what is there; None for a row of its own.
    """
    row = row or st.container(horizontal=True)
    names, chosen = looked.label.names, {}
    ways = (("truth", state.HARD_TRUTH, "Known as"), ("value", state.HARD_SAID, "The run says"))
    for name, key, text in ways:
        if st.session_state.get(key) is not None and st.session_state[key] not in range(len(names)):
            state.put(key, None)  # of a label with more classes
        code = row.selectbox(text, range(len(names)), format_func=lambda c: names[c], index=None, key=key,
                             placeholder="any class", bind=BOUND, width=200)  # fmt: skip
        if code is not None:
            chosen[name] = code
    return chosen


def among(key: str, options: Sequence) -> None:
    """See to it that what is chosen is offered."""
    if key in st.session_state and st.session_state[key] not in options:
        state.put(key, options[0])


def told(filters: dict[str, int], looked: Looked) -> str:
    """Return the classes that are chosen in words, "" for all; not yet for Markdown."""
    names = looked.label.names
    parts = [f"known as {names[filters['truth']]}"] if "truth" in filters else []
    parts += [f"said to be {names[filters['value']]}"] if "value" in filters else []
    return ", ".join(parts)
