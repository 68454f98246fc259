"""What was accepted in bulk: what people find in it, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import GapwiseError
from core.pseudo import words
from core.pseudo.audit import BROKEN
from core.store import acceptances
from pages.ui import bulk_readers, state
from pages.ui.saying import say
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from sqlalchemy import Row

    from core.labels.label import Label
    from core.pseudo.audit import Measured
    from core.workspace import Workspace

OLD = 5  # withdrawn ones that are told about


def listing(workspace: Workspace, label_id: int, label: Label) -> None:
    """Draw a line for each acceptance of a label; nothing where there is none."""
    found = bulk_readers.past(workspace, label_id)
    if not found.rows:
        return
    standing = [row for row in found.rows if row.withdrawn is None]
    st.subheader("Accepted before", anchor=False)
    for row in standing:
        _one(workspace, row, found.measured[row.id])
    if len(standing) > 1:
        _withdraw_many(workspace, label_id, label, standing)
    gone = [row for row in found.rows if row.withdrawn is not None][:OLD]
    for row in gone:
        why = f": {plain(row.why)}" if row.why else ""
        st.caption(f"Acceptance {row.id}: {row.cells:,} cells, withdrawn by {plain(row.withdrawn_by)}{why}")
    if found.known.seen:
        st.caption(
            f"Known cells come up among the others with their values hidden: people found"
            f" {found.known.right} of {found.known.seen - found.known.passed} as the table has them."
        )


def _one(workspace: Workspace, row: Row, found: Measured) -> None:
    broken = found.verdict == BROKEN
    with st.container(border=True):
        rules = f" and {row.derived:,} that rules drew from them" if row.derived else ""
        figures = f"{row.cells:,} cells**{rules}"
        if row.least:  # how many of the rules' went with the others is not counted
            figures = f"{row.population:,} of {row.cells:,} cells**, those from {row.least:.3f} on"
        st.markdown(
            f"**Acceptance {row.id}: {figures} · run {row.run_id} · {plain(row.reviewer)} ·"
            f" {plain(words.audit_text(found, row.precision))}."
        )
        if broken:
            st.error(
                f"It does not keep what was promised: at most {words.share(found.high)} of its cells are right, and"
                f" {words.share(row.precision)} were promised. Withdraw it, or raise its threshold.",
                icon=":material/gpp_maybe:",
            )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Withdraw", icon=":material/undo:", type="primary" if broken else "secondary",
                key=f"withdraw_{row.id}_{row.stage}", on_click=_withdraw, args=(workspace, row.id, None, row.stage),
                help="Opens its cells again and takes back what rules drew from them. Cells that a person has decided"
                " since stay.",
            )  # fmt: skip
            with st.popover("Raise its threshold", key=f"raise_{row.id}_{row.stage}"):
                _raise(workspace, row)


def _raise(workspace: Workspace, row: Row) -> None:
    below = st.number_input(
        "Keep from this confidence on", 0.0, 1.0, max(0.95, row.least), 0.005, format="%.3f",
        key=f"below_{row.id}_{row.stage}",
    )  # fmt: skip
    st.caption("Less sure ones are open again. What is left gets a new sample to check. Undo does not bring them back.")
    st.button("Take back what lies below", key=f"raised_{row.id}_{row.stage}", on_click=_withdraw,
              args=(workspace, row.id, below, row.stage))  # fmt: skip


def _withdraw_many(workspace: Workspace, label_id: int, label: Label, standing: list[Row]) -> None:
    with st.container(horizontal=True):
        st.button(f"Withdraw all {len(standing)} of {plain(label.name)}", key=f"withdraw_label_{label_id}",
                  on_click=_all, args=(workspace, {"label_id": label_id}, standing[0].id))  # fmt: skip
        for run_id in sorted({row.run_id for row in standing}, reverse=True):
            of = sum(row.run_id == run_id for row in standing)
            if 1 < of < len(standing):
                st.button(f"Withdraw the {of} of run {run_id}", key=f"withdraw_run_{run_id}", on_click=_all,
                          args=(workspace, {"run_id": run_id}, standing[0].id))  # fmt: skip


def _withdraw(workspace: Workspace, acceptance_id: int, below: float | None, stage: int) -> None:
    client_id = f"{state.get(state.SESSION)}:withdraw:{acceptance_id}:{stage}:{below}"
    try:
        with workspace.write() as connection:
            outcome = acceptances.withdraw(
                connection, client_id=client_id, reviewer=state.reviewer(), acceptance_id=acceptance_id, below=below
            )
    except GapwiseError as error:
        say(error, ":material/error:")
        return
    say(f"{outcome.cells:,} cells are open again.", ":material/undo:")


def _all(workspace: Workspace, which: dict[str, int], newest: int) -> None:
    client_id = f"{state.get(state.SESSION)}:withdraw-all:{which}:{newest}"
    try:
        with workspace.write() as connection:
            done = acceptances.withdraw_all(connection, client_id=client_id, reviewer=state.reviewer(), **which)
    except GapwiseError as error:
        say(error, ":material/error:")
        return
    say(f"{sum(outcome.cells for outcome in done):,} cells are open again.", ":material/undo:")
