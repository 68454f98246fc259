"""Cached readers: computed once per state of the database, not once per rerun."""

from __future__ import annotations

import hashlib
import os

import numpy as np
import streamlit as st
from sqlalchemy import select

from core.labels import nullity
from core.labels.label import Label
from core.labels.missing import MissingReport
from core.labels.missingness import Finding
from core.labels.suggest import Suggestion
from core.store import gaps, measured, missingness, rules, schema
from core.store.facts import Fact
from core.store.labels import labels as read_labels
from core.store.labels import rules as read_rules
from core.store.missing import gaps_by_image, imported, report
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


def pictures(workspace: Workspace) -> str:
    """Return what changes when pictures may be others: which tables were imported, as a short text."""
    with workspace.read() as connection:
        digests = connection.execute(select(schema.source_table.c.digest).order_by(schema.source_table.c.id)).scalars()
        return hashlib.sha256(" ".join(digests).encode()).hexdigest()[:16]


def missing(workspace: Workspace) -> MissingReport:
    """The missing-value report."""
    return _missing(stamp(workspace), workspace)


def labels(workspace: Workspace) -> list[Label]:
    """The labels in table order."""
    with workspace.read() as connection:
        return list(read_labels(connection).values())


def gap_matrix(workspace: Workspace, by: str, label: int) -> np.ndarray:
    """The share of gaps, (H, L) in 0..1, of the table's rows taken together in H parts, in an order of `ORDERS`."""
    return _gap_matrix(str(workspace.root), _imported(stamp(workspace), workspace), by, label, workspace)


def findings(workspace: Workspace) -> list[Finding]:
    """How gaps go with other labels and with what is known of the images, least likely by chance first."""
    with workspace.read() as connection:
        texts = tuple(read_rules(connection))
        edition = measured.edition(connection)
    return _findings(str(workspace.root), _imported(stamp(workspace), workspace), edition, texts, workspace)


def facts(workspace: Workspace) -> list[Fact]:
    """What is known of every image beside its labels."""
    with workspace.read() as connection:
        edition = measured.edition(connection)
    return _facts(str(workspace.root), _imported(stamp(workspace), workspace), edition, workspace)


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


@st.cache_data(max_entries=8, show_spinner=False)
def _imported(state: tuple, _workspace: Workspace) -> str:
    with _workspace.read() as connection:
        return imported(connection)


# What follows hangs on the imported values alone: a decision leaves it as it is, and nothing of it is done again.
@st.cache_data(max_entries=32, show_spinner="Laying out the rows…")
def _gap_matrix(root: str, digest: str, by: str, label: int, _workspace: Workspace) -> np.ndarray:
    gaps, at = _gaps_by_image(root, digest, _workspace)
    return nullity.matrix(gaps[at[nullity.ordered(gaps, at, by, label)]])


@st.cache_data(max_entries=8, show_spinner="Holding the gaps against everything else…")
def _findings(root: str, digest: str, edition: int, rules: tuple[str, ...], _workspace: Workspace) -> list[Finding]:
    facts = _facts(root, digest, edition, _workspace)
    with _workspace.read() as connection:
        return missingness.findings(connection, facts)


# Resources, not data: arrays of a million images are not copied on every look.
@st.cache_resource(max_entries=4, show_spinner=False)
def _gaps_by_image(root: str, digest: str, _workspace: Workspace) -> tuple[np.ndarray, np.ndarray]:
    with _workspace.read() as connection:
        return gaps_by_image(connection)


@st.cache_resource(max_entries=4, show_spinner=False)
def _facts(root: str, digest: str, edition: int, _workspace: Workspace) -> list[Fact]:
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
