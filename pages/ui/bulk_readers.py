"""Cached readers of what can be accepted in bulk, what was, and where people disagree."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from sqlalchemy import Row, func, select

from core.pseudo.audit import Measured, measured
from core.pseudo.offer import Offer, offer
from core.store import acceptances, agreement, audits, runs, schema
from core.training.gain import Gain, Point, expected_gain
from core.training.summary import summaries
from core.workspace import Workspace
from pages.ui.readers import stamp


@dataclass(frozen=True)
class Past:
    """What was accepted in bulk for a label: rows, newest first, what checks say of each, and of people themselves."""

    rows: list[Row]
    measured: dict[int, Measured]
    known: audits.Tally


@dataclass(frozen=True)
class Again:
    """What speaks for training a label again.

    Attributes:
        job_id: The training that can be repeated as it was; None where there is none.
    """

    run_id: int
    new: runs.NewLabels | None
    gain: Gain | None
    job_id: int | None


def offered(workspace: Workspace, label_id: int, precision: float) -> Offer:
    """What can be accepted at a precision."""
    return _offered(stamp(workspace), label_id, precision, workspace)


def past(workspace: Workspace, label_id: int) -> Past:
    """What was accepted before."""
    return _past(stamp(workspace), label_id, workspace)


def newest(workspace: Workspace) -> int:
    """The number of the newest acceptance, 0 for none: tells one press of a button from a later one."""
    with workspace.read() as connection:
        return connection.execute(select(func.coalesce(func.max(schema.acceptance.c.id), 0))).scalar_one()


def opinions(workspace: Workspace, label_id: int) -> tuple[list[agreement.Agreement], list[Row]]:
    """How far people agree, and the cells they don't agree about."""
    return _opinions(stamp(workspace), label_id, workspace)


def again(workspace: Workspace, label_id: int) -> Again | None:
    """What training again would rest on; None where the label has no run that was measured."""
    return _again(stamp(workspace), label_id, workspace)


@st.cache_data(max_entries=16, show_spinner="Looking for thresholds…")
def _offered(state: tuple, label_id: int, precision: float, _workspace: Workspace) -> Offer:
    with _workspace.read() as connection:
        return offer(connection, label_id, precision)


@st.cache_data(max_entries=16, show_spinner=False)
def _past(state: tuple, label_id: int, _workspace: Workspace) -> Past:
    with _workspace.read() as connection:
        rows = acceptances.listed(connection, label_id)
        tallies = audits.tallies(connection, rows) if rows else {}
        a = schema.audit.c
        known = audits.tally(audits.rows(connection, a.label_id == label_id, a.kind == audits.KNOWN)) if rows else None
    found = {row.id: measured(tallies[row.id], max(1, row.population, tallies[row.id].drawn), row.precision)
             for row in rows}  # fmt: skip
    return Past(rows, found, known or audits.Tally())


@st.cache_data(max_entries=16, show_spinner=False)
def _opinions(state: tuple, label_id: int, _workspace: Workspace) -> tuple[list[agreement.Agreement], list[Row]]:
    with _workspace.read() as connection:
        return agreement.agreements(connection, label_id), agreement.conflicts(connection, label_id)


@st.cache_data(max_entries=16, show_spinner=False)
def _again(state: tuple, label_id: int, _workspace: Workspace) -> Again | None:
    found = [run for run in summaries(_workspace, label_id) if run.accuracy is not None and not run.active]
    if not found:
        return None
    last = found[0]
    with _workspace.read() as connection:
        new = runs.new_labels(connection, _workspace, last.id)
    alike = [run for run in found if run.recipe == last.recipe and run.settings == last.settings]
    points = [Point(run.train, run.accuracy, run.heldout) for run in alike]
    gain = expected_gain(points, new.trusted) if new else None
    return Again(last.id, new, gain, last.job_id if last.sweep is None else None)
