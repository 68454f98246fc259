"""What can be taken away from one run: weights, metrics, settings, ONNX; and what is new since it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.errors import GapwiseError
from core.store import runs
from core.store.runs import BEST, ONNX, ONNX_CHECK, RECIPE
from pages.ui import navigation, runs_readers
from pages.ui.runs_job import job_line
from pages.ui.saying import say

if TYPE_CHECKING:
    from core.training.summary import Summary
    from core.workspace import Workspace


def new_labels(workspace: Workspace, run: Summary) -> None:
    """Say what became known since the run, with the way to train on it."""
    found = runs_readers.new_labels(workspace, run.id)
    if found is None or not (found.trusted or found.pseudo or found.changed):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(since(found, run.id))
        navigation.link("fine_tune", "Train on them")


def since(found, run_id: int) -> str:
    """Return one sentence: what became known since a run; empty when nothing did."""
    parts = []
    if found.trusted:
        parts.append(f"**{found.trusted:,} new label{'s' * (found.trusted > 1)}** since run {run_id}")
    if found.pseudo:
        parts.append(f"{found.pseudo:,} more accepted in bulk")
    if found.changed:
        parts.append(f"{found.changed:,} that it used {'have' if found.changed > 1 else 'has'} another value now")
    return ", ".join(parts) + "." if parts else ""


def files(workspace: Workspace, run: Summary) -> None:
    """Draw a button for each file, the one that makes an ONNX file, and what is known of that.

    What a button brings is read when it is pressed, not on every rerun.
    """
    folder = workspace.run_dir(run.id)
    name = f"{workspace.root.name}-run-{run.id}"
    with st.container(horizontal=True):
        _file("Weights", folder / BEST, f"{name}.safetensors", run.id)
        if run.epochs:
            _button("Metrics (CSV)", lambda: _metrics_csv(workspace, run.id), f"{name}.csv", "text/csv", run.id)
        _file("Recipe (TOML)", folder / RECIPE, f"{name}.toml", run.id)
        _button("Everything set (JSON)", lambda: _config(workspace, run.id), f"{name}.json", "application/json", run.id)
        if runs_readers.report(workspace, run.id, ONNX_CHECK) is not None:
            _file("ONNX", folder / ONNX, f"{name}.onnx", run.id)
        job = runs_readers.newest_job(workspace, "onnx", run.id)
        if (folder / BEST).is_file() and (job is None or not job.active):
            _export_button(workspace, run)
    job_line(workspace, job)
    _checked(workspace, run)


def _checked(workspace: Workspace, run: Summary) -> None:
    if checked := runs_readers.report(workspace, run.id, ONNX_CHECK):
        older = "" if checked.get("epoch") == run.best_epoch else " It is of an earlier epoch than the best one now."
        st.caption(
            f"ONNX file: checked on {checked['pictures']} held-out and {checked['random']} random pictures. Its"
            f" probabilities differ from PyTorch's by at most {checked['largest_difference']:.1g} (allowed:"
            f" {checked['allowed']:g}).{older}"
        )


def _export_button(workspace: Workspace, run: Summary) -> None:
    st.button(
        "Make an ONNX file",
        icon=":material/deployed_code:",
        key=f"onnx_{run.id}",
        on_click=_export,
        args=(workspace, run.id),
        help="The network in a format that other programs run without PyTorch, with its input size, normalization"
        " and classes in it; checked against PyTorch before it is kept.",
    )


def _file(label: str, path: Path, name: str, run_id: int) -> None:
    if path.is_file():
        _button(label, path.read_bytes, name, "application/octet-stream", run_id)


def _button(label: str, content, name: str, mime: str, run_id: int) -> None:
    st.download_button(
        label, content, name, mime, icon=":material/download:", on_click="ignore", key=f"take_{label}_{run_id}"
    )


def _metrics_csv(workspace: Workspace, run_id: int) -> bytes:
    return runs.metrics_frame(workspace, run_id).to_csv(index=False).encode()


def _config(workspace: Workspace, run_id: int) -> bytes:
    with workspace.read() as connection:
        row = runs.run(connection, run_id)
    facts = {"run": row.id, "label": row.label, "recipe": row.recipe, "created": row.created, "best": row.metrics}
    return (json.dumps({**facts, **row.config}, indent=2, ensure_ascii=False) + "\n").encode()


def _export(workspace: Workspace, run_id: int) -> None:
    try:
        jobs.start(workspace, "onnx", ["onnx", "--run", str(run_id)], run_id)
    except GapwiseError as error:
        say(error, ":material/error:")
