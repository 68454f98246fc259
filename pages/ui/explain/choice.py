"""Which pictures are looked at: a run of a label, and a list of its predictions. In the address, too."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from core.explain.scaled import KINDS
from core.store import hard
from core.store.labels import labels as read_labels
from core.store.proposals import predicted_runs
from core.store.runs import list_runs
from pages.ui import address, state
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row
    from streamlit.delta_generator import DeltaGenerator

    from core.labels.label import Label
    from core.workspace import Workspace

LABEL, RUN, LIST, IMAGE = "label", "run", "list", "image"  # in the address, which the component writes
_MOST = 2**53  # what browsers count exactly; the database ends at 2**63
_SHOWN = 30  # characters of what an address asks for


@dataclass(frozen=True)
class Offered:
    """What there is to look at.

    Attributes:
        labels: By id, all of them.
        runs: Label id to its runs with predictions, newest first; where there is none, those of `compared`.
        compared: Label id to its runs without predictions that are networks of a trained comparison, newest first:
            their maps are made on demand.
    """

    labels: Mapping[int, Label]
    runs: Mapping[int, Sequence[Row]]
    compared: Mapping[int, Sequence[Row]] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """What is looked at: `which` is a key of `core.store.hard.LISTS`."""

    label_id: int
    run_id: int
    which: str


def offered(connection: Connection) -> Offered:
    """Return labels and runs with predictions."""
    with_proposals = set(predicted_runs(connection))
    labels, runs, compared = read_labels(connection), {}, {}
    for row in list_runs(connection):
        if row.id in with_proposals:
            runs.setdefault(row.label_id, []).append(row)
        elif row.metrics and ((row.config or {}).get("sweep") or {}).get("point") in KINDS:
            compared.setdefault(row.label_id, []).append(row)
    runs = {**compared, **runs}  # where nothing was predicted, the list of all images is left to look at
    return Offered(labels, {label_id: runs[label_id] for label_id in labels if label_id in runs}, compared)


def choose(found: Offered) -> tuple[Choice, DeltaGenerator]:
    """Draw the three choices; at a session's first look they are what the address asks for.

    Returns:
        What was chosen, and the row that the choices stand in.
    """
    _follow_address(found)
    row = st.container(horizontal=True, vertical_alignment="bottom")  # wraps in a narrow window
    _among(state.MAPS_LABEL, list(found.runs))
    label_id = row.selectbox("Label", list(found.runs), format_func=lambda i: found.labels[i].name,
                             key=state.MAPS_LABEL, width=160)  # fmt: skip
    runs = {row.id: row for row in found.runs[label_id]}
    _among(state.MAPS_RUN, list(runs))
    run_id = row.selectbox("Run", list(runs), format_func=lambda i: run_text(runs[i]), key=state.MAPS_RUN,
                           help="Runs with predictions, newest first.", width=300)  # fmt: skip
    _among(state.MAPS_LIST, list(hard.LISTS))
    which = row.selectbox("Pictures", list(hard.LISTS), format_func=hard.LISTS.get, key=state.MAPS_LIST,
                          help="Known pictures are those that the run did not learn from.", width=310)  # fmt: skip
    missed = state.get(state.MAPS_MISSED)
    if missed and missed[:2] == (state.get(state.WORKSPACE), run_id):
        st.caption(plain(missed[2]))
    return Choice(label_id, run_id, which), row


def open_image(
    workspace: Workspace,
    image_id: int,
    label_id: int | None = None,
    run_id: int | None = None,
    tab: str = "",
    which: str | None = None,
    came: str = "",
) -> None:
    """Have the page open one image: for a button's callback on another page, before `navigation.go`.

    Args:
        tab: What is compared there (viewer.js), as it was left when "".
        which: List whose pictures come before and after it there, as it was left when None.
        came: Page that the image offers a way back to, "" for none.
    """
    before = state.get(state.MAPS_IMAGE)
    state.put(state.MAPS_IMAGE, (str(workspace.root), image_id, before[2] + 1 if before else 1, tab, came))
    for key, value in ((state.MAPS_LABEL, label_id), (state.MAPS_RUN, run_id), (state.MAPS_LIST, which)):
        if value is not None:
            state.put(key, value)


def run_text(row: Row) -> str:
    """Return what tells a run from others of its label; not for Markdown."""
    f1 = (row.metrics or {}).get("f1")
    day = time.strftime("%d %b %Y", time.localtime(row.created)).lstrip("0")
    return f"Run {row.id} · {row.recipe}" + (f" · F1 {f1:.3f}" if f1 is not None else "") + f" · {day}"


def whole(value: object) -> int:
    """Return a number that a browser sent, 0 for what is none or too large for any image or place."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST else 0


def asked_image() -> int:
    """Return the image that the address asks for, 0 for none."""
    return _number(address.asked(IMAGE))


def _follow_address(found: Offered) -> None:
    if state.MAPS_LABEL in st.session_state:
        return
    name = address.asked(LABEL)
    label_id = next((i for i in found.runs if found.labels[i].name == name), None)
    run_id, which = _number(address.asked(RUN)), address.asked(LIST)
    if label_id is None:  # a run says which label it is of
        label_id = next((i for i, rows in found.runs.items() if run_id in {row.id for row in rows}), None)
    for key, value in ((state.MAPS_LABEL, label_id), (state.MAPS_RUN, run_id or None), (state.MAPS_LIST, which)):
        if value is not None:
            state.put(key, value)  # what is not offered is put right where it is drawn
    _missed(found, label_id)


def _missed(found: Offered, label_id: int | None) -> None:
    """Keep what to say of a run that the address asks for in vain."""
    asked = address.asked(RUN)
    shown = found.runs[label_id if label_id is not None else next(iter(found.runs))]
    if not asked or _number(asked) in {row.id for row in shown}:
        return
    name = address.short(asked, _SHOWN)
    of = next((found.labels[i].name for i, rows in found.runs.items() if _number(asked) in {r.id for r in rows}), None)
    text = f"Run {name} is {f'of {of}' if of else 'not here'}; this is run {shown[0].id}."
    state.put(state.MAPS_MISSED, (state.get(state.WORKSPACE), shown[0].id, text))


def _among(key: str, options: Sequence) -> None:
    if st.session_state.get(key) not in options:
        state.put(key, options[0])


def _number(text: str | None) -> int:
    return whole(int(text)) if text and text.isascii() and text.isdecimal() and len(text) < 17 else 0
