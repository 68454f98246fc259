"""Other tools that follow a training: TensorBoard, Weights & Biases, MLflow."""

from __future__ import annotations

from importlib.util import find_spec

import streamlit as st

from core.training.trackers import TRACKERS
from pages.ui import state


def draw() -> None:
    """Draw the choice; it is kept for the session."""
    installed = [name for name in TRACKERS if find_spec(name) is not None]
    if installed:
        st.pills(
            "Follow it in", installed, selection_mode="multi", format_func=TRACKERS.get, key=state.TRAIN_TRACKERS,
            persist_state="session",
            help="Its curves are written there as well. TensorBoard's and offline ones lie in the run's folder.",
        )  # fmt: skip
    missing = {name: text for name, text in TRACKERS.items() if name not in installed}
    if missing:
        packages = " ".join(missing)
        st.caption(f"{' and '.join(missing.values())}: not installed here (`pip install {packages}`).")


def take(names: list[str]) -> None:
    """Choose trackers, as a job had them; one that is not installed here can't be chosen."""
    state.put(state.TRAIN_TRACKERS, [name for name in names if find_spec(name) is not None])


def chosen() -> list[str]:
    """Return the chosen trackers."""
    return list(state.get(state.TRAIN_TRACKERS) or [])
