"""Cached readers: computed once per state of the database, not once per rerun."""

from __future__ import annotations

import os

import pandas as pd
import streamlit as st

from core.demo.score import score
from core.exporting.table import filled_table
from core.labels.missing import MissingReport
from core.store import gaps
from core.store.missing import report
from core.workspace import DATABASE, Workspace


def stamp(workspace: Workspace) -> tuple:
    """Return what changes with every commit: size and time of the database's files."""
    root = str(workspace.root)
    found = [root]
    for suffix in ("", "-wal"):
        try:
            stat = os.stat(os.path.join(root, DATABASE + suffix))
        except FileNotFoundError:
            continue
        found += [stat.st_mtime_ns, stat.st_size]
    return tuple(found)


def missing(workspace: Workspace) -> MissingReport:
    """The missing-value report."""
    return _missing(stamp(workspace), workspace)


def reasons(workspace: Workspace) -> tuple[list[gaps.Reason], list[gaps.Reason]]:
    """Some free cells with their proofs, and images that contradict themselves."""
    return _reasons(stamp(workspace), workspace)


def filled_head(
    workspace: Workspace, sources: tuple[str, ...], provenance: bool, limit: int
) -> tuple[pd.DataFrame, int]:
    """The first rows of the filled table, and how many it has."""
    return _filled_head(stamp(workspace), workspace, sources, provenance, limit)


def demo_score(workspace: Workspace) -> list[dict[str, object]] | None:
    """How right the demo's filled cells are; None elsewhere."""
    return _demo_score(stamp(workspace), workspace)


@st.cache_data(max_entries=8, show_spinner="Counting…")
def _missing(state: tuple, _workspace: Workspace) -> MissingReport:
    with _workspace.read() as connection:
        return report(connection)


@st.cache_data(max_entries=8, show_spinner=False)
def _reasons(state: tuple, _workspace: Workspace) -> tuple[list[gaps.Reason], list[gaps.Reason]]:
    with _workspace.read() as connection:
        return gaps.free_examples(connection), gaps.conflicts(connection)


@st.cache_data(max_entries=8, show_spinner="Filling the table…")
def _filled_head(
    state: tuple, _workspace: Workspace, sources: tuple[str, ...], provenance: bool, limit: int
) -> tuple[pd.DataFrame, int]:
    frame = filled_table(_workspace, sources, provenance)
    return frame.head(limit), len(frame)


@st.cache_data(max_entries=8, show_spinner=False)
def _demo_score(state: tuple, _workspace: Workspace) -> list[dict[str, object]] | None:
    return score(_workspace)
