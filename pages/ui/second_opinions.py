"""Where people disagree about a cell, and how far they agree at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import GapwiseError
from core.store import agreement, queue, review_figures
from pages.ui import bulk_readers, pictures, state
from pages.ui.saying import say
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from sqlalchemy import Row

    from core.labels.label import Label
    from core.workspace import Workspace

SHOWN = 5


def section(workspace: Workspace, label_id: int, label: Label) -> None:
    """Draw agreement in figures, and the cells that need a second opinion with a button for each answer."""
    pairs, conflicts = bulk_readers.opinions(workspace, label_id)
    for pair in pairs:
        kappa = "not defined: both gave one class only" if pair.kappa is None else f"{pair.kappa:.2f}"
        st.markdown(
            f"{plain(pair.first)} and {plain(pair.second)} both answered {pair.cells:,}"
            f" cell{'s' * (pair.cells != 1)} of {plain(label.name)}: {pair.agreed:.0%} alike, Cohen's kappa {kappa}."
        )
    if not pairs:
        st.caption(
            f"No cell of {plain(label.name)} was answered by two people yet. Of two answers the first one stands; the"
            " second one is kept beside it, and shows up here."
        )
    if conflicts:
        more = f" The newest {SHOWN} of {len(conflicts):,}:" if len(conflicts) > SHOWN else ""
        st.markdown(f"**Cells that need a second opinion.**{more}")
        with workspace.read() as connection:
            newest = review_figures.newest(connection)
    for row in conflicts[:SHOWN]:
        _one(workspace, row, label, newest)


def _one(workspace: Workspace, row: Row, label: Label, newest: int) -> None:
    who = plain(row.by) if row.by else "the table"
    with st.container(border=True), st.container(horizontal=True, vertical_alignment="center"):
        with workspace.read() as connection:
            item = queue.item(connection, row.image_id, row.label_id)
        if item is not None:
            pictures.show(workspace, item, with_map=False, box=(260, 180))
        with st.container():
            st.markdown(
                f"{plain(row.fname)}: **{plain(label.names[row.value])}** says {who},"
                f" **{plain(label.names[row.said])}** says {plain(row.reviewer)}."
            )
            with st.container(horizontal=True):
                for value in (row.value, row.said):
                    st.button(
                        f"It is {plain(label.names[value])}", key=f"settle_{row.decision_id}_{value}",
                        on_click=_settle, args=(workspace, row, value, newest),
                    )  # fmt: skip


def _settle(workspace: Workspace, row: Row, value: int, newest: int) -> None:
    reviewer = state.reviewer()
    if reviewer in (row.by, row.reviewer):
        say("That takes somebody else: you gave one of the two answers.", ":material/group:")
        return
    try:
        with workspace.write() as connection:
            agreement.settle(
                connection,
                # A showing's own: settled, taken back and settled anew are two answers.
                client_id=f"{state.get(state.SESSION)}:settle:{row.decision_id}:{newest}",
                reviewer=reviewer,
                image_id=row.image_id,
                label_id=row.label_id,
                value=value,
            )
    except GapwiseError as error:
        say(error, ":material/error:")
