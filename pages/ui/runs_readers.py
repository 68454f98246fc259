"""Cached readers of the Runs page: read again when the file or the database behind them has changed."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from core import jobs
from core.jobs import Job
from core.store import runs
from core.store.labels import labels as read_labels
from core.training.summary import Summary, curve_stamp
from core.workspace import Workspace
from pages.ui.readers import stamp

JOBS = 50  # the newest ones are looked at every few seconds


def frame(workspace: Workspace, run_id: int) -> pd.DataFrame:
    """A run's metrics, one row per epoch."""
    return _frame(str(workspace.root), run_id, curve_stamp(workspace, run_id), workspace)


def new_labels(workspace: Workspace, run_id: int) -> runs.NewLabels | None:
    """What became known since a run began; None when its folder is gone."""
    return _new_labels(stamp(workspace), run_id, workspace)


def class_names(workspace: Workspace, label: str) -> tuple[str, ...]:
    """What people read for a label's classes now; empty when there is no such label any more."""
    with workspace.read() as connection:
        return next((found.names for found in read_labels(connection).values() if found.name == label), ())


def report(workspace: Workspace, run_id: int, name: str) -> dict | None:
    """A JSON file of a run's folder, `quality.json` say; None when it is not there or not whole."""
    path = workspace.run_dir(run_id) / name
    try:
        stat = path.stat()
        return _report(str(path), stat.st_mtime_ns, stat.st_size)
    except (OSError, ValueError):
        return None


def live_stamp(workspace: Workspace, found: tuple[Summary, ...]) -> tuple:
    """What changes when there is something new to draw: a run, a state, an epoch of a run that goes on."""
    with workspace.read() as connection:
        newest = runs.newest(connection)
    states = tuple((job.id, job.state) for job in jobs.list_jobs(workspace, JOBS))
    return newest, states, tuple(curve_stamp(workspace, run.id) for run in found if run.active)


def newest_job(workspace: Workspace, kind: str, run_id: int) -> Job | None:
    """The last job of a kind that was started for a run."""
    found = (job for job in jobs.list_jobs(workspace, JOBS) if job.kind == kind and job.run_id == run_id)
    return next(found, None)


@st.cache_data(max_entries=500, show_spinner=False)
def _frame(root: str, run_id: int, changed: tuple[int, int], _workspace: Workspace) -> pd.DataFrame:
    return runs.metrics_frame(_workspace, run_id)


@st.cache_data(max_entries=64, show_spinner=False)
def _new_labels(state: tuple, run_id: int, _workspace: Workspace) -> runs.NewLabels | None:
    with _workspace.read() as connection:
        return runs.new_labels(connection, _workspace, run_id)


@st.cache_data(max_entries=32, show_spinner=False)
def _report(path: str, changed: int, size: int) -> dict:
    with open(path, encoding="utf-8") as file:
        return json.load(file)
