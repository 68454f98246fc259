"""Cached readers: computed once per state of the database, not once per rerun."""

from __future__ import annotations

import os

import streamlit as st

from core.labels.missing import MissingReport
from core.labels.suggest import Suggestion
from core.store import gaps, rules
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


def suggestions(workspace: Workspace) -> list[Suggestion]:
    """Rules that hold without exception in what is known."""
    return _suggestions(stamp(workspace), workspace)


@st.cache_data(max_entries=8, show_spinner="Counting…")
def _missing(state: tuple, _workspace: Workspace) -> MissingReport:
    with _workspace.read() as connection:
        return report(connection)


@st.cache_data(max_entries=8, show_spinner="Looking for rules…")
def _suggestions(state: tuple, _workspace: Workspace) -> list[Suggestion]:
    with _workspace.read() as connection:
        return rules.suggestions(connection)


@st.cache_data(max_entries=8, show_spinner=False)
def _reasons(state: tuple, _workspace: Workspace) -> tuple[list[gaps.Reason], list[gaps.Reason]]:
    with _workspace.read() as connection:
        return gaps.free_examples(connection), gaps.conflicts(connection)
