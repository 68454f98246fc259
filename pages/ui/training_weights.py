"""Where a network's first weights come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.training.recipe import Recipe
from pages.ui import training_fields as fields
from pages.ui.training_draft import draft, shown

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

WEIGHTS = {
    "random": "Random: learn from nothing",
    "hub": "Pretrained, from timm's hub",
    "file": "Pretrained, from a local file",
}


def draw(row: DeltaGenerator, name: str, base: Recipe) -> None:
    values = shown(base, name)
    weights, key = values["weights"], f"train:{name}:weights"
    chosen = weights if weights in ("random", "hub") else "file"
    # Nobody publishes weights for a network of half the width.
    scaled = (values["width"], values["depth"]) != (1.0, 1.0)
    if st.session_state.get(key) != chosen:
        st.session_state[key] = chosen
    row.selectbox(
        "Weights ●" if weights != base.weights else "Weights",
        [w for w in WEIGHTS if w != "hub" or not scaled or chosen == "hub"],
        format_func=WEIGHTS.get,
        key=key,
        width=fields.WIDE,
        on_change=_changed,
        args=(name, base),
    )
    if chosen == "file":
        path = f"{key}:file"
        if st.session_state.get(path) != weights:
            st.session_state[path] = weights
        row.text_input("Path of the weights file", key=path, width=2 * fields.WIDE, on_change=_changed,
                       placeholder="/path/to/model.safetensors", args=(name, base))  # fmt: skip


def _changed(name: str, base: Recipe) -> None:
    chosen = st.session_state[f"train:{name}:weights"]
    path = st.session_state.get(f"train:{name}:weights:file", "")
    draft(name).put("weights", chosen if chosen != "file" else path.strip(), base.weights)
