"""Cached readers: computed once per state of the database, not once per rerun."""

from __future__ import annotations

import os

import numpy as np
import streamlit as st

from core.labels import nullity
from core.labels.label import MISSING, Label
from core.labels.missing import MissingReport
from core.labels.missingness import Finding
from core.labels.suggest import Suggestion
from core.store import gaps, measured, missingness, profiles, rules
from core.store.facts import Fact
from core.store.images import image_count
from core.store.labels import labels as read_labels
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


def labels(workspace: Workspace) -> list[Label]:
    """The labels in table order."""
    with workspace.read() as connection:
        return list(read_labels(connection).values())


def gap_matrix(workspace: Workspace, by: str, label: int) -> np.ndarray:
    """The share of gaps, (H, L) in 0..1, of the table's rows taken together in H parts, in an order of `ORDERS`."""
    return _gap_matrix(stamp(workspace), by, label, workspace)


def findings(workspace: Workspace) -> list[Finding]:
    """How gaps go with other labels and with what is known of the images, least likely by chance first."""
    return _findings(stamp(workspace), _known(workspace), workspace)


def facts(workspace: Workspace) -> list[Fact]:
    """What is known of every image beside its labels."""
    return _facts(str(workspace.root), _known(workspace), workspace)


def _known(workspace: Workspace) -> tuple[int, int]:
    """What changes when there are new images, or they were measured."""
    with workspace.read() as connection:
        return image_count(connection), measured.edition(connection)


def conflicts(workspace: Workspace) -> list[gaps.Reason]:
    """Some images that contradict themselves, each with a smallest set of cells that can't all be true."""
    return _conflicts(stamp(workspace), workspace)


def suggestions(workspace: Workspace) -> list[Suggestion]:
    """Rules that hold without exception in what is known."""
    return _suggestions(stamp(workspace), workspace)


@st.cache_data(max_entries=8, show_spinner="Counting…")
def _missing(state: tuple, _workspace: Workspace) -> MissingReport:
    with _workspace.read() as connection:
        return report(connection)


@st.cache_data(max_entries=16, show_spinner="Laying out the rows…")
def _gap_matrix(state: tuple, by: str, label: int, _workspace: Workspace) -> np.ndarray:
    with _workspace.read() as connection:
        found = profiles.read(connection)
        _, profile_ids = profiles.by_image(connection)
    gaps = (found.given == MISSING)[np.searchsorted(found.ids, profile_ids)]
    return nullity.matrix(gaps[nullity.ordered(gaps, by, label)])


@st.cache_data(max_entries=8, show_spinner="Holding the gaps against everything else…")
def _findings(state: tuple, known: tuple[int, int], _workspace: Workspace) -> list[Finding]:
    facts = _facts(str(_workspace.root), known, _workspace)
    with _workspace.read() as connection:
        return missingness.findings(connection, facts)


# A resource, not data: an array of a million images is not copied on every look.
@st.cache_resource(max_entries=4, show_spinner=False)
def _facts(root: str, known: tuple[int, int], _workspace: Workspace) -> list[Fact]:
    with _workspace.read() as connection:
        return missingness.image_facts(connection, _workspace.root)


@st.cache_data(max_entries=8, show_spinner="Looking for rules…")
def _suggestions(state: tuple, _workspace: Workspace) -> list[Suggestion]:
    with _workspace.read() as connection:
        return rules.suggestions(connection)


@st.cache_data(max_entries=8, show_spinner=False)
def _conflicts(state: tuple, _workspace: Workspace) -> list[gaps.Reason]:
    with _workspace.read() as connection:
        return gaps.conflicts(connection)
