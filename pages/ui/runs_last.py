"""One line on the newest run, for pages that are about something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.store import runs
from pages.ui import navigation
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.workspace import Workspace


def last_run(workspace: Workspace) -> None:
    """Draw what came out of the newest run, with the way to all of them; nothing before the first."""
    with workspace.read() as connection:
        newest = runs.newest(connection)
        row = None if newest is None else runs.run(connection, newest)
    if row is None:
        return
    best = row.metrics or {}
    going = row.job_id is not None and any(job.id == row.job_id for job in jobs.active_jobs(workspace))
    # Figures of a run that goes on stand on its job's card, live; here they would be those of some time ago.
    result = "still training" if going else _result(best)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Last run: {row.id}, {plain(row.label)}, {plain(row.recipe)}: {result}.", width="content")
        navigation.link("runs", "All runs and their curves")


def _result(best: dict) -> str:
    return f"accuracy {best['accuracy']:.1%}, F1 {best['f1']:.1%}" if "accuracy" in best else "nothing measured yet"
