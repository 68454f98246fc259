"""Counts of built networks, made in worker processes: this one has no torch."""

from __future__ import annotations

import json
import subprocess

import streamlit as st

from core.aside import start_aside
from core.errors import GapwiseError
from core.models.scaling import DIMENSIONS, Factors

SECONDS = 120  # a cold disk can take half a minute to import torch


@st.cache_data(max_entries=256, show_spinner="Building both networks without weights and counting…")
def built(networks: tuple[Factors, ...]) -> list[dict]:
    """Return what `python -m core scale --json` prints for each network.

    Raises:
        GapwiseError: If a worker fails or takes longer than two minutes.
    """
    workers = [
        start_aside(_command(factors), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for factors in networks
    ]
    try:
        return [_answer(worker) for worker in workers]
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait()


def _command(factors: Factors) -> list[str]:
    options = [text for name in DIMENSIONS for text in (f"--{name}", repr(float(getattr(factors, name))))]
    return ["-m", "core", "scale", *options, "--json"]


def _answer(worker: subprocess.Popen) -> dict:
    try:
        out, problem = worker.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise GapwiseError(f"Counting took longer than {SECONDS} seconds. Try a smaller network.") from error
    if worker.returncode:
        last = problem.strip().splitlines()[-1:] or [f"the worker ended with {worker.returncode}"]
        raise GapwiseError(f"The network could not be counted: {last[0]}")
    return json.loads(out)
