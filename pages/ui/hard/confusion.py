"""What a run takes for what: the confusion matrix, recall and precision by class, and a cell's images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.hard import confusion as core_confusion
from pages.ui import state
from pages.ui.hard import component, lists
from pages.ui.widgets import counted, plain

if TYPE_CHECKING:
    from pages.ui.hard.choice import Looked

_RECALL, _PRECISION = "#0072B2", "#009E73"
WORST = 5  # confusions that are named
SIDE_BY_SIDE = 12  # classes whose matrix fits beside their recall and precision


def show(looked: Looked) -> None:
    """Draw the matrix, its classes, and the images of the cell that is chosen."""
    with looked.workspace.read() as connection:
        table = core_confusion.confusion(connection, looked.run_id)
    if not table.sum():
        st.info(
            f"Run {looked.run_id} has no predictions on known images that were held out, so nothing tells right from"
            " wrong. Lists of open cells and the map of the set work without."
        )
        return
    st.markdown(plain(told(table, looked.label.names)))
    above = st.container(key="pair_hard_confusion")
    filters = lists.of_cell(looked)  # its fields know what is chosen; they read the address
    with above:
        # Many classes need the whole width.
        left, right = st.columns(2, gap="large") if len(table) <= SIDE_BY_SIDE else (st.container(), st.container())
        with left:
            component.draw(looked, "confusion", _data(looked, table, filters), _cell_chosen)
        with right:
            component.draw(looked, "bars", _classes(looked, table), _class_chosen, key="recall")


def told(table: np.ndarray, names: tuple[str, ...]) -> str:
    """Return what one sees in a confusion matrix, in words."""
    total, right = int(table.sum()), int(np.trace(table))
    parts = [f"{right / total:.1%} of {counted(total, 'held-out image')} are right."]
    pairs = [(int(table[t, p]), t, p) for t, p in zip(*np.nonzero(table), strict=True) if t != p]
    pairs.sort(reverse=True)
    if pairs:
        most = "; ".join(f"{names[t]} taken for {names[p]} {n:,} times" for n, t, p in pairs[:WORST])
        parts.append(f"Most often: {most}." if len(pairs) > 1 else f"All mistakes are one kind: {most}.")
    if empty := [names[k] for k in np.flatnonzero(table.sum(axis=1) == 0)]:
        few = ", ".join(empty[:WORST]) + (" …" if len(empty) > WORST else "")
        parts.append(f"Of {few} nothing was held out.")
    return " ".join(parts)


def rates(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return recall and precision of each class, (C,) 0..1, NaN where there is nothing to take a share of."""
    right = np.diag(table).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return right / table.sum(axis=1), right / table.sum(axis=0)


def _data(looked: Looked, table: np.ndarray, filters: Mapping[str, int]) -> dict[str, object]:
    return {
        "title": f"{looked.title}: what it takes for what",
        "counts": table.ravel().tolist(),
        "classes": list(looked.label.names),
        "chosen": [filters["truth"], filters["value"]] if len(filters) == 2 else None,
    }


def _classes(looked: Looked, table: np.ndarray) -> dict[str, object]:
    recall, precision = rates(table)
    order = sorted(range(len(table)), key=lambda k: (np.isnan(recall[k]), recall[k], k))
    rows = [
        {
            "name": looked.label.names[k],
            "at": k,
            "shares": [None if np.isnan(v) else float(v) for v in (recall[k], precision[k])],
            "note": counted(int(table[k].sum()), "image"),
        }
        for k in order
    ]
    columns = [
        {"name": "Recall", "color": _RECALL, "help": "Of the images of this class, the share that the run finds"},
        {"name": "Precision", "color": _PRECISION, "help": "Of what the run says to be this class, the share that is"},
    ]
    title = f"Recall and precision, run {looked.run_id}"
    return {"title": title, "first": "Class", "columns": columns, "rows": rows, "file": "recall-and-precision"}


def _cell_chosen(event) -> None:
    if event.get("what") == "cell":
        _choose(event.get("truth"), event.get("value"))


def _class_chosen(event) -> None:
    if event.get("what") == "row":
        _choose(event.get("at"), None)


def _choose(truth: object, value: object) -> None:
    state.put(state.HARD_TRUTH, truth if isinstance(truth, int) else None)
    state.put(state.HARD_SAID, value if isinstance(value, int) else None)
