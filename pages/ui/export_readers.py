"""Cached readers of the Export page: apart, since what they import would slow every page's first paint."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.demo.score import score
from core.exporting.table import filled_table
from core.workspace import Workspace
from pages.ui.readers import stamp


def filled_head(
    workspace: Workspace, sources: tuple[str, ...], provenance: bool, limit: int
) -> tuple[pd.DataFrame, int]:
    """The first rows of the filled table, and how many it has."""
    return _filled_head(stamp(workspace), workspace, sources, provenance, limit)


def demo_score(workspace: Workspace) -> list[dict[str, object]] | None:
    """How right the demo's filled cells are; None elsewhere."""
    return _demo_score(stamp(workspace), workspace)


@st.cache_data(max_entries=8, show_spinner="Filling the table…")
def _filled_head(
    state: tuple, _workspace: Workspace, sources: tuple[str, ...], provenance: bool, limit: int
) -> tuple[pd.DataFrame, int]:
    frame = filled_table(_workspace, sources, provenance)
    return frame.head(limit), len(frame)


@st.cache_data(max_entries=8, show_spinner=False)
def _demo_score(state: tuple, _workspace: Workspace) -> list[dict[str, object]] | None:
    return score(_workspace)
