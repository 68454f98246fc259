"""Counts of networks that were really built, in worker processes: this one has no torch."""

from __future__ import annotations

import json
import subprocess

import streamlit as st

from core.aside import start_aside
from core.errors import GapwiseError
from core.models.scaling import DIMENSIONS, Factors
from core.models.stages import scaled_stages, totals

SECONDS = 120  # a cold disk can take half a minute to import torch
_SIDES = ("one dimension", "compound")


def show(baseline: str, networks: tuple[Factors, ...]) -> None:
    """Build networks without weights, count them, and say whether they have the figures that the page shows.

    Raises:
        GapwiseError: If a worker fails or takes longer than two minutes.
    """
    found = built(baseline, networks)
    same = all(
        (f["parameters"], f["multiply_adds"]) == totals(scaled_stages(n, baseline))
        for f, n in zip(found, networks, strict=True)
    )
    named = " · ".join(
        f"**{side}** {f['multiply_adds']:,} multiply-adds, {f['parameters']:,} parameters"
        for side, f in zip(_SIDES, found, strict=True)
    )
    (st.success if same else st.error)(
        f"{'The built networks have exactly the figures shown' if same else 'The built networks differ'}: {named}"
    )


@st.cache_data(max_entries=256, show_spinner="Building both networks without weights and counting…")
def built(baseline: str, networks: tuple[Factors, ...]) -> list[dict]:
    """Return what `python -m core scale --json` prints for each network.

    Raises:
        GapwiseError: If a worker fails or takes longer than two minutes.
    """
    workers = [
        start_aside(_command(baseline, factors), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for factors in networks
    ]
    try:
        return [_answer(worker) for worker in workers]
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait()


def _command(baseline: str, factors: Factors) -> list[str]:
    options = [text for name in DIMENSIONS for text in (f"--{name}", repr(float(getattr(factors, name))))]
    return ["-m", "core", "scale", "--baseline", baseline, *options, "--json"]


def _answer(worker: subprocess.Popen) -> dict:
    try:
        out, problem = worker.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise GapwiseError(f"Counting took longer than {SECONDS} seconds. Try a smaller network.") from error
    if worker.returncode:
        last = problem.strip().splitlines()[-1:] or [f"the worker ended with {worker.returncode}"]
        raise GapwiseError(f"The network could not be counted: {last[0]}")
    return json.loads(out)
